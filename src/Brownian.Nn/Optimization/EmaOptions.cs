namespace Brownian.Nn;

/// <summary>How the decay of an average of weights grows to its final value: the schedules of diffusers' <c>EMAModel</c>.</summary>
public sealed record EmaOptions
{
    /// <summary>The final decay per update, from 0 to 1.</summary>
    public double Decay { get; init; } = 0.9999;

    /// <summary>The least decay once averaging has begun, from 0 to <see cref="Decay"/>.</summary>
    public double MinDecay { get; init; }

    /// <summary>The decay is 0, so that the average is a copy, up to and including the update after this many.</summary>
    public long UpdateAfterStep { get; init; }

    /// <summary>How the decay grows.</summary>
    public EmaWarmup Warmup { get; init; } = EmaWarmup.Ratio;

    /// <summary>γ⁻¹ of <see cref="EmaWarmup.Power"/>, above 0.</summary>
    public double InverseGamma { get; init; } = 1;

    /// <summary>p of <see cref="EmaWarmup.Power"/>: 2/3 suits long runs, 3/4 short ones.</summary>
    public double Power { get; init; } = 2.0 / 3.0;

    /// <summary>σ_rel of an average whose width grows with the training, a <see cref="PowerProfile"/>, in place of all the above; null for those.</summary>
    public double? Width { get; init; }

    /// <summary>The decay of one update.</summary>
    /// <param name="update">The number of the update, the first being 1.</param>
    public double DecayAt(long update)
    {
        if (Width is { } width) return PowerProfile.DecayAt(PowerProfile.ExponentOf(width), update);
        if (Warmup == EmaWarmup.None) return Decay;
        double n = Math.Max(0, update - UpdateAfterStep - 1);
        if (n <= 0) return 0;
        double grown = Warmup == EmaWarmup.Power ? 1 - Math.Pow(1 + n / InverseGamma, -Power) : (1 + n) / (10 + n);
        return Math.Max(Math.Min(grown, Decay), MinDecay);
    }

    internal void Validate()
    {
        if (Decay is not (>= 0 and <= 1)) throw new ArgumentException($"EMA: the decay is {Decay}; it must be from 0 to 1.");
        if (!(MinDecay >= 0 && MinDecay <= Decay)) throw new ArgumentException($"EMA: the least decay is {MinDecay}; it must be from 0 to the decay, {Decay}.");
        if (UpdateAfterStep < 0) throw new ArgumentException($"EMA: UpdateAfterStep is {UpdateAfterStep}; it must be at least 0.");
        if (!(InverseGamma > 0)) throw new ArgumentException($"EMA: InverseGamma is {InverseGamma}; it must be above 0.");
        if (Width is { } width) _ = PowerProfile.ExponentOf(width);
        if (!(Power > 0)) throw new ArgumentException($"EMA: Power is {Power}; it must be above 0.");
    }
}

/// <summary>The growth of an average's decay, n counting updates from 0.</summary>
public enum EmaWarmup
{
    /// <summary>The final decay from the first update on; the average starts at the initial weights.</summary>
    None,

    /// <summary>(1 + n)/(10 + n).</summary>
    Ratio,

    /// <summary>1 − (1 + n/γ⁻¹)^−p (diffusers' <c>use_ema_warmup</c>).</summary>
    Power,
}
