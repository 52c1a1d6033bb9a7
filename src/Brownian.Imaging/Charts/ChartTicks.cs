using System.Globalization;
using ScottPlot;

namespace Brownian.Imaging;

/// <summary>Ticks at round numbers.</summary>
static class ChartTicks
{
    /// <param name="low">The low end of the axis.</param>
    /// <param name="high">The high end.</param>
    /// <param name="count">About how many fit.</param>
    public static Tick[] Linear(double low, double high, int count)
    {
        double step = RoundStep((high - low) / Math.Max(1, count));
        double first = Math.Ceiling(low / step - 1e-9), last = Math.Floor(high / step + 1e-9);
        double largest = Math.Max(Math.Abs(first), Math.Abs(last)) * step;
        return [.. Enumerable.Range(0, (int)(last - first) + 1).Select(i => (first + i) * step).Select(at => new Tick(at, Label(at, step, largest)))];
    }

    /// <summary>At powers of ten, and at 2 and 5 times these where there is room. Positions are values, not their logarithms.</summary>
    /// <inheritdoc cref="Linear"/>
    public static Tick[] Logarithmic(double low, double high, int count)
    {
        if (high / low < 8) return Linear(low, high, count);
        double decades = Math.Log10(high / low);
        int stride = Math.Max(1, (int)Math.Ceiling(decades / Math.Max(1, count)));
        double[] factors = 3 * decades <= count + 1 ? [1, 2, 5] : [1];
        int first = (int)Math.Floor(Math.Log10(low)), last = (int)Math.Ceiling(Math.Log10(high));
        return
        [
            .. Enumerable.Range(first, last - first + 1).Where(exponent => exponent % stride == 0)
                .SelectMany(exponent => factors.Select(factor => factor * Math.Pow(10, exponent)))
                .Where(at => at >= low * (1 - 1e-9) && at <= high * (1 + 1e-9)).Select(at => new Tick(at, Label(at, at, at))),
        ];
    }

    /// <summary>The ticks, with one more at the high end of the axis instead of those behind <paramref name="near"/>.</summary>
    /// <param name="ticks">Of the axis.</param>
    /// <param name="high">Its high end.</param>
    /// <param name="log">Positions are logarithms.</param>
    /// <param name="near">Where a label would touch that of the end.</param>
    public static Tick[] EndingAt(Tick[] ticks, double high, bool log, double near)
    {
        double value = log ? Math.Pow(10, high) : high, size = Math.Abs(value);
        if (size is < 1e-3 or >= 1e12 || ticks.Any(tick => Math.Abs(tick.Position - high) <= 1e-6 * Math.Abs(high))) return ticks;
        (double unit, string suffix) = Unit(size);
        return [.. ticks.Where(tick => tick.Position < near), new Tick(high, (value / unit).ToString("0.###", CultureInfo.InvariantCulture) + suffix)];
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
        (double unit, string suffix) = Unit(largest);
        int decimals = (int)Math.Clamp(Math.Ceiling(-Math.Log10(step / unit) - 1e-6), 0, 12);
        return (value / unit).ToString("F" + decimals, CultureInfo.InvariantCulture) + suffix;
    }

    static (double Unit, string Suffix) Unit(double largest) =>
        largest switch { >= 1e9 => (1e9, "G"), >= 1e6 => (1e6, "M"), >= 1e4 => (1e3, "k"), _ => (1.0, "") };
}
