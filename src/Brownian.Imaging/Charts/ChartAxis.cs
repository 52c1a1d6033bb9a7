using System.Globalization;

namespace Brownian.Imaging;

/// <summary>A labelled position on an axis, in the units of the data.</summary>
readonly record struct ChartTick(double Value, string Label);

/// <summary>The range of one axis, linear or logarithmic, and its ticks at round numbers.</summary>
sealed class ChartAxis
{
    readonly double start, end;         // of the range; their logarithms on a logarithmic axis
    readonly bool isLog;

    ChartAxis(double low, double high, bool isLog, Func<double, double, IEnumerable<ChartTick>> ticks)
    {
        this.isLog = isLog;
        (start, end) = (Scale(low), Scale(high));
        Ticks = [.. ticks(low, high).Where(t => At(t.Value) is >= -1e-9 and <= 1 + 1e-9)];
    }

    public IReadOnlyList<ChartTick> Ticks { get; }

    /// <summary>Where a value lies: 0 at the low end, 1 at the high end.</summary>
    public double At(double value) => (Scale(value) - start) / (end - start);

    /// <param name="low">The least value of the data.</param>
    /// <param name="high">The greatest value of the data.</param>
    /// <param name="ticks">About how many ticks fit.</param>
    /// <param name="margin">Room to leave beyond the data, as a fraction of the range. A nearby zero becomes the low end.</param>
    public static ChartAxis Linear(double low, double high, int ticks, double margin)
    {
        (low, high) = Widen(low, high);
        double room = (high - low) * margin;
        bool fromZero = margin > 0 && low >= 0 && low <= 0.3 * high;
        return new ChartAxis(fromZero ? 0 : low - room, high + room, isLog: false, (a, b) => LinearTicks(a, b, ticks));
    }

    /// <param name="low">The least value of the data, above zero.</param>
    /// <param name="high">The greatest value of the data.</param>
    /// <param name="ticks">About how many ticks fit.</param>
    /// <param name="margin">Room to leave beyond the data, as a fraction of the range of logarithms.</param>
    public static ChartAxis Logarithmic(double low, double high, int ticks, double margin)
    {
        double ratio = Math.Max(high / low, 1.05), room = Math.Pow(ratio, margin);
        (low, high) = (low / room, low * ratio * room);
        return new ChartAxis(low, high, isLog: true, (a, b) => b / a < 8 ? LinearTicks(a, b, ticks) : LogTicks(a, b, ticks));
    }

    double Scale(double value) => isLog ? Math.Log10(value) : value;

    // A range too narrow for its magnitude would put ticks closer together than doubles lie.
    static (double Low, double High) Widen(double low, double high)
    {
        double size = Math.Max(Math.Abs(low), Math.Abs(high));
        if (high - low > 1e-9 * size) return (low, high);
        double half = size == 0 ? 0.5 : 0.1 * size;
        return (low - half, high + half);
    }

    static IEnumerable<ChartTick> LinearTicks(double low, double high, int ticks)
    {
        double step = RoundStep((high - low) / Math.Max(1, ticks));
        double first = Math.Ceiling(low / step - 1e-9), last = Math.Floor(high / step + 1e-9);
        double largest = Math.Max(Math.Abs(first), Math.Abs(last)) * step;
        for (int i = 0; i <= last - first; i++) yield return new ChartTick((first + i) * step, Label((first + i) * step, step, largest));
    }

    static IEnumerable<ChartTick> LogTicks(double low, double high, int ticks)
    {
        int first = (int)Math.Floor(Math.Log10(low)), last = (int)Math.Ceiling(Math.Log10(high));
        double decades = Math.Log10(high / low);
        int stride = Math.Max(1, (int)Math.Ceiling(decades / Math.Max(1, ticks)));
        double[] factors = 3 * decades <= ticks + 1 ? [1, 2, 5] : [1];
        for (int exponent = first; exponent <= last; exponent++)
        {
            if (exponent % stride != 0) continue;
            foreach (double factor in factors)
            {
                double value = factor * Math.Pow(10, exponent);
                yield return new ChartTick(value, Label(value, value, value));
            }
        }
    }

    // The least of 1, 2, 5 times a power of ten that is not below the raw step.
    static double RoundStep(double raw)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
        double factor = raw / power;
        return power * (factor <= 1.0001 ? 1 : factor <= 2.0001 ? 2 : factor <= 5.0001 ? 5 : 10);
    }

    // All labels of an axis share a unit and a number of decimals: "0.5k" stands below "1.0k".
    static string Label(double value, double step, double largest)
    {
        if (Math.Abs(value) < step * 1e-6) return "0";
        if (largest is >= 1e12 or < 1e-3)
        {
            int digits = (int)Math.Clamp(Math.Ceiling(Math.Log10(largest / step) - 1e-6), 0, 9);
            return value.ToString("0." + new string('#', digits) + "e0", CultureInfo.InvariantCulture);
        }
        (double unit, string suffix) = largest switch { >= 1e9 => (1e9, "G"), >= 1e6 => (1e6, "M"), >= 1e4 => (1e3, "k"), _ => (1.0, "") };
        int decimals = (int)Math.Clamp(Math.Ceiling(-Math.Log10(step / unit) - 1e-6), 0, 12);
        return (value / unit).ToString("F" + decimals, CultureInfo.InvariantCulture) + suffix;
    }
}
