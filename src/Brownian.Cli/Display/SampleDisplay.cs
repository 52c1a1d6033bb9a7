using System.Diagnostics;
using Brownian.Diffusion;

namespace Brownian.Cli;

/// <summary>Tells a person how far sampling is.</summary>
sealed class SampleDisplay(IProgressLine line, int images) : IProgress<SampleProgress>
{
    readonly long _start = Stopwatch.GetTimestamp();

    public void Report(SampleProgress value)
    {
        TimeSpan remaining = Stopwatch.GetElapsedTime(_start) * ((double)value.Count / value.Done - 1);
        line.Update(
            (double)value.Done / value.Count,
            $"step {Phrases.Count(value.Done)}/{Phrases.Count(value.Count)}  {Phrases.Count(images)} images  "
            + $"{Phrases.Duration(remaining)} left");
    }
}
