namespace Brownian.Tensors.Reference;

/// <summary>Group normalisation (Wu &amp; He 2018, eq. 1-3) in double, with two passes: mean first, then the mean of squared differences.</summary>
static class ReferenceGroupNorm
{
    /// <summary>
    /// x N×…×C; γ and β C. Each group of C/groups adjacent channels of each sample is normalised over all its positions. With m N×2C,
    /// rows [s, t], the result is multiplied by 1 + s and t is added before SiLU.
    /// </summary>
    public static double[] Run(GroupNormSpec spec, double[] x, Shape shape, double[] gamma, double[] beta, double[]? m = null)
    {
        int channels = shape.Channels, size = channels / spec.Groups, positions = shape.Rows / shape[0];
        double[] y = new double[x.Length];
        for (int n = 0; n < shape[0]; n++)
            for (int g = 0; g < spec.Groups; g++)
            {
                int first = n * positions * channels + g * size;
                (double mean, double variance) = Moments(x, first, positions, channels, size);
                double scale = 1 / Math.Sqrt(variance + spec.Epsilon);
                for (int p = 0; p < positions; p++)
                    for (int c = 0; c < size; c++)
                    {
                        int i = first + p * channels + c;
                        double value = (x[i] - mean) * scale * gamma[g * size + c] + beta[g * size + c];
                        if (m is not null) value = value * (1 + m[2 * n * channels + g * size + c]) + m[(2 * n + 1) * channels + g * size + c];
                        y[i] = spec.Silu ? ReferencePointwise.Silu(value) : value;
                    }
            }
        return y;
    }

    static (double Mean, double Variance) Moments(double[] x, int first, int positions, int stride, int size)
    {
        double sum = 0, squares = 0;
        for (int p = 0; p < positions; p++)
            for (int c = 0; c < size; c++) sum += x[first + p * stride + c];
        double mean = sum / (positions * size);
        for (int p = 0; p < positions; p++)
            for (int c = 0; c < size; c++)
            {
                double d = x[first + p * stride + c] - mean;
                squares += d * d;
            }
        return (mean, squares / (positions * size));
    }
}
