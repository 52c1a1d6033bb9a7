using System.Diagnostics;
using System.Globalization;
using System.Text;
using Spectre.Console;

namespace Brownian.Cli;

/// <summary>Where a command writes. A live bar is drawn only where a person watches a terminal; otherwise there are plain lines.</summary>
/// <param name="output">Results and progress.</param>
/// <param name="error">Errors.</param>
/// <param name="live">The terminal behind <paramref name="output"/>; null where it is a file, a pipe or a test.</param>
/// <param name="warnings">Where warnings go and nothing else does; null for <paramref name="output"/>.</param>
sealed class Terminal(TextWriter output, TextWriter error, IAnsiConsole? live = null, TextWriter? warnings = null)
{
    static readonly TimeSpan PlainInterval = TimeSpan.FromSeconds(5);

    IProgressLine? _line;

    public TextWriter Out => output;

    public TextWriter Error => error;

    /// <summary>Something is not as it should be, and the command goes on.</summary>
    public void Warn(string message) => (warnings ?? output).WriteLine($"warning {message}");

    /// <summary>The same terminal, told of warnings and errors only.</summary>
    public Terminal Quiet() => new(TextWriter.Null, error, warnings: output);

    /// <summary>What would be lost, and what kept, if the process ended now: for who asks twice for an end.</summary>
    public string Lost { get; set; } = "what was not finished is lost; files that were written are whole";

    /// <summary>Tells a person something at once, whatever the command is doing.</summary>
    public void Notify(string message)
    {
        if (_line is { } line) line.Note(message);
        else error.WriteLine(message);
    }

    /// <summary>The last line before the process ends at once, where work is still going on.</summary>
    /// <param name="message">Null for what is <see cref="Lost"/>.</param>
    public void Abandon(string? message = null)
    {
        // It has hidden the cursor.
        (_line as LiveProgress)?.Dispose();
        error.WriteLine(message ?? $"ended at once: {Lost}");
    }

    public static Terminal OfProcess()
    {
        // Windows' own code pages lack ×, ε and x̂.
        if (OperatingSystem.IsWindows()) Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        bool watched = !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") is not "dumb"
            && AnsiConsole.Profile.Capabilities.Ansi;
        return new Terminal(Console.Out, Console.Error, watched ? AnsiConsole.Console : null);
    }

    /// <summary>Shows the progress of some work while it runs.</summary>
    /// <param name="work">The work.</param>
    /// <param name="keepsAll">Leave a line for each state that it reports.</param>
    public T Track<T>(Func<IProgressLine, T> work, bool keepsAll = false)
    {
        IProgressLine line = warnings is not null ? new QuietProgress(warnings)
            : live is not null ? new LiveProgress(live, keepsAll)
            : new PlainProgress(output, keepsAll ? TimeSpan.Zero : PlainInterval);
        using var shown = line as IDisposable;
        _line = line;
        try
        {
            return work(line);
        }
        finally
        {
            _line = null;
        }
    }

    /// <summary>Opens images, which decodes them; where that takes long, it shows how far it is.</summary>
    public T TrackReading<T>(Func<IProgress<ReadingProgress>, T> read) => Track(line => read(new ReadingDisplay(line)));
}

/// <summary>How far some work is, told to a person.</summary>
interface IProgressLine
{
    /// <summary>The present state; what came before it may or may not have been shown.</summary>
    /// <param name="fraction">Done, from 0 to 1.</param>
    /// <param name="status">A few words.</param>
    void Update(double fraction, string status);

    /// <summary>A line that stays.</summary>
    void Note(string line);

    /// <summary>Something is not as it should be, and the work goes on.</summary>
    void Warn(string message) => Note($"warning {message}");
}

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

/// <summary>Warnings alone.</summary>
sealed class QuietProgress(TextWriter output) : IProgressLine
{
    public void Update(double fraction, string status)
    {
    }

    public void Note(string line)
    {
    }

    public void Warn(string message) => output.WriteLine($"warning {message}");
}

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
            $"decoded {Phrases.Count(decoded.Done)}/{Phrases.Count(decoded.Count, "image")}  {Phrases.Duration(remaining)} left");
    }
}
