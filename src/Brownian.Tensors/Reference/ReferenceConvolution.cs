namespace Brownian.Tensors.Reference;

/// <summary>Linear maps and convolutions as sums of products, in double. Weights: linear K×N, convolution kh×kw×I×O, transposed kh×kw×O×I.</summary>
static class ReferenceConvolution
{
    /// <summary>y[r, n] = Σ_k x[r, k]·W[k, n] + bias[n] + residual[r, n]</summary>
    public static double[] Linear(double[] x, double[] w, int inputs, int outputs, double[]? bias, double[]? residual)
    {
        int rows = x.Length / inputs;
        double[] y = residual is null ? new double[rows * outputs] : (double[])residual.Clone();
        for (int r = 0; r < rows; r++)
        {
            Span<double> row = y.AsSpan(r * outputs, outputs);
            if (bias is not null) AddScaled(row, 1, bias);
            for (int k = 0; k < inputs; k++) AddScaled(row, x[r * inputs + k], w.AsSpan(k * outputs, outputs));
        }
        return y;
    }

    /// <summary>
    /// y[n, i, j, o] = Σ_{a, b, c} x[n, i·stride + a − padding, j·stride + b − padding, c]·W[a, b, c, o], x being zero outside,
    /// plus bias[o] + perSample[n, o] + residual[n, i, j, o] where given.
    /// </summary>
    public static double[] Conv2d(
        ConvSpec spec, double[] x, Shape s, double[] w, int outputs, double[]? bias, double[]? perSample, double[]? residual)
    {
        int height = spec.Down.OutputSize(s[1]), width = spec.Across.OutputSize(s[2]), inputs = s[3];
        double[] y = residual is null ? new double[s[0] * height * width * outputs] : (double[])residual.Clone();
        for (int n = 0; n < s[0]; n++)
            for (int i = 0; i < height; i++)
                for (int j = 0; j < width; j++)
                {
                    Span<double> pixel = y.AsSpan(((n * height + i) * width + j) * outputs, outputs);
                    if (bias is not null) AddScaled(pixel, 1, bias);
                    if (perSample is not null) AddScaled(pixel, 1, perSample.AsSpan(n * outputs, outputs));
                    for (int a = 0; a < spec.Down.Kernel; a++)
                        for (int b = 0; b < spec.Across.Kernel; b++)
                        {
                            int row = i * spec.Down.Stride + a - spec.Down.Padding, column = j * spec.Across.Stride + b - spec.Across.Padding;
                            if (row < 0 || row >= s[1] || column < 0 || column >= s[2]) continue;
                            for (int c = 0; c < inputs; c++)
                            {
                                double value = x[((n * s[1] + row) * s[2] + column) * inputs + c];
                                AddScaled(pixel, value, w.AsSpan(((a * spec.Across.Kernel + b) * inputs + c) * outputs, outputs));
                            }
                        }
                }
        return y;
    }

    /// <summary>
    /// Every input pixel stamps its kernel: y[n, i·stride + a − padding, j·stride + b − padding, o] += Σ_c x[n, i, j, c]·W[a, b, o, c];
    /// what falls outside is dropped. Then bias[o] is added.
    /// </summary>
    public static double[] ConvTranspose2d(ConvSpec spec, double[] x, Shape s, double[] w, Shape output, double[]? bias)
    {
        int height = output[1], width = output[2], outputs = output[3], inputs = s[3];
        double[] y = new double[output.Count];
        for (int n = 0; n < s[0]; n++)
            for (int i = 0; i < s[1]; i++)
                for (int j = 0; j < s[2]; j++)
                {
                    ReadOnlySpan<double> pixel = x.AsSpan(((n * s[1] + i) * s[2] + j) * inputs, inputs);
                    for (int a = 0; a < spec.Down.Kernel; a++)
                        for (int b = 0; b < spec.Across.Kernel; b++)
                        {
                            int row = i * spec.Down.Stride + a - spec.Down.Padding, column = j * spec.Across.Stride + b - spec.Across.Padding;
                            if (row < 0 || row >= height || column < 0 || column >= width) continue;
                            for (int o = 0; o < outputs; o++)
                            {
                                ReadOnlySpan<double> weights = w.AsSpan(((a * spec.Across.Kernel + b) * outputs + o) * inputs, inputs);
                                y[((n * height + row) * width + column) * outputs + o] += Dot(pixel, weights);
                            }
                        }
                }
        for (int i = 0; bias is not null && i < y.Length; i++) y[i] += bias[i % outputs];
        return y;
    }

    static void AddScaled(Span<double> y, double a, ReadOnlySpan<double> x)
    {
        for (int i = 0; i < y.Length; i++) y[i] += a * x[i];
    }

    static double Dot(ReadOnlySpan<double> x, ReadOnlySpan<double> z)
    {
        double sum = 0;
        for (int i = 0; i < x.Length; i++) sum += x[i] * z[i];
        return sum;
    }
}
