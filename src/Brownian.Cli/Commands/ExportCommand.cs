using System.CommandLine;
using Brownian.Tensors;
using Brownian.Training;

namespace Brownian.Cli;

/// <summary><c>brownian export</c></summary>
sealed class ExportCommand : Command
{
    readonly Option<string?> _model =
        OptionOf.Text("--model", "MODEL", "A model folder, or a run: the averaged weights of its newest checkpoint.");
    readonly Option<string?> _out = OptionOf.Text("--out", "FOLDER", "The folder to make; it must not exist.");
    readonly Option<string?> _format = OptionOf.Choice(
        "--format", ["diffusers", "safetensors", "brownian"],
        "A pipeline that diffusers loads (networks of type unet2d), a state dict with its YAML, or a model folder of Brownian. "
        + "Default: one of the first two, whichever fits the network");
    readonly Option<string?> _dtype = OptionOf.Choice(
        "--dtype", ["float32", "float16"], "The weights' numbers; float16 halves the file. Default: float32");
    readonly Terminal _terminal;

    public ExportCommand(Terminal terminal)
        : base("export",
            "Write a model for Python, or to pass on.\n"
            + "Example: brownian export --model runs/00001-digits --out exported/digits")
    {
        _terminal = terminal;
        foreach (Option option in (Option[])[_model, _out]) option.Required = true;
        foreach (Option option in (Option[])[_model, _out, _format, _dtype]) Add(option);
        SetAction(Run);
    }

    int Run(ParseResult parsed)
    {
        string folder = parsed.GetValue(_out)!;
        ExportFormat? format = parsed.GetValue(_format) switch
        {
            "diffusers" => ExportFormat.Diffusers,
            "safetensors" => ExportFormat.Safetensors,
            "brownian" => ExportFormat.Brownian,
            _ => null,
        };
        using Device device = Device.Open();
        DiffusionModel model = ModelFolder.Open(parsed.GetValue(_model)!, device, _terminal.Warn);
        string written = ModelFolder.Export(folder, model, format, half: parsed.GetValue(_dtype) == "float16") switch
        {
            // Its pipelines of DDPM and DDIM pass no labels on.
            ExportFormat.Diffusers when model.Network.Classes > 0 =>
                "for diffusers: UNet2DModel.from_pretrained(folder, subfolder=\"unet\"), to be given class_labels",
            ExportFormat.Diffusers => "for diffusers: DiffusionPipeline.from_pretrained(folder)",
            ExportFormat.Brownian => "for brownian sample --model",
            _ => "a state dict, model.safetensors, with config.yaml",
        };
        _terminal.Out.WriteLine($"folder  {Phrases.Relative(folder)}, {written}");
        return ExitCode.Success;
    }
}
