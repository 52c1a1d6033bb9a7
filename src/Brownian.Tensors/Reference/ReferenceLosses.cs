namespace Brownian.Tensors.Reference;

/// <summary>Losses as textbooks write them.</summary>
static class ReferenceLosses
{
    /// <summary>The loss of one pixel whose answer and target differ by d.</summary>
    public static double Of(LossSpec spec, double d)
    {
        double scale = spec.Scale, size = Math.Abs(d);
        return spec.Op switch
        {
            LossOp.Absolute => size,
            LossOp.Huber => size <= scale ? d * d / 2 : scale * (size - scale / 2),
            LossOp.PseudoHuber => Math.Sqrt(d * d + scale * scale) - scale,
            _ => d * d,
        };
    }

    /// <summary>The mean of each of the samples.</summary>
    public static double[] PerSample(LossSpec spec, double[] x, double[] target, int samples)
    {
        int size = x.Length / samples;
        double[] losses = new double[samples];
        for (int i = 0; i < x.Length; i++) losses[i / size] += Of(spec, x[i] - target[i]) / size;
        return losses;
    }

    /// <summary>The mean over samples of weight·mean.</summary>
    public static double Mean(LossSpec spec, double[] x, double[] target, double[] weights) =>
        PerSample(spec, x, target, weights.Length).Zip(weights, (loss, weight) => loss * weight).Average();

    /// <summary>−ln of the softmax of each of the samples' logits at its class, the mean.</summary>
    public static double CrossEntropy(double[] x, int[] classes)
    {
        int count = x.Length / classes.Length;
        return classes.Select((k, n) => -Math.Log(Math.Exp(x[n * count + k]) / x.Skip(n * count).Take(count).Sum(Math.Exp))).Average();
    }

    /// <summary>mean((x − target)²)</summary>
    public static double MeanSquaredError(double[] x, double[] target) => Mean(new(LossOp.Squared), x, target, [1]);

    /// <summary>The mean of the bound's bits over each sample, for x_0 and x_t N×…×C and an answer N×…×width.</summary>
    public static double[] Bounds(PixelBound[] bounds, double[] x0, double[] xt, double[] output, int channels, int width)
    {
        int size = x0.Length / bounds.Length;
        double[] means = new double[bounds.Length];
        for (int i = 0; i < x0.Length; i++)
        {
            PixelBound b = bounds[i / size];
            int at = i / channels * width + i % channels;
            double v = width > channels ? output[at + channels] : 0;
            double mean = b.Mean.Xt * xt[i] + b.Mean.Output * output[at], variance = Math.Exp(b.LogVariance.AtZero + b.LogVariance.ByV * v);
            double nats = b.IsLast
                ? CodeLength(x0[i], mean, Math.Sqrt(variance))
                : Divergence(b.Posterior.X0 * x0[i] + b.Posterior.Xt * xt[i], Math.Exp(b.LogPosteriorVariance), mean, variance);
            means[i / size] += nats / Math.Log(2) / size;
        }
        return means;
    }

    // KL(N(m1, v1) ‖ N(m2, v2))
    static double Divergence(double m1, double v1, double m2, double v2) =>
        Math.Log(Math.Sqrt(v2) / Math.Sqrt(v1)) + (v1 + (m1 - m2) * (m1 - m2)) / (2 * v2) - 0.5;

    static double CodeLength(double x, double mean, double deviation)
    {
        double above = x > 0.999 ? double.PositiveInfinity : x + 1 / 255.0, below = x < -0.999 ? double.NegativeInfinity : x - 1 / 255.0;
        return -Math.Log(Math.Max(1e-12, Phi((above - mean) / deviation) - Phi((below - mean) / deviation)));
    }

    // Page's approximation, as a logistic function.
    static double Phi(double z) => 1 / (1 + Math.Exp(-2 * Math.Sqrt(2 / Math.PI) * (z + 0.044715 * z * z * z)));
}
