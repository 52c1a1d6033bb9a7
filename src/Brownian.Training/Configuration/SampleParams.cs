using Brownian.Diffusion;

namespace Brownian.Training;

/// <summary>
/// Section <c>sample_params</c>: how images are drawn where nobody says otherwise. A model folder carries it. What is null is the sampler's
/// own choice.
/// </summary>
public sealed record SampleParams : Settings
{
    /// <summary>A name of <see cref="SamplerCatalog"/>; null for ddpm, or euler for flow and edm for edm.</summary>
    [Key("sampler")] public string? Sampler { get; init; }

    /// <summary>How many steps to take (diffusers' num_inference_steps).</summary>
    [Key("steps")] public int? Steps { get; init; }

    /// <summary>The noise added in each step, from 0, none, to 1, as much as ddpm; for samplers that leave it open.</summary>
    [Key("eta")] public double? Eta { get; init; }

    /// <summary>How the steps are spread over the timesteps.</summary>
    [Key("timestep_spacing")] public TimestepSpacing? Spacing { get; init; }

    /// <summary>Added to every timestep of leading spacing.</summary>
    [Key("steps_offset", Quiet = true)] public int StepsOffset { get; init; }

    /// <summary>False to stop at the noise of timestep 0 instead of at the image; for ddim, pndm and plms.</summary>
    [Key("set_alpha_to_one", Quiet = true)] public bool SetAlphaToOne { get; init; } = true;

    /// <summary>How σ falls, for samplers that walk along noise levels; karras, exponential, beta or native.</summary>
    [Key("sigma_curve")] public SigmaCurve? Curve { get; init; }

    /// <summary>For lms, deis and unipc.</summary>
    [Key("solver_order")] public int? SolverOrder { get; init; }

    /// <summary>Noise added before each step and removed in it (Karras et al. 2022), for euler, heun, edm and dpm_2.</summary>
    [Key("s_churn")] public double? Churn { get; init; }

    /// <summary>How strongly images are driven towards their class; 1, not at all, where it is null.</summary>
    [Key("guidance_scale")] public double? GuidanceScale { get; init; }

    /// <summary>How far guided images are brought back to the contrast of unguided ones, 0 to 1.</summary>
    [Key("guidance_rescale", Quiet = true)] public double GuidanceRescale { get; init; }

    internal bool IsGuided => GuidanceScale is not (null or 1);

    /// <summary>What values the settings may have for a process.</summary>
    internal IEnumerable<Rule> RulesFor(DiffusionParams diffusion)
    {
        string[] names = [.. SamplerCatalog.All.Select(entry => entry.Name)];
        yield return (nameof(Sampler), Sampler is null || names.Contains(Sampler), $"is '{Sampler}'{Suggestion.For(Sampler ?? "", names)}");
        yield return (nameof(Steps), Steps is null or >= 1, $"is {Steps}; it must be at least 1");
        yield return (nameof(Steps), Steps is null || Steps <= diffusion.MostSteps,
            $"is {Steps}, but there are {diffusion.MostSteps} timesteps to visit; lower it");
        yield return (nameof(StepsOffset), StepsOffset >= 0, $"is {StepsOffset}; it must be at least 0, such as 1");
        yield return (nameof(Churn), Churn is null or (>= 0 and <= 1e6), $"is {Churn}; it must be at least 0, such as 40");
        yield return (nameof(GuidanceScale), GuidanceScale is null or (>= 0 and <= 1e6), $"is {GuidanceScale}; it must be at least 0, such as 3");
        yield return (nameof(GuidanceRescale), GuidanceRescale is >= 0 and <= 1, $"is {GuidanceRescale}; it must be from 0 to 1");
        string? problem = SamplerChoice.WhyNot(this, diffusion);
        yield return (nameof(Sampler), problem is null, $"cannot be used as configured: {problem}");
    }
}
