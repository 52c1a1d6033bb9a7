using System.Diagnostics;
using System.Globalization;

namespace Brownian.Cli;

/// <summary>Lines for a file: the first state, then at most one each interval, and the last.</summary>
sealed class PlainProgress(TextWriter output, TimeSpan interval) : IProgressLine
{
    long? _last;

    public void Update(double fraction, string status)
    {
        if (_last is { } last && fraction < 1 && Stopwatch.GetElapsedTime(last) < interval) return;
        _last = Stopwatch.GetTimestamp();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{100 * fraction,3:0}% {status}"));
        output.Flush();
    }

    public void Note(string line)
    {
        output.WriteLine(line);
        output.Flush();
    }
}
