namespace Brownian;

/// <summary>The variance of a reverse step (Ho et al. 2020, §3.2). diffusers' names of the first four begin with fixed_.</summary>
public enum ReverseVariance
{
    /// <summary>β̃, the posterior's own: the lower bound, right for data that is a single image.</summary>
    Small,

    /// <summary>The same number, computed through its logarithm by others.</summary>
    SmallLog,

    /// <summary>β, that of the forward step: the upper bound, right for data that is normal noise.</summary>
    Large,

    /// <summary>The same number, computed through its logarithm by others.</summary>
    LargeLog,

    /// <summary>The second half of the network's channels is the logarithm of the variance (Nichol &amp; Dhariwal 2021, <c>LEARNED</c>).</summary>
    Learned,

    /// <summary>Between the two, as the second half of the network's channels says (Nichol &amp; Dhariwal 2021, eq. 15).</summary>
    LearnedRange,
}

/// <summary>
/// q(x_s | x_t, x_0) for a step from timestep t back to s &lt; t: a normal distribution around X0·x_0 + Xt·x_t
/// (Ho et al. 2020, eq. 6 and 7, with t − 1 generalised to s).
/// </summary>
/// <param name="X0">√ᾱ_s·β/(1 − ᾱ_t): the weight of x_0 in the mean.</param>
/// <param name="Xt">√α·(1 − ᾱ_s)/(1 − ᾱ_t): the weight of x_t in the mean.</param>
/// <param name="Variance">β̃ = (1 − ᾱ_s)/(1 − ᾱ_t)·β: the variance of the posterior; 0 where s lies before the first timestep.</param>
/// <param name="Beta">β = 1 − ᾱ_t/ᾱ_s: the variance that the forward process adds between s and t.</param>
public readonly record struct Posterior(double X0, double Xt, double Variance, double Beta)
{
    // Samplers take logarithms of β̃, which is 0 at the last step.
    const double SmallestVariance = 1e-20;

    double ClippedVariance => Math.Max(Variance, SmallestVariance);

    /// <summary>The standard deviation of the noise of a reverse step, for a variance that is the same for all pixels.</summary>
    /// <exception cref="ArgumentException">The variance is learned, hence differs from pixel to pixel.</exception>
    public double Deviation(ReverseVariance variance) => variance switch
    {
        ReverseVariance.Small or ReverseVariance.SmallLog => Math.Sqrt(ClippedVariance),
        ReverseVariance.Large or ReverseVariance.LargeLog => Math.Sqrt(Beta),
        _ => throw new ArgumentException($"The variance {variance} has no single deviation: it differs from pixel to pixel."),
    };

    /// <summary>
    /// The standard deviation for a network that interpolates between log β̃ at v = −1 and log β at v = 1
    /// (Nichol &amp; Dhariwal 2021, eq. 15).
    /// </summary>
    public double LearnedDeviation(double v)
    {
        double fraction = (v + 1) / 2;
        return Math.Exp((fraction * Math.Log(Beta) + (1 - fraction) * Math.Log(ClippedVariance)) / 2);
    }

    /// <summary>The posterior between two cumulative products ᾱ_t ≤ ᾱ_s that the forward process joins by β.</summary>
    internal static Posterior Between(double alphaBar, double alphaBarBefore, double beta) => new(
        Math.Sqrt(alphaBarBefore) * beta / (1 - alphaBar),
        Math.Sqrt(1 - beta) * (1 - alphaBarBefore) / (1 - alphaBar),
        (1 - alphaBarBefore) / (1 - alphaBar) * beta,
        beta);
}
