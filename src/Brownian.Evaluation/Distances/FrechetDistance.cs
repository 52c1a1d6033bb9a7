using Brownian.Tensors;

namespace Brownian.Evaluation;

/// <summary>
/// The Fréchet distance of sets of features from a reference, both taken as normal distributions (Heusel et al. 2017, "GANs trained by a two
/// time-scale update rule", eq. 6, with inception features the FID): |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2·(Σ₁·Σ₂)^½). 0 for equal distributions,
/// without an upper limit. With few images it is too high: see <see cref="Extrapolate"/>.
/// </summary>
/// <remarks>
/// With any F of F·Fᵀ = Σ₁, tr (Σ₁·Σ₂)^½ is the sum of the roots of the eigenvalues of Fᵀ·Σ₂·F, which is symmetric. F is Cholesky's factor,
/// made once for the reference. Of n images in more than n dimensions, the n×n matrix of inner products in F's coordinates has the same
/// eigenvalues but zeros.
/// </remarks>
public sealed class FrechetDistance
{
    readonly GaussianStatistics _reference;
    readonly Points _factor;              // Rank×Dimensions: the columns of F
    readonly double _trace;

    /// <param name="reference">What distances are measured from.</param>
    /// <param name="threads">0 for one per processor; the numbers do not depend on it.</param>
    public FrechetDistance(GaussianStatistics reference, int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(reference);
        _reference = reference;
        _factor = new Points(SymmetricMatrix.Factor(reference.CovarianceArray, reference.Dimensions, threads), reference.Dimensions, "reference");
        _trace = Trace(reference);
    }

    /// <summary>The distance of two distributions.</summary>
    /// <param name="first">The one.</param>
    /// <param name="second">The other, of the same features.</param>
    /// <param name="threads">0 for one per processor; the number does not depend on it.</param>
    /// <exception cref="ArgumentException">They are of different features.</exception>
    public static double Between(GaussianStatistics first, GaussianStatistics second, int threads = 0) =>
        new FrechetDistance(first, threads).To(second, threads);

    /// <summary>The distance of a distribution.</summary>
    /// <param name="other">Of the same features.</param>
    /// <param name="threads">0 for one per processor; the number does not depend on it.</param>
    /// <exception cref="ArgumentException">It is of other features.</exception>
    public double To(GaussianStatistics other, int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.Identity != _reference.Identity && other.Identity.Length > 0 && _reference.Identity.Length > 0)
            throw new ArgumentException($"Fréchet distance: features {_reference.Identity} and {other.Identity} cannot be compared; compute both with one network.");
        SameDimensions(other.Dimensions, "statistics");
        int d = other.Dimensions, rank = _factor.Count;
        Points covariance = new(other.CovarianceArray, d, "covariance");
        Points left = new(Products(_factor, covariance, threads), d, "products");
        return Distance(other.MeanArray, Trace(other), SymmetricMatrix.Eigenvalues(Products(left, _factor, threads), rank, threads));
    }

    /// <summary>The distance of a set.</summary>
    /// <param name="other">At least 2 images, of the same features.</param>
    /// <param name="threads">0 for one per processor; the number does not depend on it.</param>
    /// <exception cref="ArgumentException">There are fewer, or they have other features.</exception>
    public double To(Points other, int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(other);
        SameDimensions(other.Dimensions, other.Name);
        other.AtLeast(2, "the Fréchet distance");
        int d = other.Dimensions, n = other.Count;
        if (n > d) return To(GaussianStatistics.Of(other, threads), threads);

        double[] centred = new double[n * d], mean = new double[d];
        other.CopyTo(0, centred);
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < d; j++) mean[j] += centred[i * d + j];
        }
        for (int j = 0; j < d; j++) mean[j] /= n;
        double trace = 0, scale = 1 / Math.Sqrt(n - 1);
        for (int i = 0; i < centred.Length; i++)
        {
            centred[i] = (centred[i] - mean[i % d]) * scale;
            trace += centred[i] * centred[i];
        }
        if (_factor.Count == 0) return Distance(mean, trace, []);
        Points coordinates = new(Products(new Points(centred, d, other.Name), _factor, threads), _factor.Count, other.Name);
        return Distance(mean, trace, SymmetricMatrix.Eigenvalues(Products(coordinates, coordinates, threads), n, threads));
    }

    /// <summary>
    /// The distance that infinitely many images would have (Chong &amp; Forsyth 2020, "Effectively unbiased FID and Inception Score and where to
    /// find them"): the distance of N images is a·1/N + b to first order, so it is measured at several N, and b is the intercept of a straight
    /// line. The reference stays as it is: what few images do to that side remains.
    /// </summary>
    /// <param name="generated">The images, of the same features; at least <see cref="LeastToExtrapolate"/>.</param>
    /// <param name="seed">Decides which images make the smaller sets.</param>
    /// <param name="threads">0 for one per processor; the numbers do not depend on it.</param>
    /// <exception cref="ArgumentException">There are too few images, or they have other features.</exception>
    public FrechetExtrapolation Extrapolate(Points generated, long seed, int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(generated);
        SameDimensions(generated.Dimensions, generated.Name);
        generated.AtLeast(LeastToExtrapolate(generated.Dimensions), $"extrapolating the Fréchet distance in {Counted.Of(generated.Dimensions, "dimension")}");
        int n = generated.Count, least = Math.Max(2 * generated.Dimensions, Math.Max(n / 10, 20));
        int[] sizes = new int[FrechetExtrapolation.Sizes], order = new Philox((ulong)seed, Philox.Stream("evaluation.extrapolate")).Permutation(n);
        for (int i = 0; i < sizes.Length; i++)
        {
            // Evenly spaced along 1/N, the axis of the line, the largest last.
            double share = (double)i / (sizes.Length - 1);
            sizes[i] = (int)Math.Round(1 / ((1 - share) / least + share / n));
        }
        // For each size the mean of as many sets as it takes to use every image, one set going on where the last one ended: what is peculiar to
        // these images is then about the same at every size, and does not scatter around the line.
        double[] distances = Array.ConvertAll(sizes, size =>
        {
            if (size == n) return To(generated, threads);
            int sets = (n + size - 1) / size;
            double sum = 0;
            for (int i = 0; i < sets; i++)
            {
                int start = i * size;
                sum += To(generated.Take([.. Enumerable.Range(start, size).Select(image => order[image % n])]), threads);
            }
            return sum / sets;
        });
        return FrechetExtrapolation.Fit(sizes, distances);
    }

    /// <summary>The fewest images for <see cref="Extrapolate"/>: below twice the dimensions, the distance is no straight line in 1/N.</summary>
    public static int LeastToExtrapolate(int dimensions) => Math.Max(4 * dimensions, 40);

    static double[] Products(Points x, Points y, int threads)
    {
        var all = new double[x.Count * y.Count];
        int columns = y.Count;
        PairProducts.ForEach(x, y, threads, (row, first, products) => products.CopyTo(all.AsSpan(row * columns + first)));
        return all;
    }

    static double Trace(GaussianStatistics statistics)
    {
        double trace = 0;
        for (int i = 0, d = statistics.Dimensions; i < d; i++) trace += statistics.CovarianceArray[i * d + i];
        return trace;
    }

    double Distance(double[] mean, double trace, double[] eigenvalues)
    {
        double square = 0, roots = 0;
        for (int i = 0; i < mean.Length; i++) square += (mean[i] - _reference.MeanArray[i]) * (mean[i] - _reference.MeanArray[i]);
        Array.Sort(eigenvalues);
        foreach (double value in eigenvalues) roots += Math.Sqrt(Math.Max(value, 0));     // below 0 by rounding alone
        return Math.Max(0, square + _trace + trace - 2 * roots);
    }

    void SameDimensions(int dimensions, string name)
    {
        if (dimensions != _reference.Dimensions)
        {
            throw new ArgumentException(
                $"Fréchet distance: the reference has {Counted.Of(_reference.Dimensions, "feature")} for each image and {name} {dimensions}: compute both with one network.");
        }
    }
}

/// <summary>What <see cref="FrechetDistance.Extrapolate"/> finds.</summary>
/// <param name="Value">The distance of infinitely many images; a little below 0 where it is 0.</param>
/// <param name="StandardError">
/// Of <paramref name="Value"/>, from the scatter around the line. It says nothing of other images that might have been drawn: the interval
/// of the distance itself does.
/// </param>
/// <param name="Bias">What the distance of all the images is too high by: it, less <paramref name="Value"/>.</param>
/// <param name="Counts">The sizes of the sets, N.</param>
/// <param name="Distances">Their distances, the mean of several sets for smaller sizes.</param>
public sealed record FrechetExtrapolation(double Value, double StandardError, double Bias, IReadOnlyList<int> Counts, IReadOnlyList<double> Distances)
{
    /// <summary>How many sizes the line is fitted to.</summary>
    internal const int Sizes = 7;

    /// <summary>The line of least squares through (1/N, distance), and its intercept's error.</summary>
    internal static FrechetExtrapolation Fit(int[] counts, double[] distances)
    {
        int n = counts.Length;
        double meanX = counts.Average(count => 1.0 / count), meanY = distances.Average(), xx = 0, xy = 0, residuals = 0;
        for (int i = 0; i < n; i++)
        {
            double x = 1.0 / counts[i] - meanX;
            xx += x * x;
            xy += x * (distances[i] - meanY);
        }
        double slope = xy / xx, intercept = meanY - slope * meanX;
        for (int i = 0; i < n; i++)
        {
            double residual = distances[i] - intercept - slope / counts[i];
            residuals += residual * residual;
        }
        double error = Math.Sqrt(residuals / (n - 2) * (1.0 / n + meanX * meanX / xx));
        return new FrechetExtrapolation(intercept, error, distances[^1] - intercept, counts, distances);
    }
}
