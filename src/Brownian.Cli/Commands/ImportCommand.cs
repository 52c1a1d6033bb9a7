using System.CommandLine;
using Brownian.Training;

namespace Brownian.Cli;

/// <summary><c>brownian import</c></summary>
sealed class ImportCommand : Command
{
    readonly Option<string?> _config = OptionOf.Text("--config", "FILE", "The YAML that the model was trained with.");
    readonly Option<string?> _weights = OptionOf.Text("--weights", "FILE.safetensors", "The network's state dict.");
    readonly Option<string?> _out = OptionOf.Text("--out", "MODEL", "The model folder to make; it must not exist.");
    readonly Terminal _terminal;

    public ImportCommand(Terminal terminal)
        : base("import",
            "Make a model folder from weights trained with ddpm-pytorch.\n"
            + "Example: brownian import --config default.yaml --weights ddpm.safetensors --out models/mnist")
    {
        _terminal = terminal;
        foreach (Option option in (Option[])[_config, _weights, _out])
        {
            option.Required = true;
            Add(option);
        }
        SetAction(Run);
    }

    int Run(ParseResult parsed)
    {
        string model = parsed.GetValue(_out)!;
        ModelFolder.Import(parsed.GetValue(_config)!, parsed.GetValue(_weights)!, model);
        _terminal.Out.WriteLine($"model   {Phrases.Relative(model)}");
        _terminal.Out.WriteLine($"next    {Invocation.Of("sample", "--model", Phrases.Relative(model))}");
        return ExitCode.Success;
    }
}
