using Brownian.Diffusion;

namespace Brownian.Training;

/// <summary>What values <see cref="SampleParams"/> may have.</summary>
static class SampleRules
{
    public static IEnumerable<(string Key, bool Good, string Message)> Of(SampleParams s, DiffusionParams diffusion)
    {
        string[] names = [.. SamplerCatalog.All.Select(entry => entry.Name)];
        yield return ("sampler", s.Sampler is null || names.Contains(s.Sampler), $"is '{s.Sampler}'{Suggestion.For(s.Sampler ?? "", names)}");
        yield return ("steps", s.Steps is null or >= 1, $"is {s.Steps}; it must be at least 1");
        yield return ("steps", s.Steps is null || s.Steps <= diffusion.MostSteps,
            $"is {s.Steps}, but there are {diffusion.MostSteps} timesteps to visit; lower it");
        yield return ("steps_offset", s.StepsOffset >= 0, $"is {s.StepsOffset}; it must be at least 0, such as 1");
        yield return ("timestep_spacing", s.Spacing is not { } spacing || Enum.IsDefined(spacing), $"is {s.Spacing}, which does not exist");
        yield return ("sigma_curve", s.Curve is not { } curve || Enum.IsDefined(curve), $"is {s.Curve}, which does not exist");
        yield return ("s_churn", s.Churn is null or (>= 0 and <= 1e6), $"is {s.Churn}; it must be at least 0, such as 40");
        yield return ("guidance_scale", s.GuidanceScale is null or (>= 0 and <= 1e6), $"is {s.GuidanceScale}; it must be at least 0, such as 3");
        yield return ("guidance_rescale", s.GuidanceRescale is >= 0 and <= 1, $"is {s.GuidanceRescale}; it must be from 0 to 1");
        string? problem = SamplerChoice.WhyNot(s, diffusion);
        yield return ("sampler", problem is null, $"cannot be used as configured: {problem}");
    }
}
