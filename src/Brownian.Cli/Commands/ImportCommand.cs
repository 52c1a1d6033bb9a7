using System.CommandLine;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Cli;

/// <summary><c>brownian import</c></summary>
sealed class ImportCommand : AppCommand
{
    const int MostNamed = 4;

    readonly Option<string?> _config = OptionOf.Text("--config", "FILE", "The YAML file the model was trained with.");
    readonly Option<string?> _weights = OptionOf.Text(
        "--weights", "FILE", $"The weights: {WeightsFile.Extensions}. Code in a .pth file is never run.");
    readonly Option<string?> _key = OptionOf.Text(
        "--key", "NAME",
        "A key or prefix of the weights inside a checkpoint, e.g. ema or model.; . for its top. Default: found by the network's names, averaged weights first");
    readonly Option<bool> _newOrder = OptionOf.Flag(
        "--new-attention-order", "For weights of guided-diffusion: trained with use_new_attention_order.");
    readonly Option<string?> _model = OptionOf.Text("--model", "FOLDER", "Instead of both: a diffusers folder, or a run.");
    readonly Option<string?> _out = OptionOf.Text("--out", "MODEL", "The model folder to create; it must not exist.");

    public ImportCommand(Terminal terminal, CancellationToken cancel)
        : base("import",
            "Import weights trained in Python: a tutorial's checkpoint with its YAML file, or a diffusers pipeline.\n"
            + "Example: brownian import --config default.yaml --weights ddpm_ckpt.pth --out models/mnist", terminal, cancel)
    {
        _out.Required = true;
        Add([_config, _weights, _key, _newOrder, _model, _out]);
    }

    protected override int Run(ParseResult parsed)
    {
        string model = parsed.GetValue(_out)!;
        if (parsed.GetValue(_model) is { } folder) ImportFolder(parsed, folder, model);
        else ImportWeights(parsed, model);
        _terminal.Out.WriteLine($"model   {Phrases.Relative(model)}");
        _terminal.Out.WriteLine($"next    {Invocation.Of("sample", "--model", Phrases.Relative(model))}");
        return ExitCode.Success;
    }

    void ImportFolder(ParseResult parsed, string folder, string model)
    {
        foreach (Option<string?> other in (Option<string?>[])[_config, _weights, _key])
        {
            if (parsed.GetValue(other) is not null) throw new ArgumentException($"--model says everything; leave {other.Name} out.");
        }
        using Device device = Device.Open();
        DiffusionModel opened = DefaultModel.Open(_terminal, folder, device).Model;
        _cancel.ThrowIfCancellationRequested();
        ModelFolder.Save(model, opened);
    }

    void ImportWeights(ParseResult parsed, string model)
    {
        foreach (Option<string?> needed in (Option<string?>[])[_config, _weights])
        {
            if (parsed.GetValue(needed) is null)
                throw new ArgumentException($"{needed.Name} is missing; give --config and --weights, or --model with a folder of diffusers.");
        }
        string weights = parsed.GetValue(_weights)!;
        ImportedWeights taken = ModelFolder.Import(parsed.GetValue(_config)!, weights, model, parsed.GetValue(_key), parsed.GetValue(_newOrder));
        Tell(weights, taken);
        if (!taken.IsAverage && !taken.Others.Any(other => other.IsAverage) && AverageBeside(weights) is { } beside)
        {
            _terminal.Warn(
                $"{Phrases.Relative(weights)} holds raw weights; averaged ones, which draw better images, lie beside it: --weights {Phrases.Relative(beside)}");
        }
    }

    void Tell(string weights, ImportedWeights taken)
    {
        string key = taken.Key.Length > 0 ? $", under '{taken.Key}'" : "", prefix = taken.Prefix.Length > 0 ? $", names without '{taken.Prefix}'" : "";
        string kind = taken.IsAverage ? ", averaged" : taken.Others.Count > 0 ? ", raw" : "";
        if ((key + prefix + kind).Length > 0) _terminal.Out.WriteLine($"weights {Phrases.Relative(weights)}{key}{prefix}{kind}");
        IEnumerable<string> others = taken.Others.Select(other => $"--key {Phrases.Quoted(other.Key)} ({(other.IsAverage ? "averaged" : "raw")})");
        if (taken.Others.Count > 0) _terminal.Out.WriteLine($"others  {string.Join(", ", others)}");
        string more = taken.Unread.Count > MostNamed ? ", …" : "";
        if (taken.Unread.Count > 0) _terminal.Out.WriteLine($"unread  {string.Join(", ", taken.Unread.Take(MostNamed))}{more}");
        foreach (string assumption in taken.Assumptions) _terminal.Warn(assumption);
    }

    // improved-diffusion writes model010000.pt and ema_0.9999_010000.pt.
    static string? AverageBeside(string weights)
    {
        string name = Path.GetFileNameWithoutExtension(weights), step = name.StartsWith("model", StringComparison.Ordinal) ? name["model".Length..] : "";
        if (step.Length == 0 || !step.All(char.IsAsciiDigit)) return null;
        string folder = Path.GetDirectoryName(Path.GetFullPath(weights))!;
        return Directory.EnumerateFiles(folder, $"ema_*_{step}{Path.GetExtension(weights)}").Max(StringComparer.Ordinal);
    }
}
