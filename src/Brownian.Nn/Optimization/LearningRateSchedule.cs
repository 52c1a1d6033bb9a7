namespace Brownian;

/// <summary>
/// The learning rate over a run: a linear rise from 0, then one of diffusers' <c>get_scheduler</c> curves, or a constant rate that falls at
/// the end.
/// </summary>
/// <param name="Rate">The highest rate.</param>
public sealed record LearningRateSchedule(double Rate)
{
    /// <summary>The rate a polynomial decays to (diffusers' default).</summary>
    const double PolynomialEnd = 1e-7;

    /// <summary>The steps that the rise takes; step 0 has a rate of 0 unless this is 0.</summary>
    public long WarmupSteps { get; init; }

    /// <summary>The steps of the whole run, the rise included; ignored by <see cref="RateDecay.Constant"/>.</summary>
    public long TotalSteps { get; init; }

    /// <summary>What follows the rise.</summary>
    public RateDecay Decay { get; init; }

    /// <summary>How often <see cref="RateDecay.CosineWithRestarts"/> starts, at least 1.</summary>
    public int Cycles { get; init; } = 1;

    /// <summary>The exponent of <see cref="RateDecay.Polynomial"/>.</summary>
    public double Power { get; init; } = 1;

    /// <summary>The share of all steps in which <see cref="RateDecay.WarmupStableDecay"/> falls, above 0 to 1.</summary>
    public double DecayFraction { get; init; } = 0.2;

    /// <summary>How it falls there.</summary>
    public RateCooldown Cooldown { get; init; }

    /// <summary>The learning rate of a step, the first being 0.</summary>
    public double RateAt(long step)
    {
        if (step < WarmupSteps) return Rate * step / WarmupSteps;
        double progress = (step - WarmupSteps) / (double)Math.Max(1, TotalSteps - WarmupSteps);
        return Decay switch
        {
            RateDecay.Linear => Rate * Math.Max(0, 1 - progress),
            RateDecay.Cosine => Rate * (0.5 * (1 + Math.Cos(Math.PI * progress))),
            RateDecay.CosineWithRestarts => progress >= 1 ? 0 : Rate * (0.5 * (1 + Math.Cos(Math.PI * (Cycles * progress % 1)))),
            RateDecay.Polynomial => PolynomialEnd + (Rate - PolynomialEnd) * Math.Pow(Math.Max(0, 1 - progress), Power),
            RateDecay.WarmupStableDecay => Rate * Cooled(step),
            _ => Rate,
        };
    }

    double Cooled(long step)
    {
        double start = Math.Max(WarmupSteps, TotalSteps * (1 - DecayFraction));
        double progress = Math.Clamp((step - start) / Math.Max(1, TotalSteps - start), 0, 1);
        return 1 - (Cooldown == RateCooldown.OneMinusSqrt ? Math.Sqrt(progress) : progress);
    }
}

/// <summary>How a learning rate falls after its rise.</summary>
public enum RateDecay
{
    /// <summary>Not at all.</summary>
    Constant,

    /// <summary>On a line to 0 at the last step.</summary>
    Linear,

    /// <summary>On half a cosine to 0 at the last step (Loshchilov &amp; Hutter 2017); as in diffusers it rises again in steps beyond.</summary>
    Cosine,

    /// <summary>On <see cref="LearningRateSchedule.Cycles"/> half cosines, each from the full rate to 0.</summary>
    CosineWithRestarts,

    /// <summary>As (1 − progress)^<see cref="LearningRateSchedule.Power"/>, to 1e-7 at the last step.</summary>
    Polynomial,

    /// <summary>
    /// Not until the last <see cref="LearningRateSchedule.DecayFraction"/> of the steps, then to 0 at the last one (WSD, Hu et al. 2024,
    /// "MiniCPM"): the steps before do not depend on the length of the run.
    /// </summary>
    WarmupStableDecay,
}

/// <summary>How a learning rate falls at the end of a run, p being the share of the fall that is over.</summary>
public enum RateCooldown
{
    /// <summary>1 − p.</summary>
    Linear,

    /// <summary>1 − √p: steeper at first (Hägele et al. 2024, "Scaling laws and compute-optimal training beyond fixed training durations").</summary>
    OneMinusSqrt,
}
