using System.Diagnostics;
using Brownian.Evaluation;

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
        line.Update(value.Done / value.Count, $"{what}drawn {Phrases.Count((long)value.Done)}/{Phrases.Count(value.Count, "image")}{left}");
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
            $"looked at {Phrases.Count(value.Done)}/{Phrases.Count(value.Count, "image")} of {name}  {Phrases.Duration(left)} left");
    }
}
