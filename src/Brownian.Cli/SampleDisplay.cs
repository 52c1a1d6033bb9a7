using System.Diagnostics;

namespace Brownian.Cli;

/// <summary>Tells a person how far sampling is.</summary>
sealed class SampleDisplay(IProgressLine line, int images) : IProgress<SampleProgress>
{
    long _second;

    /// <summary>Shorter work is over before its forecast is read.</summary>
    const double ForecastFrom = 5;

    public void Report(SampleProgress value)
    {
        // The first step compiles code; those after it tell the pace.
        if (value.Done == 1) _second = Stopwatch.GetTimestamp();
        string left = "";
        if (value.Done > 1)
        {
            TimeSpan rest = Stopwatch.GetElapsedTime(_second) * ((double)(value.Count - value.Done) / (value.Done - 1));
            if (value.Done == 2) Forecast(rest);
            left = $"  {Phrases.Duration(rest)} left";
        }
        line.Update(
            (double)value.Done / value.Count,
            $"step {Phrases.Count(value.Done)}/{Phrases.Count(value.Count)}  {Phrases.Count(images, "image")}{left}");
    }

    void Forecast(TimeSpan rest)
    {
        if (rest.TotalSeconds >= ForecastFrom) line.Note($"time    about {Phrases.Duration(rest)}");
    }
}
