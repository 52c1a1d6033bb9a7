namespace Brownian.Nn;

/// <summary>The learning rate over a run: a linear rise from 0, then one of diffusers' <c>get_scheduler</c> curves.</summary>
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
            _ => Rate,
        };
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
}
