using Brownian.Tensors;

namespace Brownian.Evaluation;

/// <summary>
/// What a number might have been with other images of the same kind: it is computed again from images drawn with replacement from those that
/// there are (Efron 1979, "Bootstrap methods: another look at the jackknife").
/// </summary>
/// <remarks>
/// A resample has fewer different images than the set, so that a number that small sets bias, such as the Fréchet distance, is biased once more
/// in it. The interval is therefore that of the resamples moved by the difference of their mean from the number: it says how far the number
/// scatters, not how far it is off.
/// </remarks>
public static class Bootstrap
{
    /// <summary>The share of intervals that hold what they should.</summary>
    public const double Level = 0.95;

    const int FewestForPercentiles = 100;

    // Of a normal distribution.
    const double Z = 1.959964;

    /// <summary>The interval of a number that a function computes from chosen images.</summary>
    /// <param name="value">The number of all images.</param>
    /// <param name="count">The images, at least 1.</param>
    /// <param name="statistic">The number of the images whose rows it is given; called on several threads at once.</param>
    /// <param name="resamples">How often, at least 2. From 100 on the interval is of percentiles, below it is Student's.</param>
    /// <param name="seed">Of the draws.</param>
    /// <param name="threads">0 for one per processor; the interval does not depend on it.</param>
    public static Interval Of(double value, int count, Func<int[], double> statistic, int resamples, long seed, int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(statistic);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(resamples, 2);
        var random = new Philox((ulong)seed, Philox.Stream("evaluation.bootstrap"));
        var values = new double[resamples];
        Threads.For(resamples, threads, i =>
        {
            var rows = new int[count];
            random.At((ulong)i).Integers(rows, count);
            values[i] = statistic(rows);
        });
        double mean = values.Average(), bias = mean - value;
        double error = Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (resamples - 1));
        double low, high;
        if (resamples < FewestForPercentiles)
        {
            double reach = Student(resamples - 1) * error;
            (low, high) = (value - reach, value + reach);
        }
        else
        {
            Array.Sort(values);
            (low, high) = (Quantile(values, (1 - Level) / 2) - bias, Quantile(values, (1 + Level) / 2) - bias);
        }
        return new Interval(low, high, error, resamples);
    }

    /// <summary>The interval of the mean of one number per image.</summary>
    /// <inheritdoc cref="Of"/>
    /// <param name="values">The numbers.</param>
    /// <param name="resamples">How often, at least 2.</param>
    /// <param name="seed">Of the draws.</param>
    /// <param name="threads">0 for one per processor; the interval does not depend on it.</param>
    public static Interval OfMean(double[] values, int resamples, long seed, int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(values);
        return Of(values.Average(), values.Length, rows =>
        {
            double sum = 0;
            foreach (int row in rows) sum += values[row];
            return sum / rows.Length;
        }, resamples, seed, threads);
    }

    /// <summary>The interval of a share, the mean of zeros and ones.</summary>
    /// <remarks>Where all are alike, resamples are too: then it is that of Wilson 1927, "Probable inference, the law of succession".</remarks>
    /// <inheritdoc cref="OfMean"/>
    public static Interval OfShare(double[] values, int resamples, long seed, int threads = 0)
    {
        Interval found = OfMean(values, resamples, seed, threads);
        if (found.StandardError > 0) return found;
        double doubt = Z * Z / (values.Length + Z * Z);
        return values[0] > 0 ? found with { Low = 1 - doubt } : found with { High = doubt };
    }

    /// <summary>The value below which this share of sorted values lies, on the straight line between two of them.</summary>
    internal static double Quantile(double[] sorted, double share)
    {
        double position = share * (sorted.Length - 1);
        int below = (int)position;
        return below + 1 >= sorted.Length ? sorted[^1] : sorted[below] + (position - below) * (sorted[below + 1] - sorted[below]);
    }

    // t of 97.5 % with so many degrees of freedom, to 0.5 % from 9 on (Abramowitz & Stegun 1964, 26.7.5).
    static double Student(int freedom)
    {
        double f = freedom, z3 = Z * Z * Z, z5 = z3 * Z * Z;
        return Z + (z3 + Z) / (4 * f) + (5 * z5 + 16 * z3 + 3 * Z) / (96 * f * f);
    }
}

/// <summary>An interval of 95 %.</summary>
/// <param name="Low">Its lower end.</param>
/// <param name="High">Its upper end.</param>
/// <param name="StandardError">The standard deviation of the resampled numbers.</param>
/// <param name="Resamples">How many they were.</param>
public sealed record Interval(double Low, double High, double StandardError, int Resamples);
