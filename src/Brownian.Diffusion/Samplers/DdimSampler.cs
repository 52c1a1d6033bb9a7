using Brownian.Tensors;

namespace Brownian.Diffusion;

/// <summary>The choices that <see cref="DdimSampler"/> leaves open.</summary>
public sealed record DdimOptions
{
    /// <summary>The timesteps to visit.</summary>
    public TimestepSelection Timesteps { get; init; } = new() { Count = 50 };

    /// <summary>η: 0 adds no noise (DDIM), 1 as much as ancestral sampling (DDPM). At least 0, at most 1.</summary>
    public double Eta { get; init; }

    /// <summary>What keeps x̂_0 in range.</summary>
    public X0Limit Limit { get; init; } = X0Limit.Clip();

    /// <summary>Recompute ε̂ from the limited x̂_0, so that both make up x_t again; diffusers' <c>use_clipped_model_output</c>.</summary>
    public bool EpsFollowsLimit { get; init; }

    /// <summary>Step from t to t − ⌊T/steps⌋ even where the next timestep visited is another, as diffusers' DDIMScheduler does.</summary>
    public bool FixedStride { get; init; }

    /// <summary>Stop at the noise of timestep 0, as Stable Diffusion does (<c>set_alpha_to_one</c> false), instead of at the image.</summary>
    public bool EndsAtFirstTimestep { get; init; }
}

/// <summary>
/// Denoising diffusion implicit models (Song, Meng &amp; Ermon 2021, eq. 12): x_s = √ᾱ_s·x̂_0 + √(1 − ᾱ_s − σ²)·ε̂ + σ·z. Each step goes
/// to the level s of the image and the noise seen at t; with η = 0 nothing random is added, and x_T alone decides the image.
/// </summary>
/// <param name="options">What the algorithm leaves open.</param>
public sealed class DdimSampler(DdimOptions options) : Sampler
{
    /// <inheritdoc/>
    protected override X0Limit Limit => options.Limit;

    /// <inheritdoc/>
    protected override void Walk(SamplingRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        if (options.Eta is not (>= 0 and <= 1)) throw new ArgumentException($"Eta of DDIM is {options.Eta}; it must lie between 0 and 1.");
        foreach (LevelStep step in run.Along(Steps(run.ScheduleFor("ddim"))))
        {
            (NoiseLevel t, NoiseLevel s) = (step.From, step.To);
            (Tensor x0, Tensor eps, _) = run.Predict(t, keepEps: !options.EpsFollowsLimit);
            double sigma = options.Eta * Deviation(t, s);
            double direction = Math.Sqrt(Math.Max(0, s.Sigma * s.Sigma - sigma * sigma));
            run.X = sigma > 0
                ? LinearCombination.Of((s.Alpha, x0), (direction, eps), (sigma, run.Noise()))
                : LinearCombination.Of((s.Alpha, x0), (direction, eps));
        }
    }

    LevelStep[] Steps(NoiseSchedule schedule)
    {
        int[] timesteps = options.Timesteps.Of(schedule.Timesteps);
        NoiseLevel last = options.EndsAtFirstTimestep ? schedule.At(0) : NoiseLevel.Clean;
        return [.. timesteps.Select((t, i) =>
        {
            int s = options.FixedStride ? t - schedule.Timesteps / timesteps.Length : i + 1 < timesteps.Length ? timesteps[i + 1] : -1;
            return new LevelStep(i, schedule.At(t), s < 0 ? last : schedule.At(s));
        })];
    }

    // σ_t at η = 1, eq. 16: √((1 − ᾱ_s)/(1 − ᾱ_t))·√(1 − ᾱ_t/ᾱ_s).
    static double Deviation(NoiseLevel t, NoiseLevel s) =>
        s.Sigma / t.Sigma * Math.Sqrt(Math.Max(0, 1 - t.Alpha * t.Alpha / (s.Alpha * s.Alpha)));
}
