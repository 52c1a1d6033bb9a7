namespace Brownian.Nn;

/// <summary>The constants of <see cref="Muon"/>; weight decay and clipping are those of the <see cref="AdamOptions"/> beside them.</summary>
public sealed record MuonOptions
{
    /// <summary>The decay of the momentum, from 0 to below 1.</summary>
    public double Momentum { get; init; } = 0.95;

    /// <summary>The learning rate of the matrices in that of the other parameters; above 0.</summary>
    public double RateRatio { get; init; } = 1;

    internal void Validate()
    {
        if (Momentum is not (>= 0 and < 1)) throw new ArgumentException($"Muon: Momentum is {Momentum}; it must be at least 0 and below 1.");
        if (RateRatio is not (> 0 and < double.PositiveInfinity)) throw new ArgumentException($"Muon: RateRatio is {RateRatio}; it must be above 0 and finite.");
    }
}
