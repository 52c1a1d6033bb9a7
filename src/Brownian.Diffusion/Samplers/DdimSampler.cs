using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// Denoising diffusion implicit models (Song, Meng &amp; Ermon 2021, eq. 12): x_s = √ᾱ_s·x̂_0 + √(1 − ᾱ_s − σ²)·ε̂ + σ·z. Each step goes
/// to the level s of the image and the noise seen at t; with η = 0 nothing random is added, and x_T alone decides the image.
/// </summary>
public sealed record DdimSampler : TimestepSampler
{
    /// <summary>50 steps, x̂_0 clipped to [−1, 1].</summary>
    public DdimSampler() => (Steps, Limit) = (50, X0Limit.Clip());

    /// <summary>η: 0 adds no noise (DDIM), 1 as much as ancestral sampling (DDPM).</summary>
    [Key("eta", Option = "--eta", Help = "Noise added in each step, from 0 (none) to 1 (as much as ddpm).")]
    public double Eta { get; init; }

    /// <summary>Recompute ε̂ from the limited x̂_0, so that both make up x_t again.</summary>
    [Key("use_clipped_model_output")] public bool EpsFollowsLimit { get; init; }

    /// <summary>
    /// Step from t to t − ⌊T/steps⌋ even where the next timestep visited is another, as diffusers' DDIMScheduler does: with linspace spacing, or
    /// trailing where the steps do not divide T. The network is then told of noise a little other than there is. Models of diffusers have it on.
    /// </summary>
    [Key("fixed_stride")] public bool FixedStride { get; init; }

    /// <summary>Go on to the image after the last timestep; otherwise stop at the noise of timestep 0, as Stable Diffusion does.</summary>
    [Key("set_alpha_to_one", Quiet = true)] public bool EndsAtImage { get; init; } = true;

    /// <inheritdoc/>
    public override IEnumerable<Rule> Rules() => [.. base.Rules(), new(nameof(Eta), Eta is >= 0 and <= 1, $"is {Eta}; it must be from 0 to 1")];

    /// <inheritdoc/>
    protected override void Walk(SamplingRun run)
    {
        foreach (LevelStep step in run.Along(StepsOf(run.Schedule, FixedStride, EndsAtImage)))
        {
            (NoiseLevel t, NoiseLevel s) = (step.From, step.To);
            (Tensor x0, Tensor eps, _) = run.Predict(t, keepEps: !EpsFollowsLimit);
            double sigma = Eta * Deviation(t, s);
            double direction = Math.Sqrt(Math.Max(0, s.Sigma * s.Sigma - sigma * sigma));
            run.X = sigma > 0
                ? LinearCombination.Of((s.Alpha, x0), (direction, eps), (sigma, run.Noise()))
                : LinearCombination.Of((s.Alpha, x0), (direction, eps));
        }
    }

    // σ_t at η = 1, eq. 16: √((1 − ᾱ_s)/(1 − ᾱ_t))·√(1 − ᾱ_t/ᾱ_s).
    static double Deviation(NoiseLevel t, NoiseLevel s) =>
        s.Sigma / t.Sigma * Math.Sqrt(Math.Max(0, 1 - t.Alpha * t.Alpha / (s.Alpha * s.Alpha)));
}
