using System.Diagnostics;
using Brownian.Diffusion;

namespace Brownian.Cli;

/// <summary>Tells a person how far sampling is.</summary>
sealed class SampleDisplay(IProgressLine line, int images) : IProgress<SampleProgress>
{
    readonly long _start = Stopwatch.GetTimestamp();
    long _second;

    /// <summary>Shorter work is over before its forecast is read.</summary>
    const double ForecastFrom = 5;

    public void Report(SampleProgress value)
    {
        // The first step compiles code; the second tells the pace.
        if (value.Done == 1) _second = Stopwatch.GetTimestamp();
        if (value.Done == 2) Forecast(Stopwatch.GetElapsedTime(_second) * (value.Count - 2));
        TimeSpan remaining = Stopwatch.GetElapsedTime(_start) * ((double)value.Count / value.Done - 1);
        line.Update(
            (double)value.Done / value.Count,
            $"step {Phrases.Count(value.Done)}/{Phrases.Count(value.Count)}  {Phrases.Count(images)} images  "
            + $"{Phrases.Duration(remaining)} left");
    }

    void Forecast(TimeSpan rest)
    {
        if (rest.TotalSeconds >= ForecastFrom) line.Note($"time    about {Phrases.Duration(rest)}");
    }
}
