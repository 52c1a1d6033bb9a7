using System.CommandLine;

namespace Brownian.Cli;

/// <summary><c>brownian show loss</c></summary>
sealed class ShowLossCommand : AppCommand
{
    readonly Argument<string[]> _runs =
        new("run") { Description = "Run folders. Default: the newest in runs/", Arity = ArgumentArity.ZeroOrMore };
    readonly Option<string?> _x = OptionOf.Choice("--x", ["steps", "seconds", "images"], "Horizontal axis. Default: steps");
    readonly Option<bool> _linear = OptionOf.Flag("--linear", "Linear loss axis. Default: logarithmic");
    readonly Option<bool> _logX = OptionOf.Flag("--log-x", "Logarithmic horizontal axis.");
    readonly Option<string?> _out = ShowCommand.Chart();
    readonly Option<int?> _scale = ShowCommand.Scale();
    readonly Option<bool> _force = ShowCommand.Force();

    public ShowLossCommand(Terminal terminal, CancellationToken cancel) : base("loss",
        "Draw the smoothed loss of runs, and that of held-out images where train_params.validation_fraction asks for them.\nExample: brownian show loss runs/00001-digits runs/00002-digits --x seconds", terminal, cancel)
    {
        Add(_runs);
        Add([_x, _linear, _logX, _out, _scale, _force]);
    }

    protected override int Run(ParseResult parsed)
    {
        PictureTarget target = PictureTarget.Chart("loss", parsed.GetValue(_out), parsed.GetValue(_force), parsed.GetValue(_scale));
        string[] paths = parsed.GetValue(_runs) is { Length: > 0 } named ? named : [DefaultModel.RunWithMetrics(_terminal)];
        LossAxis over = parsed.GetValue(_x) switch { "seconds" => LossAxis.Seconds, "images" => LossAxis.Images, _ => LossAxis.Steps };
        RunDirectory[] runs = [.. paths.Select(RunDirectory.Open)];
        _terminal.Out.WriteLine($"drawing the loss of {string.Join(", ", paths)} over {parsed.GetValue(_x) ?? "steps"}");
        if (LossPicture.Differences(runs) is { Count: > 0 } keys)
            _terminal.Warn($"these losses cannot be compared: the runs differ in {string.Join(", ", keys)}");
        string written = target.Write(LossPicture.ToDrawing(runs, over, parsed.GetValue(_linear), parsed.GetValue(_logX)));
        return ShowCommand.Conclude(_terminal, written, "sample", "--model", paths[^1]);
    }
}
