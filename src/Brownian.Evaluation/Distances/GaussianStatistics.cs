namespace Brownian.Evaluation;

/// <summary>The mean and the covariance of a set of features: all that <see cref="FrechetDistance"/> knows of it.</summary>
public sealed class GaussianStatistics
{
    /// <param name="mean">One number per feature.</param>
    /// <param name="covariance">Features×features, with count − 1 as its divisor.</param>
    /// <param name="count">The images that they are of; 0 for a distribution that is known.</param>
    /// <exception cref="ArgumentException">The covariance is no square of the mean's length.</exception>
    public GaussianStatistics(double[] mean, double[] covariance, long count)
    {
        ArgumentNullException.ThrowIfNull(mean);
        ArgumentNullException.ThrowIfNull(covariance);
        if (covariance.LongLength != mean.LongLength * mean.LongLength)
            throw new ArgumentException($"{covariance.Length} numbers are no covariance of {mean.Length} features; give {(long)mean.Length * mean.Length}.");
        (Mean, Covariance, Count) = (mean, covariance, count);
    }

    /// <summary>One number per feature.</summary>
    public IReadOnlyList<double> Mean { get; }

    /// <summary>Features×features, row after row; the divisor is <see cref="Count"/> − 1.</summary>
    public IReadOnlyList<double> Covariance { get; }

    /// <summary>The images that they are of; 0 for a distribution that is known.</summary>
    public long Count { get; }

    /// <summary>The numbers that an image has.</summary>
    public int Dimensions => Mean.Count;

    /// <summary>Of the network that gave the features: see <see cref="FeatureNetwork.Identity"/>.</summary>
    public string Identity { get; init; } = "";

    internal double[] MeanArray => (double[])Mean;

    internal double[] CovarianceArray => (double[])Covariance;

    /// <summary>Those of a set.</summary>
    /// <param name="points">At least 2.</param>
    /// <param name="threads">0 for one per processor; the numbers do not depend on it.</param>
    /// <exception cref="ArgumentException">There are fewer than 2.</exception>
    public static GaussianStatistics Of(Points points, int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(points);
        var sums = new GaussianSums(points.Dimensions, threads);
        sums.Add(points);
        return sums.Statistics(points.Name);
    }

    /// <summary>Those of a set of features, with its identity.</summary>
    /// <inheritdoc cref="Of(Points, int)"/>
    /// <param name="set">At least 2 images.</param>
    /// <param name="name">What messages call the set.</param>
    /// <param name="threads">0 for one per processor; the numbers do not depend on it.</param>
    public static GaussianStatistics Of(FeatureSet set, string name, int threads = 0)
    {
        var points = new Points(set, name);
        var sums = new GaussianSums(points.Dimensions, threads) { Identity = set.Identity };
        sums.Add(points);
        return sums.Statistics(name);
    }
}

/// <summary>
/// Gathers <see cref="GaussianStatistics"/> from features as they come. Blocks of 256 images are centred and summed by themselves and then
/// joined (Chan, Golub &amp; LeVeque 1983), so that a large mean costs no digits, and the pieces that images come in do not matter.
/// </summary>
public sealed class GaussianSums
{
    const int RowsOfBlock = 256;
    readonly int _threads;
    readonly double[] _mean, _products, _block;
    long _count;
    int _waiting;

    /// <param name="dimensions">The numbers in a row.</param>
    /// <param name="threads">0 for one per processor; the numbers do not depend on it.</param>
    public GaussianSums(int dimensions, int threads = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(dimensions, 1);
        _threads = threads;
        _mean = new double[dimensions];
        _products = new double[dimensions * dimensions];
        _block = new double[RowsOfBlock * dimensions];
    }

    /// <summary>That of the statistics: see <see cref="GaussianStatistics.Identity"/>.</summary>
    public string Identity { get; init; } = "";

    /// <summary>Adds images.</summary>
    /// <param name="points">Their features.</param>
    /// <exception cref="ArgumentException">They have another number of features.</exception>
    public void Add(Points points)
    {
        ArgumentNullException.ThrowIfNull(points);
        int d = _mean.Length;
        if (points.Dimensions != d) throw new ArgumentException($"{points.Name} has {Counted.Of(points.Dimensions, "feature")} for each image, {d} were expected.");
        for (int i = 0; i < points.Count;)
        {
            int count = Math.Min(points.Count - i, RowsOfBlock - _waiting);
            points.CopyTo(i, _block.AsSpan(_waiting * d, count * d));
            i += count;
            _waiting += count;
            if (_waiting == RowsOfBlock) Join();
        }
    }

    /// <summary>The statistics of all images so far.</summary>
    /// <param name="name">What a message calls the set.</param>
    /// <exception cref="ArgumentException">There are fewer than 2.</exception>
    public GaussianStatistics Statistics(string name)
    {
        if (_waiting > 0) Join();
        if (_count < 2)
            throw new ArgumentException($"{name}: {Counted.Of(_count, "image")}; the Fréchet distance needs at least 2 in each set: give more.");
        return new GaussianStatistics((double[])_mean.Clone(), Array.ConvertAll(_products, sum => sum / (_count - 1)), _count) { Identity = Identity };
    }

    void Join()
    {
        int d = _mean.Length, count = _waiting;
        var mean = new double[d];
        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j < d; j++) mean[j] += _block[i * d + j];
        }
        for (int j = 0; j < d; j++) mean[j] /= count;
        var columns = new double[d * count];
        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j < d; j++) columns[j * count + i] = _block[i * d + j] - mean[j];
        }
        var centred = new Points(columns, count, "features");
        double weight = (double)_count * count / (_count + count);
        PairProducts.ForEach(centred, centred, _threads, (row, first, products) =>
        {
            Span<double> sums = _products.AsSpan(row * d + first, products.Length);
            double shift = weight * (mean[row] - _mean[row]);
            for (int j = 0; j < sums.Length; j++) sums[j] += products[j] + shift * (mean[first + j] - _mean[first + j]);
        });
        for (int j = 0; j < d; j++) _mean[j] += (mean[j] - _mean[j]) * count / (_count + count);
        _count += count;
        _waiting = 0;
    }
}
