namespace Brownian;

/// <summary>How β_t grows with t.</summary>
public enum BetaSchedule
{
    /// <summary>Evenly (Ho et al. 2020, §4).</summary>
    Linear,

    /// <summary>√β evenly (Rombach et al. 2022); also called quadratic.</summary>
    ScaledLinear,

    /// <summary>ᾱ follows a squared cosine (Nichol &amp; Dhariwal 2021), squaredcos_cap_v2 in diffusers; both ends are ignored.</summary>
    Cosine,

    /// <summary>Along a sigmoid (Xu et al. 2022).</summary>
    Sigmoid,

    /// <summary>ᾱ(u) = e^{−12u}, <c>exp</c> in diffusers; both ends are ignored.</summary>
    Exponential,

    /// <summary>log SNR follows a Laplace distribution (Hang et al. 2024); both ends are ignored.</summary>
    Laplace,

    /// <summary>ᾱ follows a sigmoid (Jabri et al. 2022); both ends are ignored.</summary>
    SigmoidSignal,

    /// <summary>Not by a formula: a list of betas.</summary>
    Custom,
}

/// <summary>The published shapes of β over t = 0 … T − 1.</summary>
static class BetaCurves
{
    public static NoiseSchedule Of(BetaSchedule curve, int timesteps, double start, double end) => curve switch
    {
        BetaSchedule.Linear => NoiseSchedule.Linear(timesteps, start, end),
        BetaSchedule.ScaledLinear => NoiseSchedule.ScaledLinear(timesteps, start, end),
        BetaSchedule.Cosine => NoiseSchedule.Cosine(timesteps),
        BetaSchedule.Sigmoid => NoiseSchedule.Sigmoid(timesteps, start, end),
        BetaSchedule.Exponential => NoiseSchedule.Exponential(timesteps),
        BetaSchedule.Laplace => NoiseSchedule.Laplace(timesteps),
        BetaSchedule.SigmoidSignal => NoiseSchedule.SigmoidSignal(timesteps),
        _ => throw new ArgumentException($"The schedule {Names.Of(curve)} has no formula: it is a list of betas; give another, such as linear."),
    };

    public static double[] Linear(int timesteps, double start, double end)
    {
        double[] values = New(timesteps);
        double step = timesteps > 1 ? (end - start) / (timesteps - 1) : 0;
        // From both ends towards the middle, so that the last value is the end exactly.
        for (int t = 0; t < timesteps; t++) values[t] = t < (timesteps + 1) / 2 ? start + step * t : end - step * (timesteps - 1 - t);
        return values;
    }

    public static double[] ScaledLinear(int timesteps, double start, double end) =>
        Array.ConvertAll(Linear(timesteps, Math.Sqrt(start), Math.Sqrt(end)), root => root * root);

    public static double[] Sigmoid(int timesteps, double start, double end) =>
        Array.ConvertAll(Linear(timesteps, -6, 6), u => (end - start) / (1 + Math.Exp(-u)) + start);

    /// <summary>β_t = min(1 − ᾱ((t+1)/T)/ᾱ(t/T), cap) for a continuous ᾱ(u), u in [0, 1].</summary>
    public static double[] FromAlphaBar(int timesteps, double cap, Func<double, double> alphaBar)
    {
        double[] values = New(timesteps);
        for (int t = 0; t < timesteps; t++)
            values[t] = Math.Min(1 - alphaBar((t + 1) / (double)timesteps) / alphaBar(t / (double)timesteps), cap);
        return values;
    }

    // f(u) = cos²((u + s)/(1 + s)·π/2); the f(0) of ᾱ(u) = f(u)/f(0) cancels in the ratio.
    public static double SquaredCosine(double u, double s)
    {
        double cosine = Math.Cos((u + s) / (1 + s) * Math.PI / 2);
        return cosine * cosine;
    }

    // The share of a falling sigmoid that is left; scaled to run from 1 to 0.
    public static double SigmoidSignal(double u, double start, double end, double temperature)
    {
        double first = Logistic(start / temperature), last = Logistic(end / temperature);
        return (last - Logistic((u * (end - start) + start) / temperature)) / (last - first);
    }

    static double Logistic(double x) => 1 / (1 + Math.Exp(-x));

    // λ(u) = −½·sgn(½ − u)·log(1 − 2|½ − u|); diffusers takes √ of the signal's share, and networks were trained with that.
    public static double Laplace(double u)
    {
        double snr = Math.Exp(-0.5 * Math.CopySign(1, 0.5 - u) * Math.Log(1 - 2 * Math.Abs(0.5 - u) + 1e-6));
        return Math.Sqrt(snr / (1 + snr));
    }

    static double[] New(int timesteps) => timesteps >= 1
        ? new double[timesteps]
        : throw new ArgumentException($"A noise schedule needs at least 1 timestep, not {timesteps}.");
}
