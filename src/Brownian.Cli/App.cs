using System.CommandLine;

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
            ParseResult parsed = Root(terminal, cancel).Parse(args);
            if (parsed.Errors.Count > 0) throw new ArgumentException(UsageProblem(parsed));
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

    static RootCommand Root(Terminal terminal, CancellationToken cancel) =>
        new("Brownian: train diffusion models from scratch and sample from them.")
    {
        new TrainCommand(terminal, cancel),
        new SampleCommand(terminal, cancel),
        new PredictCommand(terminal),
        new ImportCommand(terminal),
        new ExportCommand(terminal),
        new BenchCommand(terminal, cancel),
    };

    static string UsageProblem(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        if (command is RootCommand)
        {
            string commands = string.Join(", ", command.Subcommands.Select(c => c.Name));
            return parsed.UnmatchedTokens is [string unknown, ..]
                ? $"there is no command '{unknown}'; the commands are {commands}."
                : $"name a command: {commands}; 'brownian --help' explains them.";
        }
        return $"{parsed.Errors[0].Message.TrimEnd('.')}; 'brownian {command.Name} --help' lists what there is.";
    }
}
