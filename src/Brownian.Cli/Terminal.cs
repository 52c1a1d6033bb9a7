using Brownian.Training;
using Spectre.Console;

namespace Brownian.Cli;

/// <summary>Where a command writes. A live bar is drawn only where a person watches a terminal; otherwise there are plain lines.</summary>
/// <param name="output">Results and progress.</param>
/// <param name="error">Errors.</param>
/// <param name="live">The terminal behind <paramref name="output"/>; null where it is a file, a pipe or a test.</param>
sealed class Terminal(TextWriter output, TextWriter error, IAnsiConsole? live = null)
{
    static readonly TimeSpan PlainInterval = TimeSpan.FromSeconds(5);

    public TextWriter Out => output;

    public TextWriter Error => error;

    /// <summary>Something is not as it should be, and the command goes on.</summary>
    public void Warn(string message) => output.WriteLine($"warning {message}");

    public static Terminal OfProcess()
    {
        bool watched = !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") is not "dumb";
        return new Terminal(Console.Out, Console.Error, watched ? AnsiConsole.Console : null);
    }

    /// <summary>Shows the progress of some work while it runs.</summary>
    public T Track<T>(Func<IProgressLine, T> work)
    {
        if (live is null) return work(new PlainProgress(output, PlainInterval));
        return live.Progress()
            .AutoClear(true)
            .Columns(new ProgressBarColumn { Width = 24 }, new PercentageColumn(), new TaskDescriptionColumn { Alignment = Justify.Left })
            .Start(context => work(new LiveProgress(live, context.AddTask("starting"))));
    }

    /// <summary>Opens images, which decodes them; where that takes long, it shows how far it is.</summary>
    public T TrackReading<T>(Func<IProgress<ReadingProgress>, T> read) => Track(line => read(new ReadingDisplay(line)));
}
