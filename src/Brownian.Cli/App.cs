using System.CommandLine;
using System.CommandLine.Parsing;

namespace Brownian.Cli;

/// <summary>The command line as a function: tests call it without starting a process.</summary>
static class App
{
    /// <param name="args">What follows the program's name.</param>
    /// <param name="terminal">Where it writes.</param>
    /// <param name="cancel">Asks for an early end, as Ctrl-C does.</param>
    /// <returns>An <see cref="ExitCode"/>.</returns>
    public static int Run(string[] args, Terminal terminal, CancellationToken cancel)
    {
        try
        {
            ParseResult parsed = Parse(args, terminal, cancel);
            Abridge(parsed.CommandResult.Command);
            return parsed.Invoke(new InvocationConfiguration
            {
                Output = terminal.Out,
                Error = terminal.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,   // signals are the business of Interrupts
            });
        }
        catch (Exception e)
        {
            return Failure.Report(e, terminal.Error);
        }
    }

    /// <summary>What the arguments ask for.</summary>
    /// <exception cref="ArgumentException">They are no such command, or it has no such options.</exception>
    internal static ParseResult Parse(string[] args, Terminal terminal, CancellationToken cancel)
    {
        ParseResult parsed = Root(args, terminal, cancel).Parse(args);
        return parsed.Errors.Count == 0 ? parsed : throw new ArgumentException(UsageProblem(parsed));
    }

    // The list of commands has room for what each does and an example; the rest is for the command's own help.
    static void Abridge(Command parent)
    {
        foreach (Command command in parent.Subcommands)
        {
            if (command.Description is { } all && all.IndexOf("\n\n", StringComparison.Ordinal) is >= 0 and int end) command.Description = all[..end];
        }
    }

    static RootCommand Root(string[] args, Terminal terminal, CancellationToken cancel)
    {
        (string Name, Func<Command> Create)[] commands =
        [
            ("train", () => new TrainCommand(terminal, cancel)),
            ("runs", () => new RunsCommand(terminal, cancel)),
            ("ema", () => new EmaCommand(terminal, cancel)),
            ("sample", () => new SampleCommand(terminal, cancel)),
            ("evaluate", () => new EvaluateCommand(terminal, cancel)),
            ("show", () => new ShowCommand(terminal, cancel)),
            ("data", () => new DataCommand(terminal, cancel)),
            ("summary", () => new SummaryCommand(terminal, cancel)),
            ("config", () => new ConfigCommand(terminal, cancel)),
            ("import", () => new ImportCommand(terminal, cancel)),
            ("export", () => new ExportCommand(terminal, cancel)),
            ("predict", () => new PredictCommand(terminal, cancel)),
            ("bench", () => new BenchCommand(terminal, cancel)),
            ("completion", () => new CompletionCommand(terminal, cancel)),
        ];
        // Nobody sees the others where one is named, nor any beside the version; all together would take 20 ms.
        string? named = commands.Select(command => command.Name).Append("--version").FirstOrDefault(name => args is [string first, ..] && first == name);
        var root = new RootCommand("Brownian: train diffusion models from scratch and sample from them.");
        foreach ((string name, Func<Command> create) in commands)
        {
            if (named is null || named == name) root.Add(create());
        }
        return root;
    }

    static string UsageProblem(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        string path = PathOf(parsed.CommandResult);
        if (command.Subcommands.Count > 0)
        {
            string commands = string.Join(", ", command.Subcommands.Select(c => c.Name));
            string of = command is RootCommand ? "" : $"{command.Name}: ";
            return parsed.UnmatchedTokens is [string unknown, ..]
                ? $"{of}there is no command '{unknown}'; the commands are {commands}."
                : $"{of}name a command: {commands}; '{path} --help' explains them.";
        }
        if (parsed.UnmatchedTokens.FirstOrDefault(token => token.StartsWith('-')) is { } option) return UnknownOption(command, path, option);
        return $"{parsed.Errors[0].Message.TrimEnd('.')}; '{path} --help' lists what there is.";
    }

    // Options that are misspelt, or called as other trainers call them.
    static string UnknownOption(Command command, string path, string option)
    {
        string name = option.TrimStart('-').Split('=')[0];
        string? meant = command is TrainCommand
            ? ForeignNames.Of(name) ?? (ConfigKey.All.FirstOrDefault(key => key.Name == name.Replace('-', '_')) is { } key ? $"{key.Section}.{key.Name}" : null)
            : null;
        string hint = meant is null
            ? ForeignNames.Why(name) ?? Suggestion.For(option.Split('=')[0], command.Options.Select(known => known.Name), listAll: false)
            : $"; did you mean {TrainOptions.WayTo(meant)}?";
        return $"there is no option '{option}'{(hint == "." ? $"; '{path} --help' lists what there is." : hint)}";
    }

    static string PathOf(CommandResult result) =>
        result.Command is RootCommand ? "brownian" : $"{PathOf((CommandResult)result.Parent!)} {result.Command.Name}";
}

/// <summary>A command that does something itself.</summary>
abstract class AppCommand : Command
{
    protected readonly Terminal _terminal;
    protected readonly CancellationToken _cancel;

    protected AppCommand(string name, string description, Terminal terminal, CancellationToken cancel) : base(name, description)
    {
        (_terminal, _cancel) = (terminal, cancel);
        SetAction(parsed =>
        {
            // A large step takes its time, and who hears nothing presses again.
            using CancellationTokenRegistration told = cancel.Register(() => terminal.Notify($"{Stopping}; another Ctrl-C ends at once"));
            return Run(parsed);
        });
    }

    /// <summary>What the first Ctrl-C leads to.</summary>
    protected string Stopping { get; set; } = "stopping";

    /// <returns>An <see cref="ExitCode"/>.</returns>
    protected abstract int Run(ParseResult parsed);

    protected void Add(params Option[] options)
    {
        foreach (Option option in options) Options.Add(option);
    }
}
