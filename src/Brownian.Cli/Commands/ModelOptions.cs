using System.CommandLine;
using Brownian.Tensors;

namespace Brownian.Cli;

/// <summary>The options that name a model, and which weights of a run it has.</summary>
sealed class ModelOptions(string description, string average)
{
    readonly Option<string?> _model = OptionOf.Text("--model", "MODEL", description);
    readonly Option<string?> _checkpoint = OptionOf.Text("--checkpoint", "N", "With a run: the checkpoint of step N, best or last. Default: last");
    readonly Option<bool> _raw = OptionOf.Flag("--raw", "With a run: the weights themselves, not their average.");
    readonly Option<double?> _std = EmaCommand.Width("--ema-std", average);

    public Option[] All => [_model, _checkpoint, _raw, _std];

    /// <summary>The width of another average; null for none.</summary>
    public double? Width(ParseResult parsed) => parsed.GetValue(_std);

    /// <summary>Opens what is named. Tells what it took where that was not said.</summary>
    /// <returns>The model, and how <c>--model</c> names it.</returns>
    public (DiffusionModel Model, string Name) Open(ParseResult parsed, Terminal terminal, Device device)
    {
        string? named = parsed.GetValue(_model), checkpoint = parsed.GetValue(_checkpoint);
        bool isRaw = parsed.GetValue(_raw), isOfStep = checkpoint is not null || isRaw;
        if (Width(parsed) is { } width)
        {
            if (isOfStep) throw new ArgumentException($"--ema-std cannot be combined with {(isRaw ? "--raw" : "--checkpoint")}: it makes an average of its own.");
            return EmaCommand.Open(terminal, named, width, step: null, device);
        }
        if (!isOfStep) return DefaultModel.Open(terminal, named, device);
        string run = named ?? DefaultModel.RunWithCheckpoint(terminal);
        if (!RunDirectory.IsRun(run)) throw new ArgumentException($"{(isRaw ? "--raw" : "--checkpoint")}: for a run, which {run} is not; leave it out.");
        return (RunDirectory.Open(run).OpenModel(checkpoint ?? "last", isRaw, device, terminal.Warn), run);
    }
}
