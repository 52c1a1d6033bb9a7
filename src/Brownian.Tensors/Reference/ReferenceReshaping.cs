namespace Brownian.Tensors.Reference;

/// <summary>Concatenation and resampling of N×H×W×C, one element at a time.</summary>
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

    /// <summary>y[n, i, j, c] = x[n, m(i), m(j), c], where m goes to and fro: 0 1 … n−1 n−2 … 1 0 1 …</summary>
    public static double[] PadByMirroring(double[] x, Shape shape, int height, int width) => At(x, shape, height, width, (i, size) =>
    {
        int at = 0;
        for (int step = 0, way = 1; step < i && size > 1; step++)
        {
            if (at + way < 0 || at + way >= size) way = -way;
            at += way;
        }
        return at;
    });

    /// <summary>y[n, i, j, c] = x[n, i, j, c]</summary>
    public static double[] CropTo(double[] x, Shape shape, int height, int width) => At(x, shape, height, width, (i, _) => i);

    static double[] At(double[] x, Shape shape, int height, int width, Func<int, int, int> place)
    {
        double[] y = new double[shape[0] * height * width * shape[3]];
        int to = 0;
        for (int n = 0; n < shape[0]; n++)
            for (int i = 0; i < height; i++)
                for (int j = 0; j < width; j++)
                    for (int c = 0; c < shape[3]; c++)
                        y[to++] = x[((n * shape[1] + place(i, shape[1])) * shape[2] + place(j, shape[2])) * shape[3] + c];
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

    /// <summary>y[n, i, j, c] = Σ k[a]·k[b]·x[n, 2i − 1 + a, 2j − 1 + b, c] over 0 ≤ a, b &lt; 4 inside the image, k = (1, 3, 3, 1)/8.</summary>
    public static double[] BinomialHalve(double[] x, Shape shape)
    {
        double[] y = new double[x.Length / 4];
        ForEachTap(Shape.Of(shape[0], shape[1] / 2, shape[2] / 2, shape[3]), (coarse, fine, weight) => y[coarse] += weight * x[fine]);
        return y;
    }

    /// <summary>Four times the transpose of that, so that a constant image stays what it is, but for its border.</summary>
    public static double[] BinomialDouble(double[] x, Shape shape)
    {
        double[] y = new double[x.Length * 4];
        ForEachTap(shape, (coarse, fine, weight) => y[fine] += 4 * weight * x[coarse]);
        return y;
    }

    static void ForEachTap(Shape coarse, Action<int, int, double> visit)
    {
        double[] k = [0.125, 0.375, 0.375, 0.125];
        int height = 2 * coarse[1], width = 2 * coarse[2], channels = coarse[3];
        for (int index = 0; index < coarse.Count; index++)
        {
            int c = index % channels, j = index / channels % coarse[2], i = index / channels / coarse[2] % coarse[1];
            int n = index / (channels * coarse[1] * coarse[2]);
            for (int a = 0; a < 4; a++)
                for (int b = 0; b < 4; b++)
                {
                    int y = 2 * i - 1 + a, x = 2 * j - 1 + b;
                    if (y >= 0 && y < height && x >= 0 && x < width) visit(index, ((n * height + y) * width + x) * channels + c, k[a] * k[b]);
                }
        }
    }

    /// <summary>y[n, i, j, c] = x[n, (i + ½)·H/H' − ½, (j + ½)·W/W' − ½, c], these places limited to the image, linearly between pixels.</summary>
    public static double[] ResizeBilinear(double[] x, Shape shape, int height, int width)
    {
        double[] y = new double[shape[0] * height * width * shape[3]];
        int to = 0;
        for (int n = 0; n < shape[0]; n++)
            for (int i = 0; i < height; i++)
                for (int j = 0; j < width; j++)
                    for (int c = 0; c < shape[3]; c++)
                    {
                        double down = Place(i, height, shape[1]), across = Place(j, width, shape[2]);
                        int top = (int)down, left = (int)across;
                        for (int p = top; p <= Math.Min(top + 1, shape[1] - 1); p++)
                            for (int q = left; q <= Math.Min(left + 1, shape[2] - 1); q++)
                                y[to] += (1 - Math.Abs(down - p)) * (1 - Math.Abs(across - q)) * x[((n * shape[1] + p) * shape[2] + q) * shape[3] + c];
                        to++;
                    }
        return y;

        static double Place(int index, int outputs, int inputs) => Math.Clamp((index + 0.5) * inputs / outputs - 0.5, 0, inputs - 1);
    }
}
