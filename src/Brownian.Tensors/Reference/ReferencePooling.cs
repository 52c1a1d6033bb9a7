namespace Brownian.Tensors.Reference;

/// <summary>What is made of the pixels of each window, padding left out: y[n, i, j, c] of x[n, i·stride + a − padding, j·stride + b − padding, c].</summary>
static class ReferencePooling
{
    /// <summary>Their mean.</summary>
    public static double[] Average(double[] x, Shape shape, ConvSpec window) => Pool(x, shape, window, Enumerable.Average);

    /// <summary>The largest.</summary>
    public static double[] Max(double[] x, Shape shape, ConvSpec window) => Pool(x, shape, window, Enumerable.Max);

    static double[] Pool(double[] x, Shape shape, ConvSpec window, Func<IEnumerable<double>, double> of)
    {
        int height = window.Down.OutputSize(shape[1]), width = window.Across.OutputSize(shape[2]), channels = shape[3];
        double[] y = new double[shape[0] * height * width * channels];
        for (int index = 0; index < y.Length; index++)
        {
            int c = index % channels, j = index / channels % width, i = index / channels / width % height, n = index / channels / width / height;
            var seen = new List<double>();
            for (int a = 0; a < window.Down.Kernel; a++)
                for (int b = 0; b < window.Across.Kernel; b++)
                {
                    int row = i * window.Down.Stride + a - window.Down.Padding, column = j * window.Across.Stride + b - window.Across.Padding;
                    if (row >= 0 && row < shape[1] && column >= 0 && column < shape[2]) seen.Add(x[((n * shape[1] + row) * shape[2] + column) * channels + c]);
                }
            y[index] = of(seen);
        }
        return y;
    }
}
