using System.Diagnostics;
using Brownian.Training;

namespace Brownian.Cli;

/// <summary>Tells a person how far the decoding of images is, once they have waited for it.</summary>
sealed class ReadingDisplay(IProgressLine line) : IProgress<ReadingProgress>
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    readonly long _start = Stopwatch.GetTimestamp();
    bool _shown;

    public void Report(ReadingProgress value)
    {
        switch (value)
        {
            case ReadingProgress.Warning warning: line.Warn(warning.Message); break;
            case ReadingProgress.Decoded decoded: Show(decoded, Stopwatch.GetElapsedTime(_start)); break;
            default: break;
        }
    }

    void Show(ReadingProgress.Decoded decoded, TimeSpan elapsed)
    {
        _shown |= elapsed > Patience && decoded.Done < decoded.Count;
        if (!_shown) return;
        TimeSpan remaining = elapsed * ((double)decoded.Count / decoded.Done - 1);
        line.Update(
            (double)decoded.Done / decoded.Count,
            $"decoded {Phrases.Count(decoded.Done)}/{Phrases.Count(decoded.Count)} images  {Phrases.Duration(remaining)} left");
    }
}
