using System.CommandLine;
using System.Globalization;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Cli;

/// <summary><c>brownian ema</c></summary>
sealed class EmaCommand : AppCommand
{
    readonly Argument<string?> _run = new("RUN") { Description = "A run. Default: the newest in runs/", Arity = ArgumentArity.ZeroOrOne };
    readonly Option<double?> _std = Width("--std", "The width: the standard deviation of what the average remembers, as a share of the training, e.g. 0.1.");
    readonly Option<long?> _step = OptionOf.Number("--step", 1L, "After this step, one that a snapshot was kept of. Default: the last");
    readonly Option<string?> _out = OptionOf.Text("--out", "MODEL", "The model folder to create. Default: model-ema-WIDTH in the run");
    readonly Option<bool> _force = OptionOf.Flag("--force", "Replace a model that is there.");

    public EmaCommand(Terminal terminal, CancellationToken cancel)
        : base("ema",
            "Make a model whose weights are averaged over more or less of the training, after the training.\n"
            + "Example: brownian ema runs/00001-digits --std 0.1\n\n"
            + "The run must have kept snapshots of averages: brownian train --set train_params.ema_snapshots=16", terminal, cancel)
    {
        _std.Required = true;
        Arguments.Add(_run);
        Add([_std, _step, _out, _force]);
    }

    /// <summary>An option for the width of an average.</summary>
    public static Option<double?> Width(string name, string description) => OptionOf.Real(name, PowerProfile.LeastWidth, description, most: 1);

    protected override int Run(ParseResult parsed)
    {
        (double width, long? step) = (parsed.GetValue(_std)!.Value, parsed.GetValue(_step));
        string run = parsed.GetValue(_run) ?? DefaultModel.RunWithCheckpoint(_terminal);
        string target = parsed.GetValue(_out) ?? Path.Combine(run, NameOf(width, step));
        bool replaces = parsed.GetValue(_force);
        // Before the files are read, some of which are large.
        if (!replaces && Directory.Exists(target)) throw new IOException($"{target}: exists already; choose another folder with --out, or add --force.");
        using Device device = Device.Open();
        (DiffusionModel model, _) = Open(_terminal, run, width, step, device);
        _cancel.ThrowIfCancellationRequested();
        ModelFolder.Save(target, model, replaces);
        _terminal.Out.WriteLine($"model   {Phrases.Relative(target)}");
        _terminal.Out.WriteLine($"next    {Invocation.Of("sample", "--model", Phrases.Relative(target))}");
        return ExitCode.Success;
    }

    /// <summary>A run's model with an average of another width. Tells what it was made of.</summary>
    /// <param name="terminal">Told.</param>
    /// <param name="named">The run; null for the newest.</param>
    /// <param name="width">σ_rel.</param>
    /// <param name="step">After which step; null for the last.</param>
    /// <param name="device">Where the model will compute.</param>
    /// <returns>The model, and how <c>--model</c> names its run.</returns>
    public static (DiffusionModel Model, string Name) Open(Terminal terminal, string? named, double width, long? step, Device device)
    {
        string run = named ?? DefaultModel.RunWithCheckpoint(terminal);
        ReconstructedEma made = new SnapshotStore(RunDirectory.Open(run)).Open(width, step, device, terminal.Warn);
        terminal.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"average width {made.Width} after step {Phrases.Count(made.Step)}, made of {made.Used} of the {made.Kept} kept averages, {100 * made.Error:0.#} % off the wanted profile"));
        return (made.Model, run);
    }

    static string NameOf(double width, long? step) =>
        string.Create(CultureInfo.InvariantCulture, $"model-ema-{width:0.00######}{(step is { } at ? $"-step-{at}" : "")}");
}
