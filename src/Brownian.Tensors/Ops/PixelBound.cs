namespace Brownian.Tensors;

/// <summary>
/// A term of the variational bound, in bits, as a function of one pixel: the Kullback–Leibler divergence of the true reverse step's normal
/// distribution from the network's, or the code length of an 8-bit image (Ho et al. 2020, eq. 5 and 13). The coefficients are those of one
/// noise level; who knows of schedules computes them.
/// </summary>
public readonly record struct PixelBound
{
    /// <summary>A term of weight 1.</summary>
    public PixelBound() { }

    /// <summary>What the term and its derivatives are multiplied by.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>The weights of x_0 and x_t in the true mean.</summary>
    public (double X0, double Xt) Posterior { get; init; }

    /// <summary>The logarithm of the true variance.</summary>
    public double LogPosteriorVariance { get; init; }

    /// <summary>The weights of x_t and of the network's prediction in its mean.</summary>
    public (double Xt, double Output) Mean { get; init; }

    /// <summary>The logarithm of the network's variance where its channel v is 0, and how fast it grows with v.</summary>
    public (double AtZero, double ByV) LogVariance { get; init; }

    /// <summary>The step to the image itself, whose term is a code length.</summary>
    public bool IsLast { get; init; }

    /// <summary>One pixel's term with its derivatives by the two channels of the network's answer.</summary>
    /// <param name="Bits">The term.</param>
    /// <param name="ByOutput">Its derivative by the prediction.</param>
    /// <param name="ByVariance">Its derivative by the variance's channel; 0 if that is not learned.</param>
    public readonly record struct Term(double Bits, double ByOutput, double ByVariance);

    /// <summary>The term of one pixel.</summary>
    /// <param name="x0">The pixel of the image, in [−1, 1].</param>
    /// <param name="xt">The pixel of the noised image.</param>
    /// <param name="output">The network's prediction for it.</param>
    /// <param name="v">The network's channel of the variance; ignored if that is fixed.</param>
    public Term Of(double x0, double xt, double output, double v)
    {
        double mean = Mean.Xt * xt + Mean.Output * output, log = LogVariance.AtZero + LogVariance.ByV * v;
        (double nats, double byMean, double byLog) = IsLast
            ? CodeLength(x0, mean, log)
            : Divergence(Posterior.X0 * x0 + Posterior.Xt * xt, LogPosteriorVariance, mean, log);
        double unit = Weight * BitsPerNat;
        return new(nats * unit, byMean * Mean.Output * unit, byLog * LogVariance.ByV * unit);
    }

    const double BitsPerNat = 1 / 0.6931471805599453;       // ln 2

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
