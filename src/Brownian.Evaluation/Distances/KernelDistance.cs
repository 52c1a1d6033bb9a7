using Brownian.Tensors;

namespace Brownian.Evaluation;

/// <summary>
/// The kernel distance (Bińkowski et al. 2018, "Demystifying MMD GANs", with inception features the KID): the unbiased squared maximum mean
/// discrepancy with the kernel (x·y/d + 1)³. 0 on average for equal distributions, whatever the number of images, hence often a little below 0.
/// </summary>
public sealed class KernelDistance
{
    /// <summary>The fewest images of each set.</summary>
    public const int Least = 3;

    readonly Points _reference;
    readonly double[] _within;
    readonly int _threads;

    /// <summary>Compares sets with one reference, whose own sums are computed once.</summary>
    /// <param name="reference">At least <see cref="Least"/> images.</param>
    /// <param name="threads">0 for one per processor; the numbers do not depend on it.</param>
    /// <exception cref="ArgumentException">There are fewer images.</exception>
    public KernelDistance(Points reference, int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(reference);
        reference.AtLeast(Least, "the kernel distance");
        (_reference, _within, _threads) = (reference, Within(reference, threads), threads);
    }

    /// <summary>The distance of all images of two sets.</summary>
    /// <inheritdoc cref="To" path="/remarks"/>
    /// <param name="reference">At least <see cref="Least"/> images.</param>
    /// <param name="generated">As many, of the same features.</param>
    /// <param name="threads">0 for one per processor; the numbers do not depend on it.</param>
    /// <exception cref="ArgumentException">There are fewer images, or they have different features.</exception>
    public static KernelEstimate Between(Points reference, Points generated, int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(generated);
        reference.SameSpaceAs(generated);
        return new KernelDistance(reference, threads).To(generated);
    }

    /// <summary>The distance of all images of a set from all of the reference.</summary>
    /// <remarks>
    /// The standard error is that of the jackknife: the distance without each image in turn, of both sets, all from the sums of one pass. On
    /// average it is no smaller than the true one (Efron &amp; Stein 1981); for sets of equal distributions it is about 1.4 times as large.
    /// </remarks>
    /// <param name="generated">At least <see cref="Least"/> images, of the reference's features.</param>
    /// <exception cref="ArgumentException">There are fewer images, or they have different features.</exception>
    public KernelEstimate To(Points generated)
    {
        ArgumentNullException.ThrowIfNull(generated);
        _reference.SameSpaceAs(generated);
        generated.AtLeast(Least, "the kernel distance");
        double[] xx = _within, yy = Within(generated, _threads);
        (double[] xy, double[] yx) = Across(_reference, generated, _threads);
        double n = _reference.Count, m = generated.Count, sumX = xx.Sum(), sumY = yy.Sum(), cross = xy.Sum();
        double value = sumX / (n * (n - 1)) + sumY / (m * (m - 1)) - 2 * cross / (n * m);
        double variance =
            Jackknife(xx.Length, i => (sumX - 2 * xx[i]) / ((n - 1) * (n - 2)) - 2 * (cross - xy[i]) / ((n - 1) * m))
            + Jackknife(yy.Length, j => (sumY - 2 * yy[j]) / ((m - 1) * (m - 2)) - 2 * (cross - yx[j]) / (n * (m - 1)));
        return new KernelEstimate(value, Math.Sqrt(variance), _reference.Count, generated.Count);
    }

    /// <summary>The mean of the distances of subsets, as it is mostly published, with subsets of 1000 images.</summary>
    /// <param name="reference">The images of the one set.</param>
    /// <param name="generated">The images of the other, of the same features.</param>
    /// <param name="referenceRows">The rows of each subset.</param>
    /// <param name="generatedRows">As many subsets.</param>
    /// <param name="threads">0 for one per processor; the numbers do not depend on it.</param>
    /// <exception cref="ArgumentException">There are no subsets, or a different number of them, or a subset has fewer than <see cref="Least"/> images.</exception>
    public static KernelSubsets OverSubsets(Points reference, Points generated, int[][] referenceRows, int[][] generatedRows, int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(generated);
        ArgumentNullException.ThrowIfNull(referenceRows);
        ArgumentNullException.ThrowIfNull(generatedRows);
        if (referenceRows.Length == 0 || referenceRows.Length != generatedRows.Length)
        {
            throw new ArgumentException(
                $"The kernel distance: {referenceRows.Length} subsets of {reference.Name} and {generatedRows.Length} of {generated.Name}; give as many of each, at least 1.");
        }
        var values = new double[referenceRows.Length];
        for (int i = 0; i < values.Length; i++)
            values[i] = Between(reference.Take(referenceRows[i]), generated.Take(generatedRows[i]), threads).Value;
        double mean = values.Average(), squares = values.Sum(value => (value - mean) * (value - mean));
        // Subsets of one set overlap: what is independent of one another is no more than fits into it side by side.
        double apart = Math.Min(values.Length, Math.Min((double)reference.Count / referenceRows[0].Length, (double)generated.Count / generatedRows[0].Length));
        double? error = values.Length < 2 ? null : Math.Sqrt(squares / (values.Length - 1) / Math.Max(1, apart));
        return new KernelSubsets(mean, Math.Sqrt(squares / values.Length), error, values);
    }

    /// <summary>The rows of drawn subsets, each without replacement.</summary>
    /// <param name="points">The set.</param>
    /// <param name="subsets">How many, at least 1.</param>
    /// <param name="size">The images of each, from <see cref="Least"/> to all.</param>
    /// <param name="seed">Of the draw; the two sets of a comparison are drawn with different ones.</param>
    /// <exception cref="ArgumentException">The set has fewer images than a subset.</exception>
    public static int[][] DrawSubsets(Points points, int subsets, int size, long seed)
    {
        ArgumentNullException.ThrowIfNull(points);
        ArgumentOutOfRangeException.ThrowIfLessThan(subsets, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(size, Least);
        points.AtLeast(size, $"the kernel distance over subsets of {size}");
        var random = new Philox((ulong)seed, Philox.Stream("evaluation.subsets"));
        var rows = new int[subsets][];
        for (int i = 0; i < subsets; i++) rows[i] = random.At((ulong)i).Permutation(points.Count)[..size];
        return rows;
    }

    // (n − 1)/n · Σ (θ₋ᵢ − their mean)²
    static double Jackknife(int count, Func<int, double> without)
    {
        var values = new double[count];
        for (int i = 0; i < count; i++) values[i] = without(i);
        double mean = values.Average();
        return values.Sum(value => (value - mean) * (value - mean)) * (count - 1) / count;
    }

    // For each point, the sum of its kernels with the others.
    static double[] Within(Points x, int threads)
    {
        var sums = new double[x.Count];
        double d = x.Dimensions;
        PairProducts.ForEach(x, x, threads, (row, first, products) =>
        {
            double sum = 0;
            for (int j = 0; j < products.Length; j++)
            {
                if (first + j != row) sum += Cube(products[j] / d + 1);
            }
            sums[row] += sum;
        });
        return sums;
    }

    // The sums over rows, and over columns: these for each block of rows that one thread serves, the blocks then added in their order.
    static (double[] Rows, double[] Columns) Across(Points x, Points y, int threads)
    {
        var rows = new double[x.Count];
        double d = x.Dimensions;
        const int Group = PairProducts.RowsOfBlock;
        var partial = new double[(x.Count + Group - 1) / Group][];
        for (int i = 0; i < partial.Length; i++) partial[i] = new double[y.Count];
        PairProducts.ForEach(x, y, threads, (row, first, products) =>
        {
            double sum = 0;
            Span<double> columns = partial[row / Group].AsSpan(first, products.Length);
            for (int j = 0; j < products.Length; j++)
            {
                double kernel = Cube(products[j] / d + 1);
                sum += kernel;
                columns[j] += kernel;
            }
            rows[row] += sum;
        });
        var total = new double[y.Count];
        foreach (double[] part in partial)
        {
            for (int j = 0; j < total.Length; j++) total[j] += part[j];
        }
        return (rows, total);
    }

    static double Cube(double x) => x * x * x;
}

/// <summary>A kernel distance of all images.</summary>
/// <param name="Value">Unbiased; may be below 0.</param>
/// <param name="StandardError">Of <paramref name="Value"/>, over other images that might have been drawn for both sets.</param>
/// <param name="ReferenceCount">The images of the reference that it was computed with.</param>
/// <param name="GeneratedCount">Those of the generated set.</param>
public sealed record KernelEstimate(double Value, double StandardError, int ReferenceCount, int GeneratedCount);

/// <summary>Kernel distances of subsets.</summary>
/// <param name="Mean">Unbiased; may be below 0.</param>
/// <param name="Deviation">The standard deviation over subsets, with their number as its divisor: the "±" of most papers.</param>
/// <param name="StandardError">Of <paramref name="Mean"/>; subsets that overlap do not lessen it. Null with a single subset.</param>
/// <param name="PerSubset">The distance of each.</param>
public sealed record KernelSubsets(double Mean, double Deviation, double? StandardError, IReadOnlyList<double> PerSubset);
