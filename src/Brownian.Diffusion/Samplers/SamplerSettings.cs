namespace Brownian.Diffusion;

/// <summary>What a user may set about any sampler by name. What is null is the sampler's own choice.</summary>
public sealed record SamplerSettings
{
    /// <summary>The number of steps; null for all timesteps with ddpm, 50 or 20 otherwise.</summary>
    public int? Steps { get; init; }

    /// <summary>η: how much noise is added in each step, from 0, none, to 1, as much as DDPM. Only for samplers that have a choice.</summary>
    public double? Eta { get; init; }

    /// <summary>What keeps x̂_0 in range; null for [−1, 1], which images fill.</summary>
    public X0Limit? Limit { get; init; }

    /// <summary>The variance of ddpm's steps.</summary>
    public ReverseVariance Variance { get; init; } = ReverseVariance.Small;

    /// <summary>How timesteps are spread; null for the sampler's own choice.</summary>
    public TimestepSpacing? Spacing { get; init; }

    /// <summary>How σ falls; null for the sampler's own choice. Not for ddpm, ddim and pndm, which visit timesteps.</summary>
    public SigmaCurve? Curve { get; init; }

    /// <summary>Added to every timestep of <see cref="TimestepSpacing.Leading"/>; null for the sampler's own choice, 0.</summary>
    public int? Offset { get; init; }

    /// <summary>Stop at the noise of timestep 0 instead of at the image; for ddim, pndm and plms.</summary>
    public bool EndsAtFirstTimestep { get; init; }

    /// <summary>The order; null for the sampler's own choice. Only for samplers whose name does not say it.</summary>
    public int? Order { get; init; }

    /// <summary>S_churn of Karras et al. 2022: noise added before each step and removed in it, spread over all steps; null for none.</summary>
    public double? Churn { get; init; }

    internal Churn AsChurn => Churn is { } amount ? new Churn { Amount = amount } : Diffusion.Churn.None;

    internal TimestepSelection Over(TimestepSelection own) => own with
    {
        Count = Steps ?? own.Count,
        Spacing = Spacing ?? own.Spacing,
        Offset = Offset ?? own.Offset,
    };

    internal LevelSelection Over(LevelSelection own) => own with
    {
        Timesteps = Over(own.Timesteps),
        Curve = Curve ?? own.Curve,
    };
}
