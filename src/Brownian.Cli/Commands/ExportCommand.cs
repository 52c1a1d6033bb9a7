using System.CommandLine;
using Brownian.Tensors;

namespace Brownian.Cli;

/// <summary><c>brownian export</c></summary>
sealed class ExportCommand : AppCommand
{
    readonly Option<string?> _model =
        OptionOf.Text("--model", "MODEL", $"A model folder, a run (the averaged weights of its newest checkpoint), or {ShippedModel.Name}, the built-in model.");
    readonly Option<string?> _out = OptionOf.Text("--out", "FOLDER", "The folder to create; it must not exist.");
    readonly Option<string?> _format = OptionOf.Choice(
        "--format", [.. ModelFolder.ExportFormats.Select(format => format.Name)],
        string.Join("; ", ModelFolder.ExportFormats.Select(format => $"{format.Name}: {format.Purpose}"))
        + ". Default: diffusers where that knows the network, else safetensors");
    readonly Option<string?> _dtype = OptionOf.Choice(
        "--dtype", ["float32", "float16"], "Number format of the weights; float16 halves the file. Default: float32");

    public ExportCommand(Terminal terminal, CancellationToken cancel)
        : base("export",
            "Export a model for Python, or to share it.\n"
            + "Example: brownian export --model runs/00001-digits --out exported/digits", terminal, cancel)
    {
        foreach (Option option in (Option[])[_model, _out]) option.Required = true;
        Add([_model, _out, _format, _dtype]);
    }

    protected override int Run(ParseResult parsed)
    {
        string folder = parsed.GetValue(_out)!;
        using Device device = Device.Open();
        (DiffusionModel model, _) = DefaultModel.Open(_terminal, parsed.GetValue(_model), device);
        _cancel.ThrowIfCancellationRequested();
        IExportFormat format = ModelFolder.Export(folder, model, parsed.GetValue(_format), half: parsed.GetValue(_dtype) == "float16");
        _terminal.Out.WriteLine($"folder  {Phrases.Relative(folder)}, {format.Use(model)}");
        return ExitCode.Success;
    }
}
