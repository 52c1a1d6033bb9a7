using Brownian.Evaluation;
using Brownian.Tensors;

namespace Brownian.Tests.Evaluation;

/// <summary>Sets of features made for tests, and the slow twins of what is computed of them.</summary>
static class Features
{
    /// <summary>Standard normal numbers, scaled and moved.</summary>
    public static double[] Normal(int count, int dimensions, ulong seed, double scale = 1, double shift = 0)
    {
        var values = new float[count * dimensions];
        new Philox(seed, Philox.Stream("test")).Normal(values);
        return Array.ConvertAll(values, value => value * scale + shift);
    }

    public static Points NormalPoints(int count, int dimensions, ulong seed, double scale = 1, double shift = 0) =>
        new(Normal(count, dimensions, seed, scale, shift), dimensions, "set");

    public static FeatureSet NormalSet(int count, int dimensions, ulong seed, double shift = 0) =>
        new("test", dimensions, Array.ConvertAll(Normal(count, dimensions, seed, 1, shift), value => (float)value));

    public static double[] Row(Points points, int row)
    {
        var values = new double[points.Dimensions];
        points.CopyTo(row, values);
        return values;
    }

    public static double SquaredDistance(double[] x, double[] y) => x.Zip(y, (a, b) => (a - b) * (a - b)).Sum();

    public static double Kernel(double[] x, double[] y) => Math.Pow(x.Zip(y, (a, b) => a * b).Sum() / x.Length + 1, 3);

    /// <summary>Mean kernels over ordered pairs, as the definition says.</summary>
    public static double SlowKernelDistance(Points x, Points y)
    {
        double[][] a = [.. Enumerable.Range(0, x.Count).Select(i => Row(x, i))], b = [.. Enumerable.Range(0, y.Count).Select(i => Row(y, i))];
        double Within(double[][] set) =>
            set.SelectMany((p, i) => set.Where((_, j) => j != i).Select(q => Kernel(p, q))).Sum() / ((double)set.Length * (set.Length - 1));
        return Within(a) + Within(b) - 2 * a.SelectMany(p => b.Select(q => Kernel(p, q))).Average();
    }

    /// <summary>Precision, recall, density and coverage, pair by pair.</summary>
    public static (double Precision, double Recall, double Density, double Coverage) SlowNeighbourhoods(Points x, Points y, int k)
    {
        double[][] a = [.. Enumerable.Range(0, x.Count).Select(i => Row(x, i))], b = [.. Enumerable.Range(0, y.Count).Select(i => Row(y, i))];
        double[] Radii(double[][] set) => [.. set.Select((p, i) => set.Where((_, j) => j != i).Select(q => SquaredDistance(p, q)).Order().ElementAt(k - 1))];
        double[] radiusA = Radii(a), radiusB = Radii(b);
        int[] balls = [.. b.Select(q => a.Where((p, i) => SquaredDistance(p, q) <= radiusA[i]).Count())];
        return (
            balls.Average(n => n > 0 ? 1.0 : 0),
            a.Average(p => b.Where((q, j) => SquaredDistance(p, q) <= radiusB[j]).Any() ? 1.0 : 0),
            balls.Average() / k,
            a.Select((p, i) => b.Any(q => SquaredDistance(p, q) <= radiusA[i]) ? 1.0 : 0).Average());
    }

    /// <summary>Eigenvalues, ascending, by Jacobi's rotations: slow, and as exact as the numbers allow.</summary>
    public static double[] SlowEigenvalues(double[] matrix, int n)
    {
        var a = (double[])matrix.Clone();
        for (int sweep = 0; sweep < 12; sweep++)
        {
            for (int p = 0; p < n; p++)
            {
                for (int q = p + 1; q < n; q++)
                {
                    if (a[p * n + q] == 0) continue;
                    double theta = (a[q * n + q] - a[p * n + p]) / (2 * a[p * n + q]);
                    double t = (theta >= 0 ? 1 : -1) / (Math.Abs(theta) + Math.Sqrt(theta * theta + 1)), c = 1 / Math.Sqrt(t * t + 1), s = t * c;
                    for (int i = 0; i < n; i++) (a[i * n + p], a[i * n + q]) = (c * a[i * n + p] - s * a[i * n + q], s * a[i * n + p] + c * a[i * n + q]);
                    for (int i = 0; i < n; i++) (a[p * n + i], a[q * n + i]) = (c * a[p * n + i] - s * a[q * n + i], s * a[p * n + i] + c * a[q * n + i]);
                }
            }
        }
        return [.. Enumerable.Range(0, n).Select(i => a[i * n + i]).Order()];
    }
}
