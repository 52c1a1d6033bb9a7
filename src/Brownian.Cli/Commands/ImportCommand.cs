using System.CommandLine;
using Brownian.Nn;
using Brownian.Tensors;
using Brownian.Training;

namespace Brownian.Cli;

/// <summary><c>brownian import</c></summary>
sealed class ImportCommand : AppCommand
{
    readonly Option<string?> _config = OptionOf.Text("--config", "FILE", "The YAML file the model was trained with.");
    readonly Option<string?> _weights = OptionOf.Text(
        "--weights", "FILE", $"The weights: {WeightsFile.Extensions}. Code in a .pth file is never run.");
    readonly Option<string?> _key = OptionOf.Text(
        "--key", "NAME", "The key of the state dict inside a checkpoint. Default: model, state_dict, model_state_dict, ema or similar");
    readonly Option<string?> _model = OptionOf.Text("--model", "FOLDER", "Instead of both: a diffusers folder, or a run.");
    readonly Option<string?> _out = OptionOf.Text("--out", "MODEL", "The model folder to create; it must not exist.");

    public ImportCommand(Terminal terminal)
        : base("import",
            "Import weights trained in Python: a tutorial's checkpoint with its YAML file, or a diffusers pipeline.\n"
            + "Example: brownian import --config default.yaml --weights ddpm_ckpt.pth --out models/mnist", terminal)
    {
        _out.Required = true;
        Add([_config, _weights, _key, _model, _out]);
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
        ModelFolder.Save(model, ModelFolder.Open(folder, device, _terminal.Warn));
    }

    void ImportWeights(ParseResult parsed, string model)
    {
        foreach (Option<string?> needed in (Option<string?>[])[_config, _weights])
        {
            if (parsed.GetValue(needed) is null)
                throw new ArgumentException($"{needed.Name} is missing; give --config and --weights, or --model with a folder of diffusers.");
        }
        string weights = parsed.GetValue(_weights)!;
        string key = ModelFolder.Import(parsed.GetValue(_config)!, weights, model, parsed.GetValue(_key));
        if (key.Length > 0) _terminal.Out.WriteLine($"weights {Phrases.Relative(weights)}, under '{key}'");
    }
}
