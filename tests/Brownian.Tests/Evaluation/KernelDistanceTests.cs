using Brownian.Evaluation;
using static Brownian.Tests.Evaluation.Features;

namespace Brownian.Tests.Evaluation;

public sealed class KernelDistanceTests
{
    [Theory]
    [InlineData(3, 3, 1)]
    [InlineData(70, 15, 7)]
    [InlineData(130, 140, 13)]
    public void Is_the_definitions_sum_over_pairs(int n, int m, int d)
    {
        Points x = NormalPoints(n, d, 1, 1.2), y = NormalPoints(m, d, 2, 1, 0.4);
        KernelEstimate one = KernelDistance.Between(x, y, 1);
        Assert.Equal(one, KernelDistance.Between(x, y, 3));
        var reference = new KernelDistance(x);
        Assert.Equal((one, one), (reference.To(y), reference.To(y)));
        double expected = SlowKernelDistance(x, y);
        Assert.Equal(expected, one.Value, 1e-12 * Math.Max(1, Math.Abs(expected)));
    }

    [Fact]
    public void Its_error_is_that_of_leaving_each_image_out()
    {
        const int N = 9, M = 7;
        Points x = NormalPoints(N, 4, 1, 1.2), y = NormalPoints(M, 4, 2, 1, 0.4);
        double[] withoutX = [.. Enumerable.Range(0, N).Select(i => SlowKernelDistance(Without(x, i), y))];
        double[] withoutY = [.. Enumerable.Range(0, M).Select(i => SlowKernelDistance(x, Without(y, i)))];
        double meanX = withoutX.Average(), meanY = withoutY.Average();
        double variance = withoutX.Sum(v => (v - meanX) * (v - meanX)) * (N - 1) / N + withoutY.Sum(v => (v - meanY) * (v - meanY)) * (M - 1) / M;
        Assert.Equal(Math.Sqrt(variance), KernelDistance.Between(x, y).StandardError, 1e-11);
    }

    /// <summary>Of 200 pairs of samples: the mean is the true distance, and the error that each states is about that which they have.</summary>
    [Theory]
    [InlineData(0, 1.0, 2.0)]
    [InlineData(0.6, 0.8, 1.3)]
    public void Is_unbiased_and_states_an_honest_error(double shift, double leastShare, double mostShare)
    {
        const int Trials = 200, D = 4;
        // E k over x, y normal with means a, b: (x·y/d + 1)³ has the mean of 1 + 3·s + 3·s² + s³ with s = x·y/d.
        double far = Mean(shift, shift), across = Mean(0, shift), near = Mean(0, 0), expected = near + far - 2 * across;
        KernelEstimate[] found = [.. Enumerable.Range(0, Trials).Select(i =>
            KernelDistance.Between(NormalPoints(40, D, (ulong)(1000 + i)), NormalPoints(50, D, (ulong)(5000 + i), 1, shift), 1))];
        double mean = found.Average(f => f.Value), deviation = Math.Sqrt(found.Sum(f => Math.Pow(f.Value - mean, 2)) / (Trials - 1));
        Assert.InRange(mean, expected - 4 * deviation / Math.Sqrt(Trials), expected + 4 * deviation / Math.Sqrt(Trials));
        double stated = Math.Sqrt(found.Average(f => f.StandardError * f.StandardError));
        Assert.InRange(stated / deviation, leastShare, mostShare);

        // With x_i ~ N(a, 1), y_i ~ N(b, 1) independent: s = Σ x_i·y_i/D, each term of mean ab, variance 1 + a² + b², and third central moment 6ab.
        double Mean(double a, double b)
        {
            double m = a * b, v = (1 + a * a + b * b) / D, c = 6 * a * b / (D * D);
            return 1 + 3 * m + 3 * (v + m * m) + (c + 3 * m * v + m * m * m);
        }
    }

    [Fact]
    public void Subsets_are_drawn_without_replacement_and_their_overlap_lessens_no_error()
    {
        Points x = NormalPoints(50, 3, 1), y = NormalPoints(60, 3, 2);
        int[][] rows = KernelDistance.DrawSubsets(x, 30, 25, 4);
        Assert.All(rows, subset => Assert.Equal(25, subset.Distinct().Count()));
        Assert.NotEqual(rows[0], rows[1]);
        KernelSubsets found = KernelDistance.OverSubsets(x, y, rows, KernelDistance.DrawSubsets(y, 30, 25, 5));
        // Two subsets of 25 fit into 50 images: no more than two are independent.
        Assert.Equal(found.Deviation * Math.Sqrt(30.0 / 29 / 2), found.StandardError!.Value, 1e-12);
        Assert.Null(KernelDistance.OverSubsets(x, y, rows[..1], KernelDistance.DrawSubsets(y, 1, 25, 5)).StandardError);
    }

    [Fact]
    public void Refuses_what_it_cannot_compare()
    {
        Points x = NormalPoints(9, 3, 1);
        Assert.Contains("2 images; the kernel distance needs at least 3", Assert.Throws<ArgumentException>(() => KernelDistance.Between(x, NormalPoints(2, 3, 1))).Message);
        Assert.Contains("compute both with one network", Assert.Throws<ArgumentException>(() => KernelDistance.Between(x, NormalPoints(9, 4, 1))).Message);
        Assert.Contains("9 images; the kernel distance over subsets of 10 needs at least 10", Assert.Throws<ArgumentException>(() => KernelDistance.DrawSubsets(x, 2, 10, 0)).Message);
        Assert.Contains("0 subsets of set and 1 of set", Assert.Throws<ArgumentException>(() => KernelDistance.OverSubsets(x, x, [], [[1, 2, 3]])).Message);
    }

    static Points Without(Points points, int image) => points.Take([.. Enumerable.Range(0, points.Count).Where(i => i != image)]);
}
