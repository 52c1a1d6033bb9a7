namespace Brownian.Evaluation;

/// <summary>
/// Do generated images lie where the reference is, and everywhere there? A set's neighbourhood is made of balls, one around each image, that
/// reach to its k-th nearest image of the same set. Precision and recall: Kynkäänniemi et al. 2019, "Improved precision and recall metric for
/// assessing generative models", eq. 1 and 2; density and coverage: Naeem et al. 2020, "Reliable fidelity and diversity metrics for generative
/// models", eq. 3 and 4. An image on the surface of a ball is inside.
/// </summary>
public static class Neighbourhoods
{
    /// <summary>Compares two sets.</summary>
    /// <param name="reference">More than <paramref name="k"/> images.</param>
    /// <param name="generated">More than <paramref name="k"/> images, of the same features; best as many, as recall grows with their number.</param>
    /// <param name="k">The neighbours that a ball reaches to, at least 1: 3 or 5.</param>
    /// <param name="threads">0 for one per processor; the numbers do not depend on it.</param>
    /// <exception cref="ArgumentException">There are too few images, or they have different features.</exception>
    public static NeighbourhoodScores Of(Points reference, Points generated, int k = 3, int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(generated);
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        reference.SameSpaceAs(generated);
        string metric = $"a neighbourhood of {Counted.Of(k, "neighbour")}";
        reference.AtLeast(k + 1, metric);
        generated.AtLeast(k + 1, metric);
        double[] normX = PointDistances.SquaredNorms(reference), normY = PointDistances.SquaredNorms(generated);
        double[] radiusX = SquaredRadii(reference, normX, k, threads), radiusY = SquaredRadii(generated, normY, k, threads);

        var balls = new int[generated.Count];                                          // of the reference, around each generated image
        bool[] recalled = new bool[reference.Count], covered = new bool[reference.Count];
        double share = PointDistances.Rounding(reference.Dimensions);
        PairProducts.ForEach(reference, generated, threads, (row, first, products) =>
        {
            for (int j = 0; j < products.Length; j++)
            {
                int other = first + j;
                double norms = normX[row] + normY[other], distance = norms - 2 * products[j], doubt = norms * share;
                if (distance > radiusX[row] + doubt && distance > radiusY[other] + doubt) continue;
                if (Math.Abs(distance - radiusX[row]) <= doubt || Math.Abs(distance - radiusY[other]) <= doubt)
                    distance = reference.SquaredDistance(row, generated, other);
                if (distance <= radiusX[row])
                {
                    Interlocked.Increment(ref balls[other]);
                    covered[row] = true;
                }
                recalled[row] |= distance <= radiusY[other];
            }
        });
        return new NeighbourhoodScores(k, balls, recalled, covered);
    }

    // Of each point, the squared distance to its k-th nearest of the same set. Products only tell which distances are worth computing exactly.
    static double[] SquaredRadii(Points x, double[] norms, int k, int threads)
    {
        int n = x.Count;
        var nearest = new double[n * k];
        Array.Fill(nearest, double.PositiveInfinity);
        double share = PointDistances.Rounding(x.Dimensions);
        PairProducts.ForEach(x, x, threads, (row, first, products) =>
        {
            Span<double> distances = nearest.AsSpan(row * k, k);
            for (int j = 0; j < products.Length; j++)
            {
                double sum = norms[row] + norms[first + j];
                if (sum - 2 * products[j] > distances[^1] + sum * share || first + j == row) continue;
                double distance = x.SquaredDistance(row, x, first + j);
                if (distance >= distances[^1]) continue;
                int place = k - 1;
                for (; place > 0 && distances[place - 1] > distance; place--) distances[place] = distances[place - 1];
                distances[place] = distance;
            }
        });
        return [.. Enumerable.Range(0, n).Select(row => nearest[row * k + k - 1])];
    }
}

/// <summary>Squared distances by way of |x|² + |y|² − 2·x·y, and how far to trust them.</summary>
static class PointDistances
{
    /// <summary>|x|² of each point: the same bits as the product of the point with itself.</summary>
    public static double[] SquaredNorms(Points points)
    {
        var norms = new double[points.Count];
        var row = new double[points.Dimensions];
        for (int i = 0; i < norms.Length; i++)
        {
            points.CopyTo(i, row);
            double sum = 0;
            foreach (double value in row) sum = Math.FusedMultiplyAdd(value, value, sum);
            norms[i] = sum;
        }
        return norms;
    }

    /// <summary>What a squared distance may be off by, as a share of |x|² + |y|²: one rounding for each term, both of the sums and of the distance itself.</summary>
    public static double Rounding(int dimensions) => (dimensions + 4) * 4.5e-16;
}

/// <summary>What <see cref="Neighbourhoods"/> finds.</summary>
public sealed class NeighbourhoodScores
{
    readonly int[] _balls;
    readonly bool[] _recalled, _covered;

    internal NeighbourhoodScores(int k, int[] balls, bool[] recalled, bool[] covered) => (K, _balls, _recalled, _covered) = (k, balls, recalled, covered);

    /// <summary>The neighbours that a ball reaches to.</summary>
    public int K { get; }

    /// <summary>The images of the reference.</summary>
    public int ReferenceCount => _covered.Length;

    /// <summary>The generated images.</summary>
    public int GeneratedCount => _balls.Length;

    /// <summary>The share of generated images that lie in a ball of the reference: how good they are.</summary>
    public double Precision => Precise.Average();

    /// <summary>The share of images of the reference that lie in a ball of the generated ones: how much of it they reach.</summary>
    public double Recall => Recalled.Average();

    /// <summary>How many balls of the reference a generated image lies in, as a share of k: above 1 where they crowd in dense regions.</summary>
    public double Density => Dense.Average();

    /// <summary>The share of the reference's balls with a generated image in them.</summary>
    public double Coverage => Covered.Average();

    /// <summary>1 for each generated image that is in a ball of the reference, 0 for others: their mean is <see cref="Precision"/>.</summary>
    internal double[] Precise => Array.ConvertAll(_balls, balls => balls > 0 ? 1.0 : 0);

    internal double[] Recalled => Array.ConvertAll(_recalled, recalled => recalled ? 1.0 : 0);

    internal double[] Dense => Array.ConvertAll(_balls, balls => (double)balls / K);

    internal double[] Covered => Array.ConvertAll(_covered, covered => covered ? 1.0 : 0);
}
