namespace Brownian.Tensors.Reference;

/// <summary>Batch normalisation (Ioffe &amp; Szegedy 2015, algorithm 1) in double, with two passes: mean first, then squared differences.</summary>
static class ReferenceBatchNorm
{
    /// <summary>x rows×C with given statistics; ReLU before, SiLU after and perSample N×C where asked.</summary>
    public static double[] Run(
        BatchNormSpec spec, double[] x, Shape shape, double[] gamma, double[] beta, double[] mean, double[] variance, double[]? perSample)
    {
        int channels = shape.Channels, length = x.Length / shape[0];
        double[] y = new double[x.Length];
        for (int i = 0; i < x.Length; i++)
        {
            int c = i % channels;
            double value = spec.Relu ? ReferencePointwise.Relu(x[i]) : x[i];
            value = (value - mean[c]) / Math.Sqrt(variance[c] + spec.Epsilon) * gamma[c] + beta[c];
            if (spec.Silu) value = ReferencePointwise.Silu(value);
            y[i] = value + (perSample?[i / length * channels + c] ?? 0);
        }
        return y;
    }

    /// <summary>The mean and the biased variance of each channel, after the ReLU where asked.</summary>
    public static (double[] Mean, double[] Variance) Moments(BatchNormSpec spec, double[] x, int channels)
    {
        double[] input = spec.Relu ? ReferencePointwise.Relu(x) : x, mean = new double[channels], variance = new double[channels];
        int rows = x.Length / channels;
        for (int i = 0; i < x.Length; i++) mean[i % channels] += input[i] / rows;
        for (int i = 0; i < x.Length; i++)
        {
            double d = input[i] - mean[i % channels];
            variance[i % channels] += d * d / rows;
        }
        return (mean, variance);
    }

    /// <summary>(1 − momentum)·running + momentum·statistic, the variance made unbiased: what training leaves behind.</summary>
    public static (double[] Mean, double[] Variance) Running(
        BatchNormSpec spec, double[] x, int channels, double[] runningMean, double[] runningVariance)
    {
        (double[] mean, double[] variance) = Moments(spec, x, channels);
        double rows = x.Length / channels, m = spec.Momentum;
        for (int c = 0; c < channels; c++)
        {
            mean[c] = (1 - m) * runningMean[c] + m * mean[c];
            variance[c] = (1 - m) * runningVariance[c] + m * variance[c] * rows / (rows - 1);
        }
        return (mean, variance);
    }
}
