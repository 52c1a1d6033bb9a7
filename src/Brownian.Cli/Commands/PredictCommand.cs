using System.CommandLine;
using Brownian.Diffusion;
using Brownian.Tensors;
using Brownian.Training;

namespace Brownian.Cli;

/// <summary><c>brownian predict</c></summary>
sealed class PredictCommand : Command
{
    readonly Option<string?> _model =
        OptionOf.Text("--model", "MODEL", "A model folder, or a run: the averaged weights of its newest checkpoint.");
    readonly Option<string?> _input =
        OptionOf.Text("--input", "IN.safetensors", "sample (N×C×H×W, of any size), timestep (one or N) and, for a conditional model, class_labels (N).");
    readonly Option<string?> _output = OptionOf.Text("--output", "OUT.safetensors", "Receives output (N×C×H×W, float32).");
    readonly Option<string?> _labels = OptionOf.Text(
        "--labels", "NAME,..", "The class of each image, or one for all, by name or number, in the place of class_labels.");
    readonly Option<bool> _force = OptionOf.Flag("--force", "Replace an existing output.");
    readonly Option<int?> _threads = OptionOf.Threads();
    readonly Terminal _terminal;

    public PredictCommand(Terminal terminal)
        : base("predict",
            "Run the network once on given numbers.\n"
            + "Example: brownian predict --model runs/00001-digits --input in.safetensors --output out.safetensors")
    {
        _terminal = terminal;
        foreach (Option option in (Option[])[_model, _input, _output]) option.Required = true;
        foreach (Option option in (Option[])[_model, _input, _output, _labels, _force, _threads]) Add(option);
        SetAction(Run);
    }

    int Run(ParseResult parsed)
    {
        string path = parsed.GetValue(_output)!;
        bool overwrite = parsed.GetValue(_force);
        Target.Check(path, overwrite);
        using Device device = Device.Cpu(parsed.GetValue(_threads) ?? 0);
        DiffusionModel model = ModelFolder.Open(parsed.GetValue(_model)!, device, _terminal.Warn);
        IDenoisingNetwork network = model.Network;
        int[]? labels = parsed.GetValue(_labels) is { } text ? ClassNames.Parse("--labels", text, model.Description.Classes, network.Classes) : null;
        PredictionInput input = PredictionInput.Read(parsed.GetValue(_input)!, network, labels);
        using NoGrad noGrad = device.NoGrad();
        Tensor output = network.Answer(Tensor.From(input.Sample, input.Shape, device), new(input.Timesteps, input.Labels));
        PredictionInput.WriteOutput(path, output, overwrite);
        _terminal.Out.WriteLine($"output  {path}");
        return ExitCode.Success;
    }
}
