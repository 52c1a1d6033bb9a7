namespace Brownian;

/// <summary>The part that the variational bound has in the loss.</summary>
public enum BoundKind
{
    /// <summary>None.</summary>
    None,

    /// <summary>It trains a learned variance, and the simple loss the mean (Nichol &amp; Dhariwal 2021, eq. 16).</summary>
    Hybrid,

    /// <summary>It is the whole loss.</summary>
    Only,
}

/// <summary>
/// The variational bound as a part of the loss, for networks that learn the reverse variance too: L_hybrid = L_simple + λ·L_vlb (Nichol
/// &amp; Dhariwal 2021, eq. 16).
/// </summary>
public sealed record VariationalTerm
{
    /// <summary>Which variance the bound is of; <see cref="ReverseVariance.LearnedRange"/> in the paper.</summary>
    public ReverseVariance Variance { get; init; } = ReverseVariance.LearnedRange;

    /// <summary>λ, in units of 1/bits: the bound of one timestep is multiplied by λ·T, as it stands for all T of them.</summary>
    public double Weight { get; init; } = 0.001;

    /// <summary>
    /// The bound is the whole loss and trains the mean too (<c>use_kl</c> of the paper's code). Otherwise it trains the variance alone, and
    /// the simple loss the mean.
    /// </summary>
    public bool Alone { get; init; }

    internal bool Learns => Variance is ReverseVariance.Learned or ReverseVariance.LearnedRange;
}
