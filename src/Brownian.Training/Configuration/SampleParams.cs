using Brownian.Diffusion;

namespace Brownian.Training;

/// <summary>
/// Section <c>sample_params</c>: how images are drawn where nobody says otherwise. A model folder carries it. What is null is the sampler's
/// own choice.
/// </summary>
public sealed record SampleParams
{
    /// <summary><c>sampler</c>: a name of <see cref="SamplerCatalog"/>; null for ddpm, or euler for flow and edm for edm.</summary>
    public string? Sampler { get; init; }

    /// <summary><c>steps</c>: how many steps to take (diffusers' num_inference_steps).</summary>
    public int? Steps { get; init; }

    /// <summary><c>eta</c>: the noise added in each step, from 0, none, to 1, as much as ddpm; for samplers that leave it open.</summary>
    public double? Eta { get; init; }

    /// <summary><c>timestep_spacing</c>: how the steps are spread over the timesteps.</summary>
    public TimestepSpacing? Spacing { get; init; }

    /// <summary><c>steps_offset</c>: added to every timestep of leading spacing.</summary>
    public int StepsOffset { get; init; }

    /// <summary><c>set_alpha_to_one</c>: false to stop at the noise of timestep 0 instead of at the image; for ddim, pndm and plms.</summary>
    public bool SetAlphaToOne { get; init; } = true;

    /// <summary><c>sigma_curve</c>: how σ falls, for samplers that walk along noise levels; karras, exponential, beta or native.</summary>
    public SigmaCurve? Curve { get; init; }

    /// <summary><c>solver_order</c>: for lms, deis and unipc.</summary>
    public int? SolverOrder { get; init; }

    /// <summary><c>s_churn</c>: noise added before each step and removed in it (Karras et al. 2022), for euler, heun, edm and dpm_2.</summary>
    public double? Churn { get; init; }

    /// <summary><c>guidance_scale</c>: how strongly images are driven towards their class; 1, not at all, where it is null.</summary>
    public double? GuidanceScale { get; init; }

    /// <summary><c>guidance_rescale</c>: how far guided images are brought back to the contrast of unguided ones, 0 to 1.</summary>
    public double GuidanceRescale { get; init; }

    internal bool IsGuided => GuidanceScale is not (null or 1);
}
