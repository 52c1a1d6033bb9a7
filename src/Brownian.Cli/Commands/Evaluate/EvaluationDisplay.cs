using System.Diagnostics;
using System.Globalization;
using Brownian.Evaluation;
using Brownian.Training;

namespace Brownian.Cli;

/// <summary>Tells a person how far the images of an evaluation are.</summary>
/// <param name="line">The bar or the lines.</param>
/// <param name="what">What is drawn: empty, or a point of a sweep.</param>
sealed class DrawingDisplay(IProgressLine line, string what = "") : IProgress<DrawingProgress>
{
    readonly long _start = Stopwatch.GetTimestamp();
    double? _first;

    public void Report(DrawingProgress value)
    {
        _first ??= value.Done;
        double drawn = value.Done - _first.Value;
        string left = drawn > 0 ? $"  {Phrases.Duration(Stopwatch.GetElapsedTime(_start) * ((value.Count - value.Done) / drawn))} left" : "";
        line.Update(value.Done / value.Count, $"{what}drawn {Phrases.Count((long)value.Done)}/{Phrases.Count(value.Count)} images{left}");
    }
}

/// <summary>The same for images that are looked at.</summary>
sealed class LookingDisplay(IProgressLine line, string name) : IProgress<ExtractionProgress>
{
    readonly long _start = Stopwatch.GetTimestamp();

    public void Report(ExtractionProgress value)
    {
        TimeSpan left = Stopwatch.GetElapsedTime(_start) * ((double)value.Count / value.Done - 1);
        line.Update(
            (double)value.Done / value.Count,
            $"looked at {Phrases.Count(value.Done)}/{Phrases.Count(value.Count)} images of {name}  {Phrases.Duration(left)} left");
    }
}

/// <summary>Rows of texts under titles, each column as wide as it needs.</summary>
static class TextTable
{
    /// <param name="to">Where it is written.</param>
    /// <param name="rows">The first holds the titles.</param>
    /// <param name="isLeft">Whether a column begins at the left; others end at the right.</param>
    public static void Write(TextWriter to, IReadOnlyList<IReadOnlyList<string>> rows, Func<int, bool> isLeft)
    {
        int columns = rows[0].Count;
        int[] widths = [.. Enumerable.Range(0, columns).Select(column => rows.Max(row => row[column].Length))];
        foreach (IReadOnlyList<string> row in rows)
        {
            string line = string.Join("  ", row.Select((cell, column) => isLeft(column) ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column])));
            to.WriteLine(line.TrimEnd());
        }
    }
}

/// <summary>Numbers of images that an evaluation takes in a given time.</summary>
static class ImageCounts
{
    static readonly int[] Round = [10_000, 5_000, 2_000, 1_000, 500, 250, 100];

    /// <summary>The largest round number that takes no longer; the least one where all do.</summary>
    /// <param name="secondsPerImage">Of drawing or looking.</param>
    /// <param name="seconds">The time there is.</param>
    public static int Within(double secondsPerImage, double seconds) => Round.FirstOrDefault(count => count * secondsPerImage <= seconds, Round[^1]);
}

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
