namespace Brownian.Diffusion;

/// <summary>The choices that <see cref="DdpmSampler"/> leaves open.</summary>
public sealed record DdpmOptions
{
    /// <summary>The timesteps to visit.</summary>
    public TimestepSelection Timesteps { get; init; } = TimestepSelection.All;

    /// <summary>The variance of a reverse step.</summary>
    public ReverseVariance Variance { get; init; } = ReverseVariance.Small;

    /// <summary>What keeps x̂_0 in range before the mean is formed from it.</summary>
    public X0Limit Limit { get; init; } = X0Limit.Clip();
}
