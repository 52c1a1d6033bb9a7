namespace Brownian.Tensors.Reference;

/// <summary>Concatenation, up-sampling and pooling of N×H×W×C, one element at a time.</summary>
static class ReferenceReshaping
{
    /// <summary>[x, z] along the innermost axis.</summary>
    public static double[] ConcatChannels(double[] x, int xChannels, double[] z, int zChannels)
    {
        int rows = x.Length / xChannels, channels = xChannels + zChannels;
        double[] y = new double[rows * channels];
        for (int r = 0; r < rows; r++)
        {
            for (int c = 0; c < channels; c++)
                y[r * channels + c] = c < xChannels ? x[r * xChannels + c] : z[r * zChannels + c - xChannels];
        }
        return y;
    }

    /// <summary>y[n, i, j, c] = x[n, ⌊i/factor⌋, ⌊j/factor⌋, c]</summary>
    public static double[] UpsampleNearest(double[] x, Shape shape, int factor)
    {
        int samples = shape[0], height = shape[1] * factor, width = shape[2] * factor, channels = shape[3];
        double[] y = new double[samples * height * width * channels];
        int to = 0;
        for (int n = 0; n < samples; n++)
            for (int i = 0; i < height; i++)
                for (int j = 0; j < width; j++)
                    for (int c = 0; c < channels; c++)
                        y[to++] = x[((n * shape[1] + i / factor) * shape[2] + j / factor) * channels + c];
        return y;
    }

    /// <summary>y[n, i, j, c] = the mean of x[n, i·factor + a, j·factor + b, c] over 0 ≤ a, b &lt; factor.</summary>
    public static double[] AveragePool(double[] x, Shape shape, int factor)
    {
        int samples = shape[0], height = shape[1] / factor, width = shape[2] / factor, channels = shape[3];
        double[] y = new double[samples * height * width * channels];
        for (int n = 0; n < samples; n++)
            for (int i = 0; i < height * factor; i++)
                for (int j = 0; j < width * factor; j++)
                    for (int c = 0; c < channels; c++)
                        y[((n * height + i / factor) * width + j / factor) * channels + c] +=
                            x[((n * shape[1] + i) * shape[2] + j) * channels + c] / (factor * factor);
        return y;
    }

    /// <summary>y[n, i, j, c] = the largest of x[n, i·factor + a, j·factor + b, c] over 0 ≤ a, b &lt; factor.</summary>
    public static double[] MaxPool(double[] x, Shape shape, int factor)
    {
        int samples = shape[0], height = shape[1] / factor, width = shape[2] / factor, channels = shape[3];
        double[] y = new double[samples * height * width * channels];
        Array.Fill(y, double.NegativeInfinity);
        for (int n = 0; n < samples; n++)
            for (int i = 0; i < height * factor; i++)
                for (int j = 0; j < width * factor; j++)
                    for (int c = 0; c < channels; c++)
                    {
                        ref double largest = ref y[((n * height + i / factor) * width + j / factor) * channels + c];
                        largest = Math.Max(largest, x[((n * shape[1] + i) * shape[2] + j) * channels + c]);
                    }
        return y;
    }
}
