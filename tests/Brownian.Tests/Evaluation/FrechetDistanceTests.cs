using Brownian.Evaluation;
using static Brownian.Tests.Evaluation.Features;

namespace Brownian.Tests.Evaluation;

public sealed class FrechetDistanceTests
{
    /// <summary>
    /// For covariances with common eigenvectors, tr(Σ₁ + Σ₂ − 2·(Σ₁·Σ₂)^½) = Σ (σ₁ − σ₂)². An eigenvalue of 0 is found to 1e-16, its root to 1e-8.
    /// </summary>
    [Theory]
    [InlineData(0.1, 1e-11)]
    [InlineData(0, 1e-6)]
    public void Normal_distributions_have_the_distance_of_the_formula(double least, double tolerance)
    {
        double[] sd1 = [1, 2, 0.5, least, 3], sd2 = [2, 2, 1.5, 1, least], mean2 = [1, 0, -2, 0.5, 0];
        int d = sd1.Length;
        double[] turn = Rotation(d);
        double expected = mean2.Sum(m => m * m) + sd1.Zip(sd2, (a, b) => (a - b) * (a - b)).Sum();
        GaussianStatistics one = new(new double[d], Turned(turn, sd1), 0), two = new(Times(turn, mean2), Turned(turn, sd2), 0);
        Assert.Equal(expected, FrechetDistance.Between(one, two), tolerance);
        Assert.Equal(expected, FrechetDistance.Between(two, one), tolerance);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(40)]
    [InlineData(270)]
    public void Eigenvalues_are_those_of_Jacobis_rotations(int n)
    {
        GaussianStatistics statistics = GaussianStatistics.Of(NormalPoints(n + 20, n, 3, 2, 5));
        double[] matrix = [.. statistics.Covariance];
        double[] expected = SlowEigenvalues(matrix, n);
        double[] one = SymmetricMatrix.Eigenvalues([.. matrix], n, 1), three = SymmetricMatrix.Eigenvalues([.. matrix], n, 3);
        Assert.Equal(one, three);
        Array.Sort(one);
        for (int i = 0; i < n; i++) Assert.Equal(expected[i], one[i], 1e-13 * n * expected[^1]);
    }

    [Fact]
    public void Eigenvalues_of_matrices_that_are_split_or_empty()
    {
        Assert.Equal([0, 0, 0], SymmetricMatrix.Eigenvalues(new double[9], 3, 1));
        Assert.Equal([2, 2, 2], SymmetricMatrix.Eigenvalues([2, 0, 0, 0, 2, 0, 0, 0, 2], 3, 1));
        double[] found = SymmetricMatrix.Eigenvalues([0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 5, 2, 0, 0, 2, 5], 4, 1);
        Array.Sort(found);
        double[] expected = [-1, 1, 3, 7];
        for (int i = 0; i < 4; i++) Assert.Equal(expected[i], found[i], 1e-14);
        Assert.Empty(SymmetricMatrix.Eigenvalues([], 0, 1));
    }

    [Theory]
    [InlineData(5, 9)]
    [InlineData(30, 9)]
    [InlineData(290, 280)]
    public void A_factor_gives_the_matrix_back_and_has_its_rank(int count, int d)
    {
        double[] covariance = [.. GaussianStatistics.Of(NormalPoints(count, d, 8, 3, 1)).Covariance];
        double[] g = SymmetricMatrix.Factor(covariance, d, 2);
        Assert.Equal(g, SymmetricMatrix.Factor(covariance, d, 1));
        int rank = g.Length / d;
        Assert.Equal(Math.Min(count - 1, d), rank);
        for (int i = 0; i < d; i++)
        {
            for (int j = 0; j < d; j++)
                Assert.Equal(covariance[i * d + j], Enumerable.Range(0, rank).Sum(k => g[k * d + i] * g[k * d + j]), 1e-11);
        }
    }

    [Fact]
    public void Few_images_give_the_same_number_by_their_inner_products_as_by_their_covariance()
    {
        Points reference = NormalPoints(60, 20, 1), few = NormalPoints(12, 20, 2, 1.5, 0.3);
        var distance = new FrechetDistance(GaussianStatistics.Of(reference));
        Assert.Equal(distance.To(GaussianStatistics.Of(few)), distance.To(few), 1e-6);
    }

    [Fact]
    public void Statistics_do_not_depend_on_the_pieces_that_images_come_in_nor_on_threads()
    {
        Points all = NormalPoints(700, 33, 4, 1, 100);
        var pieces = new GaussianSums(33, 2);
        foreach (int[] rows in Enumerable.Range(0, 700).Chunk(97)) pieces.Add(all.Take(rows));
        GaussianStatistics one = GaussianStatistics.Of(all, 1), other = pieces.Statistics("all");
        Assert.Equal(one.Mean, other.Mean);
        Assert.Equal(one.Covariance, other.Covariance);
        double[][] rowsOf = [.. Enumerable.Range(0, 700).Select(i => Row(all, i))];
        for (int a = 0; a < 33; a += 8)
        {
            double meanA = rowsOf.Average(r => r[a]), mean0 = rowsOf.Average(r => r[0]);
            Assert.Equal(rowsOf.Sum(r => (r[a] - meanA) * (r[0] - mean0)) / 699, one.Covariance[a * 33], 1e-11);
        }
    }

    [Fact]
    public void The_distance_does_not_depend_on_threads()
    {
        Points one = NormalPoints(500, 300, 1), two = NormalPoints(400, 300, 2, 1.1);
        double single = new FrechetDistance(GaussianStatistics.Of(one, 1), 1).To(two, 1);
        Assert.Equal(single, new FrechetDistance(GaussianStatistics.Of(one, 3), 3).To(two, 3));
        Assert.Equal(new FrechetDistance(GaussianStatistics.Of(two, 1), 1).To(one.Take([.. Enumerable.Range(0, 99)]), 1),
            new FrechetDistance(GaussianStatistics.Of(two, 2), 2).To(one.Take([.. Enumerable.Range(0, 99)]), 2));
    }

    /// <summary>
    /// A sample of the reference's own distribution: its distance is about (d + d·(d + 1)/4)/N (to first order, mean and covariance each), that of
    /// infinitely many images is 0.
    /// </summary>
    [Fact]
    public void Extrapolated_to_infinitely_many_images_equal_distributions_have_no_distance()
    {
        const int D = 16, Count = 3000;
        double[] identity = [.. Enumerable.Range(0, D * D).Select(i => i / D == i % D ? 1.0 : 0)];
        var distance = new FrechetDistance(new GaussianStatistics(new double[D], identity, 0));
        Points sample = NormalPoints(Count, D, 12);
        double value = distance.To(sample), expected = (D + D * (D + 1) / 4.0) / Count;
        Assert.InRange(value, 0.7 * expected, 1.3 * expected);
        FrechetExtrapolation found = distance.Extrapolate(sample, 1);
        Assert.InRange(found.Value, -0.3 * expected, 0.3 * expected);
        Assert.Equal(value, found.Value + found.Bias, 1e-12);
        Assert.Equal(found.Value, distance.Extrapolate(sample, 1, 1).Value);
        Assert.InRange(found.StandardError, 1e-6, 0.3 * expected);
        Assert.Equal(Count, found.Counts[^1]);
    }

    [Fact]
    public void A_lines_intercept_has_the_error_of_least_squares()
    {
        // y = 2 + 10/N with ±0.1 in turn; intercept and error computed with exact fractions of the normal equations.
        int[] counts = [10, 20, 40, 80];
        double[] values = [3.1, 2.4, 2.35, 2.025];
        FrechetExtrapolation found = FrechetExtrapolation.Fit(counts, values);
        double[] x = [.. counts.Select(n => 1.0 / n)];
        double sx = x.Sum(), sxx = x.Sum(v => v * v), sy = values.Sum(), sxy = x.Zip(values, (a, b) => a * b).Sum(), det = 4 * sxx - sx * sx;
        double slope = (4 * sxy - sx * sy) / det, intercept = (sxx * sy - sx * sxy) / det;
        double residuals = x.Zip(values, (a, b) => Math.Pow(b - intercept - slope * a, 2)).Sum();
        Assert.Equal(intercept, found.Value, 1e-12);
        Assert.Equal(Math.Sqrt(residuals / 2 * sxx / det), found.StandardError, 1e-12);
    }

    [Fact]
    public void Refuses_what_it_cannot_compare()
    {
        var distance = new FrechetDistance(GaussianStatistics.Of(NormalPoints(30, 5, 6)));
        Assert.Contains("1 image; the Fréchet distance needs at least 2", Assert.Throws<ArgumentException>(() => distance.To(NormalPoints(1, 5, 1))).Message);
        Assert.Contains("1 image", Assert.Throws<ArgumentException>(() => GaussianStatistics.Of(NormalPoints(1, 5, 1))).Message);
        Assert.Contains("5 features for each image and set 4", Assert.Throws<ArgumentException>(() => distance.To(NormalPoints(9, 4, 1))).Message);
        Assert.Contains("needs at least 40", Assert.Throws<ArgumentException>(() => distance.Extrapolate(NormalPoints(39, 5, 1), 0)).Message);
    }

    static double[] Turned(double[] turn, double[] sd)
    {
        int d = sd.Length;
        var s = new double[d * d];
        for (int i = 0; i < d; i++)
            for (int j = 0; j < d; j++) s[i * d + j] = Enumerable.Range(0, d).Sum(k => turn[i * d + k] * sd[k] * sd[k] * turn[j * d + k]);
        return s;
    }

    static double[] Times(double[] turn, double[] v) =>
        [.. Enumerable.Range(0, v.Length).Select(i => Enumerable.Range(0, v.Length).Sum(k => turn[i * v.Length + k] * v[k]))];

    // A reflection about the plane across (1, 2, …, d): orthogonal, and no zero in it.
    static double[] Rotation(int d)
    {
        double square = Enumerable.Range(1, d).Sum(i => (double)i * i);
        var turn = new double[d * d];
        for (int i = 0; i < d; i++)
            for (int j = 0; j < d; j++) turn[i * d + j] = (i == j ? 1 : 0) - 2 * (i + 1.0) * (j + 1.0) / square;
        return turn;
    }
}
