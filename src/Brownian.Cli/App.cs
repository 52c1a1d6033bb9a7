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

    static RootCommand Root(Terminal terminal, CancellationToken cancel) => new("Brownian: train diffusion models from scratch and sample from them.")
    {
        new TrainCommand(terminal, cancel),
        new SampleCommand(terminal, cancel),
        new PredictCommand(terminal),
        new ImportCommand(terminal),
        new BenchCommand(terminal, cancel),
    };

    static string UsageProblem(ParseResult parsed)
    {
        string command = parsed.CommandResult.Command is RootCommand ? "brownian" : $"brownian {parsed.CommandResult.Command.Name}";
        return $"{parsed.Errors[0].Message.TrimEnd('.')}; '{command} --help' lists what there is.";
    }
}
