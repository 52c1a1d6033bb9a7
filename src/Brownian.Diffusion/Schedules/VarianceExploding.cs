namespace Brownian;

/// <summary>
/// x = x_0 + σ·ε with σ from a continuous range (Karras et al. 2022, EDM). The network is told c_noise = ln(σ)/4 (table 1).
/// </summary>
public sealed record VarianceExploding : INoiseProcess
{
    /// <summary>The range of σ that a network is sampled over.</summary>
    /// <param name="smallest">σ_min, above 0.</param>
    /// <param name="largest">σ_max, above <paramref name="smallest"/>.</param>
    /// <exception cref="ArgumentException">The range is empty.</exception>
    public VarianceExploding(double smallest = 0.002, double largest = 80)
    {
        if (!(smallest > 0 && largest > smallest && double.IsFinite(largest)))
            throw new ArgumentException($"sigma cannot run from {smallest} to {largest}; use 0 < smallest < largest.");
        (Smallest, Largest) = (smallest, largest);
    }

    /// <summary>σ_min.</summary>
    public double Smallest { get; }

    /// <summary>σ_max.</summary>
    public double Largest { get; }

    /// <inheritdoc/>
    public int Timesteps => 1000;

    /// <inheritdoc/>
    public NoiseLevel At(double timestep) => AtRatio(Math.Exp(4 * timestep));

    /// <inheritdoc/>
    public NoiseLevel AtRatio(double ratio) => ratio == 0 ? NoiseLevel.Clean : new(1, ratio, Math.Log(ratio) / 4);

    /// <inheritdoc/>
    public NoiseLevel AtShare(double share) =>
        throw new ArgumentException("A continuous range of sigma has no uniform times to draw; train with TimeDistribution.LogNormalSigma.");

    /// <inheritdoc/>
    public NoiseLevel Straight(NoiseLevel level) => level.UnitSignal;

    /// <inheritdoc/>
    public IReadOnlyList<NoiseLevel> Levels(LevelSelection selection)
    {
        ArgumentNullException.ThrowIfNull(selection);
        if (selection.Explicit is not null) return selection.CheckedExplicit();
        if (selection.Timesteps is { Custom: not null } or { Count: null })
            throw new ArgumentException("A continuous range of sigma has no timesteps to list; give a number of steps, such as 18.");
        int count = selection.Timesteps.Count.Value;
        List<NoiseLevel> levels = [.. SigmaCurves.Of(selection.Curve, count, Largest, Smallest, selection.Rho).Select(AtRatio)];
        levels.Add(selection.Final == FinalSigma.SigmaMin ? AtRatio(Smallest) : NoiseLevel.Clean);
        return levels;
    }
}
