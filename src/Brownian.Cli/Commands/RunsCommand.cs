using System.CommandLine;
using System.Globalization;

namespace Brownian.Cli;

/// <summary><c>brownian runs</c></summary>
sealed class RunsCommand : AppCommand
{
    readonly Argument<string?> _folder = new("DIR") { Description = "The folder of the runs. Default: runs", Arity = ArgumentArity.ZeroOrOne };

    public RunsCommand(Terminal terminal, CancellationToken cancel)
        : base("runs", "List the runs: how far each has come, its loss and the time it took.\nExample: brownian runs", terminal, cancel) => Add(_folder);

    protected override int Run(ParseResult parsed)
    {
        string folder = parsed.GetValue(_folder) ?? "runs";
        if (parsed.GetValue(_folder) is not null && !Directory.Exists(folder)) throw new DirectoryNotFoundException($"{folder}: there is no such folder; give the folder of your runs.");
        IReadOnlyList<RunSummary> runs = RunSummary.In(folder);
        if (runs.Count == 0)
        {
            _terminal.Out.WriteLine($"there are no runs in {folder}; begin one: {Invocation.Of("train")}");
            return ExitCode.Success;
        }
        TextTable.Write(_terminal.Out, [["run", "state", "step", "loss", "trained"], .. runs.Select(Row)], column => column < 2);
        _terminal.Out.WriteLine();
        RunSummary last = runs[^1];
        _terminal.Out.WriteLine("next    " + (last.State switch
        {
            RunState.Stopped => Invocation.Of("train", "--resume", Phrases.Relative(last.Path)),
            RunState.Finished => Invocation.Of("sample", "--model", Phrases.Relative(last.Path)),
            _ => Invocation.Of("show", "loss", Phrases.Relative(last.Path)),
        }));
        return ExitCode.Success;
    }

    static IReadOnlyList<string> Row(RunSummary run) =>
    [
        Phrases.Relative(run.Path),
        run.State.ToString().ToLowerInvariant(),
        run.Steps is { } steps ? $"{Phrases.Count(run.Step)} of {Phrases.Count(steps)}" : Phrases.Count(run.Step),
        run.Loss?.ToString("0.0000", CultureInfo.InvariantCulture) ?? "-",
        run.Step == 0 ? "-" : Phrases.Duration(run.Trained),
    ];
}
