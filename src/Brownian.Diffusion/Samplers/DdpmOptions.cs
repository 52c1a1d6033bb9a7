namespace Brownian.Diffusion;

/// <summary>The variance of a reverse step (Ho et al. 2020, §3.2). The names are diffusers' <c>variance_type</c>.</summary>
public enum ReverseVariance
{
    /// <summary>β̃, the posterior's own: the lower bound, right for data that is a single image.</summary>
    FixedSmall,

    /// <summary>The same number, computed through its logarithm by others.</summary>
    FixedSmallLog,

    /// <summary>β, that of the forward step: the upper bound, right for data that is normal noise.</summary>
    FixedLarge,

    /// <summary>The same number, computed through its logarithm by others.</summary>
    FixedLargeLog,

    /// <summary>The second half of the network's channels is the logarithm of the variance (Nichol &amp; Dhariwal 2021, <c>LEARNED</c>).</summary>
    Learned,

    /// <summary>Between the two, as the second half of the network's channels says (Nichol &amp; Dhariwal 2021, eq. 15).</summary>
    LearnedRange,
}

/// <summary>The choices that <see cref="DdpmSampler"/> leaves open.</summary>
public sealed record DdpmOptions
{
    /// <summary>The timesteps to visit.</summary>
    public TimestepSelection Timesteps { get; init; } = TimestepSelection.All;

    /// <summary>The variance of a reverse step.</summary>
    public ReverseVariance Variance { get; init; } = ReverseVariance.FixedSmall;

    /// <summary>What keeps x̂_0 in range before the mean is formed from it.</summary>
    public X0Limit Limit { get; init; } = X0Limit.Clip();
}
