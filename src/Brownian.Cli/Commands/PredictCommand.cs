using System.CommandLine;
using System.Globalization;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Cli;

/// <summary><c>brownian predict</c></summary>
sealed class PredictCommand : AppCommand
{
    readonly Option<string?> _model =
        OptionOf.Text("--model", "MODEL", $"A model folder, a run (the averaged weights of its newest checkpoint), or {ShippedModel.Name}, the built-in model.");
    readonly Option<string?> _input =
        OptionOf.Text("--input", "IN.safetensors", "sample (N×C×H×W, of any size), timestep (one or N) and, for a conditional model, class_labels (N).");
    readonly Option<string?> _output = OptionOf.Text("--output", "OUT.safetensors", "The file to write: output (N×C×H×W, float32).");
    readonly Option<string?> _labels = OptionOf.Text(
        "--labels", "NAME,..", "The class of each image, or one class for all, by name or number, instead of class_labels.");
    readonly Option<bool> _force = OptionOf.Flag("--force", "Overwrite an existing file.");
    readonly DeviceOptions _device = new();

    public PredictCommand(Terminal terminal, CancellationToken cancel)
        : base("predict",
            "Run the network once on the tensors in a file.\n"
            + "Example: brownian predict --model runs/00001-digits --input in.safetensors --output out.safetensors", terminal, cancel)
    {
        foreach (Option option in (Option[])[_model, _input, _output]) option.Required = true;
        Add([_model, _input, _output, _labels, _force, .. _device.All]);
    }

    protected override int Run(ParseResult parsed)
    {
        string path = parsed.GetValue(_output)!;
        bool overwrite = parsed.GetValue(_force);
        Target.Check(path, overwrite);
        using Device device = _device.Open(parsed, _terminal);
        (DiffusionModel model, _) = DefaultModel.Open(_terminal, parsed.GetValue(_model), device);
        IDenoisingNetwork network = model.Network;
        int[]? labels = parsed.GetValue(_labels) is { } text ? ClassNames.Parse("--labels", text, model.Description.Classes, network.Classes) : null;
        PredictionInput input = PredictionInput.Read(parsed.GetValue(_input)!, network, labels);
        if (model.Process is NoiseSchedule schedule && Array.FindIndex(input.Timesteps, t => t > schedule.Timesteps - 1) is >= 0 and int beyond)
        {
            _terminal.Warn(string.Create(
                CultureInfo.InvariantCulture,
                $"{input.Path}: timestep is {input.Timesteps[beyond]}, but the model learned 0 to {schedule.Timesteps - 1}; its answer there means little."));
        }
        using NoGrad noGrad = device.NoGrad();
        Tensor output = network.Answer(Tensor.From(input.Sample, input.Shape, device), new(input.Timesteps, input.Labels));
        if (Array.FindIndex(output.ToArray(), value => !float.IsFinite(value)) >= 0)
        {
            throw new InvalidDataException(
                $"{input.Path}: the model's answer is not finite (NaN or infinity), and nothing was written: its results overflow; "
                + "give it smaller numbers, or take weights that fit the network.");
        }
        PredictionInput.WriteOutput(path, output, overwrite);
        _terminal.Out.WriteLine($"output  {path}");
        return ExitCode.Success;
    }
}

/// <summary>The numbers of one call of a network as PyTorch stores them, checked and with channels last.</summary>
/// <param name="Path">Where they come from.</param>
/// <param name="Sample">N×H×W×C.</param>
/// <param name="Shape">Of <paramref name="Sample"/>.</param>
/// <param name="Timesteps">One for each image.</param>
/// <param name="Labels">One for each image, or none.</param>
sealed record PredictionInput(string Path, float[] Sample, Shape Shape, float[] Timesteps, int[] Labels)
{
    /// <exception cref="InvalidDataException">A tensor is missing, or its shape, type or content does not fit the network.</exception>
    /// <param name="path">The file.</param>
    /// <param name="network">What will be asked.</param>
    /// <param name="labels">The class of each image, or one for all; null where the file says.</param>
    public static PredictionInput Read(string path, IDenoisingNetwork network, int[]? labels = null)
    {
        using SafetensorsFile file = SafetensorsFile.Read(path);
        Shape shape = ImageShape(path, file["sample"], network);
        float[] sample = ChannelsLast(file.ReadFloats("sample"), shape);
        if (Array.FindIndex(sample, value => !float.IsFinite(value)) is >= 0 and int bad)
            throw Bad(path, $"sample holds {sample[bad]} in image {bad / (sample.Length / shape[0])}; its numbers must be finite.");
        return new PredictionInput(path, sample, shape, ReadTimesteps(path, file, shape[0]), ReadLabels(path, file, network, shape[0], labels));
    }

    /// <summary>Writes N×H×W×C as <c>output</c>, N×C×H×W.</summary>
    public static void WriteOutput(string path, Tensor images, bool overwrite)
    {
        Shape shape = images.Shape;
        float[] from = images.ToArray(), to = new float[from.Length];
        Transpose(shape, (last, first) => to[first] = from[last]);
        var writer = new SafetensorsWriter();
        writer.Add("output", [shape[0], shape[3], shape[1], shape[2]], to);
        writer.Write(path, overwrite);
    }

    static Shape ImageShape(string path, SafetensorsEntry entry, IDenoisingNetwork network)
    {
        long[] s = entry.Shape;
        if (!IsFloat(entry.Type)) throw Bad(path, $"sample holds {entry.Type}; it must hold floating-point numbers.");
        if (s.Length != 4) throw Bad(path, $"sample is {Extents(s)}; it must be N×C×H×W.");
        if (s[1] != network.SeenChannels) throw Bad(path, $"sample is {Extents(s)}, with {Phrases.Count(s[1], "channel")}; the model takes {network.SeenChannels}.");
        if (entry.Count is 0 or > int.MaxValue) throw Bad(path, $"sample is {Extents(s)}; it must have 1 to {int.MaxValue} numbers.");
        return Shape.Of((int)s[0], (int)s[2], (int)s[3], (int)s[1]);
    }

    static float[] ReadTimesteps(string path, SafetensorsFile file, int images)
    {
        SafetensorsEntry entry = file["timestep"];
        bool fits = entry.Count == 1 ? entry.Shape.Length <= 1 : entry.Shape.Length == 1 && entry.Shape[0] == images;
        if (!fits)
            throw Bad(path, $"timestep is {Extents(entry.Shape)}; it must be one number, or {images}, one for each image of sample.");
        if (entry.Type == SafetensorsType.Bool)
            throw Bad(path, $"timestep holds {entry.Type}; it must hold integers or floating-point numbers.");
        float[] given = file.ReadFloats("timestep");
        if (Array.FindIndex(given, t => !(t >= 0 && float.IsFinite(t))) is >= 0 and int bad)
            throw Bad(path, $"timestep[{bad}] is {given[bad]}; it must be at least 0 and finite.");
        float[] timesteps = new float[images];
        for (int n = 0; n < images; n++) timesteps[n] = given.Length == 1 ? given[0] : given[n];
        return timesteps;
    }

    static int[] ReadLabels(string path, SafetensorsFile file, IDenoisingNetwork network, int images, int[]? given)
    {
        if (given is not null)
        {
            if (file.TryGet("class_labels", out _)) throw Bad(path, "has class_labels, and --labels gives others; leave one out.");
            if (given.Length != 1 && given.Length != images)
                throw Bad(path, $"sample has {Phrases.Count(images, "image")}, but --labels names {Phrases.Count(given.Length, "class", "classes")}; give one for all, or one for each.");
            return given.Length == 1 ? [.. Enumerable.Repeat(given[0], images)] : given;
        }
        if (!file.TryGet("class_labels", out SafetensorsEntry? entry))
        {
            return network.Classes == 0
                ? []
                : throw Bad(path, $"no tensor class_labels; the model is conditional on {Phrases.Count(network.Classes, "class", "classes")}: add it, or --labels.");
        }
        if (network.Classes == 0) throw Bad(path, $"has class_labels, but the model knows no classes; leave them out.");
        if (entry.Shape.Length != 1 || entry.Shape[0] != images)
            throw Bad(path, $"class_labels is {Extents(entry.Shape)}; it must be {images}, one for each image of sample.");
        long[] labels = file.ReadIntegers("class_labels");
        if (Array.FindIndex(labels, label => label < 0 || label >= network.Classes) is >= 0 and int bad)
            throw Bad(path, $"class_labels[{bad}] is {labels[bad]}; the model has classes 0 to {network.Classes - 1}.");
        return Array.ConvertAll(labels, label => (int)label);
    }

    static float[] ChannelsLast(float[] from, Shape shape)
    {
        float[] to = new float[from.Length];
        Transpose(shape, (last, first) => to[last] = from[first]);
        return to;
    }

    // Pairs of positions of one number: with channels last, and with channels before rows.
    static void Transpose(Shape shape, Action<int, int> pair)
    {
        int pixels = shape[1] * shape[2], channels = shape[3];
        for (int n = 0; n < shape[0]; n++)
        {
            for (int c = 0; c < channels; c++)
            {
                for (int p = 0; p < pixels; p++) pair((n * pixels + p) * channels + c, (n * channels + c) * pixels + p);
            }
        }
    }

    static InvalidDataException Bad(string path, string what) => new($"{path}: {what}");

    static bool IsFloat(SafetensorsType type) =>
        type is SafetensorsType.F64 or SafetensorsType.F32 or SafetensorsType.F16 or SafetensorsType.BF16;

    static string Extents(long[] shape) => shape.Length == 0 ? "a scalar" : $"[{string.Join(", ", shape)}]";
}
