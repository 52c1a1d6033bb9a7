namespace Brownian.Imaging;

/// <summary>
/// For each pixel along one axis of the result: which source pixels it takes, and with what weights, as fixed-point numbers of 22 fraction
/// bits. Bounds, rounding and order of operations are Pillow's, so results agree with its to the bit.
/// </summary>
sealed class ResizeWeights
{
    public const int FractionBits = 22;

    readonly (int First, int Count)[] windows;
    readonly int[] weights;
    readonly int size;              // weights kept per pixel

    /// <param name="filter">Any but <see cref="ResizeFilter.Nearest"/>.</param>
    /// <param name="from">Source pixels along the axis.</param>
    /// <param name="to">Result pixels along the axis.</param>
    public ResizeWeights(ResizeFilter filter, int from, int to)
    {
        double scale = (double)from / to, stretch = Math.Max(scale, 1), support = ResizeKernels.Support(filter) * stretch;
        size = (int)Math.Ceiling(support) * 2 + 1;
        windows = new (int, int)[to];
        weights = new int[(long)size * to];
        var exact = new double[size];
        for (int i = 0; i < to; i++)
        {
            double center = (i + 0.5) * scale, total = 0;
            int first = Math.Max(0, (int)(center - support + 0.5)), end = Math.Min(from, (int)(center + support + 0.5));
            windows[i] = (first, end - first);
            for (int k = 0; k < end - first; k++)
                total += exact[k] = ResizeKernels.Weight(filter, (k + first - center + 0.5) * (1 / stretch));
            for (int k = 0; k < end - first; k++) weights[i * size + k] = ToFixed(total == 0 ? exact[k] : exact[k] / total);
        }
    }

    public int Count => windows.Length;

    /// <summary>The weights of result pixel <paramref name="index"/>, for source pixels from <paramref name="first"/> on.</summary>
    public ReadOnlySpan<int> Of(int index, out int first)
    {
        (first, int count) = windows[index];
        return weights.AsSpan(index * size, count);
    }

    static int ToFixed(double weight) => (int)(weight * (1 << FractionBits) + (weight < 0 ? -0.5 : 0.5));
}
