using System.Globalization;

namespace Brownian.Cli;

/// <summary>The numbers of an evaluation as people read them.</summary>
static class Numbers
{
    /// <summary>Four significant digits: "12.34", "0.001234".</summary>
    public static string Text(double value) => value switch
    {
        0 => "0",
        _ when !double.IsFinite(value) => value.ToString(CultureInfo.InvariantCulture),
        _ => value.ToString(Math.Abs(value) switch { >= 1000 => "N0", >= 100 => "0.0", >= 10 => "0.00", >= 0.1 => "0.000", >= 0.001 => "0.00000", _ => "0.0e+0" }, CultureInfo.InvariantCulture),
    };

    /// <summary>"11.9 to 12.8"; empty where there is none.</summary>
    public static string Interval(Measured measured) => measured is { Low: { } low, High: { } high } ? $"{Text(low)} to {Text(high)}" : "";
}
