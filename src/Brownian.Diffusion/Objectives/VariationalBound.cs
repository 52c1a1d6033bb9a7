namespace Brownian.Diffusion;

/// <summary>
/// One term of the variational bound, in bits per pixel: the Kullback–Leibler divergence L_{t−1} of q(x_{t−1} | x_t, x_0) from the network's
/// p(x_{t−1} | x_t), or at t = 0 the code length L_0 of an 8-bit image (Ho et al. 2020, eq. 5 and 13), with derivatives.
/// </summary>
/// <param name="schedule">The forward process.</param>
/// <param name="predicts">What the network predicts.</param>
/// <param name="variance">The variance of the reverse step.</param>
public sealed class VariationalBound(NoiseSchedule schedule, Parameterization predicts, ReverseVariance variance)
{
    /// <summary>One pixel's term with its derivatives by the two channels of the network's answer.</summary>
    /// <param name="Bits">The term.</param>
    /// <param name="ByOutput">Its derivative by the prediction.</param>
    /// <param name="ByVariance">Its derivative by the variance's channel; 0 if that is not learned.</param>
    public readonly record struct Term(double Bits, double ByOutput, double ByVariance);

    /// <summary>The term of one pixel.</summary>
    /// <param name="t">The timestep.</param>
    /// <param name="x0">The pixel of the image, in [−1, 1].</param>
    /// <param name="xt">The pixel of the noised image.</param>
    /// <param name="output">The network's prediction for it.</param>
    /// <param name="v">The network's channel of the variance; ignored if that is fixed.</param>
    public Term Of(int t, double x0, double xt, double output, double v)
    {
        Mix toX0 = predicts.X0(schedule.At(t));
        double a = schedule.PosteriorMeanX0[t], b = schedule.PosteriorMeanXt[t];
        double mean = a * toX0.Of(xt, output) + b * xt;
        (double log, double byV) = LogVariance(t, v);
        (double nats, double byMean, double byLog) = t == 0
            ? CodeLength(x0, mean, log)
            : Divergence(a * x0 + b * xt, schedule.PosteriorLogVarianceClipped[t], mean, log);
        double bits = 1 / Math.Log(2);
        return new(nats * bits, byMean * a * toX0.Second * bits, byLog * byV * bits);
    }

    (double Log, double ByV) LogVariance(int t, double v)
    {
        double small = schedule.PosteriorLogVarianceClipped[t], large = Math.Log(schedule.Betas[t]);
        return variance switch
        {
            ReverseVariance.Learned => (v, 1),
            ReverseVariance.LearnedRange => (((v + 1) * large + (1 - v) * small) / 2, (large - small) / 2),     // eq. 15 of Nichol & Dhariwal
            ReverseVariance.FixedLarge or ReverseVariance.FixedLargeLog => (t == 0 ? small : large, 0),
            _ => (small, 0),
        };
    }

    // KL(N(m, e^l) ‖ N(mean, e^log))
    static (double Nats, double ByMean, double ByLog) Divergence(double m, double l, double mean, double log)
    {
        double ratio = Math.Exp(l - log), precision = Math.Exp(-log), d = mean - m;
        return ((log - l - 1 + ratio + d * d * precision) / 2, d * precision, (1 - ratio - d * d * precision) / 2);
    }

    // −ln of the normal probability of the interval x ± 1/255, open where x is the darkest or the brightest value (eq. 13).
    static (double Nats, double ByMean, double ByLog) CodeLength(double x, double mean, double log)
    {
        const double Smallest = 1e-12;
        double deviation = Math.Exp(log / 2), above = (x - mean + 1 / 255.0) / deviation, below = (x - mean - 1 / 255.0) / deviation;
        double probability = (x > 0.999 ? 1 : Cdf(above)) - (x < -0.999 ? 0 : Cdf(below));
        if (probability < Smallest) return (-Math.Log(Smallest), 0, 0);
        double da = x > 0.999 ? 0 : Density(above), db = x < -0.999 ? 0 : Density(below);
        return (-Math.Log(probability), (da - db) / (deviation * probability), (above * da - below * db) / (2 * probability));
    }

    // The logistic-like approximation of the normal distribution that the paper's code uses (Page 1977), and its derivative.
    static double Cdf(double x) => (1 + Math.Tanh(Inner(x))) / 2;

    static double Density(double x)
    {
        double tanh = Math.Tanh(Inner(x));
        return (1 - tanh * tanh) / 2 * Math.Sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
    }

    static double Inner(double x) => Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);
}
