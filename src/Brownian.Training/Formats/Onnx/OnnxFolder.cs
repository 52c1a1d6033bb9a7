using System.Text.Json;
using System.Text.Json.Serialization;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// A folder for programs that run ONNX: <c>model.onnx</c>, the network, and <c>sampling.json</c>, which says how to draw images with it. Images are
/// planes there, N×C×H×W, and N is open.
/// </summary>
sealed class OnnxFolder : IExportFormat
{
    public const string ModelName = "model.onnx", SamplingName = "sampling.json";

    public string Name => "onnx";

    public string Description => $"an ONNX export ({ModelName} and {SamplingName})";

    public string Purpose => "the network for ONNX Runtime, with what sampling needs as JSON";

    public bool Is(string path) => File.Exists(Path.Combine(path, ModelName)) && File.Exists(Path.Combine(path, SamplingName));

    public string Use(DiffusionModel model) => $"{ModelName} and {SamplingName} for ONNX Runtime: docs/onnx.md says how to draw with them";

    public DiffusionModel Open(string path, Device device, Action<string> warn) =>
        throw new InvalidDataException($"{path}: an ONNX export, which is for other programs; give the model that it was made of.");

    public void Save(string path, DiffusionModel model, SafetensorsType type)
    {
        if (type != SafetensorsType.F32) throw new InvalidDataException("ONNX is written as float32; leave --dtype out, and let ONNX Runtime's tools make it smaller.");
        byte[] network = NetworkOf(model.Network, model.Description.Model), sampling = OnnxSampling.Of(model).ToJson();
        Files.WriteFolder(path, _ => false, folder =>
        {
            AtomicFile.Write(Path.Combine(folder, ModelName), network);
            AtomicFile.Write(Path.Combine(folder, SamplingName), sampling);
        });
    }

    /// <summary>The forward pass of a network as a file has it.</summary>
    /// <param name="network">Whose weights are written.</param>
    /// <param name="options">What makes such a network.</param>
    /// <param name="fusesAttention">Whether attention is one operation of ONNX Runtime's own: for measuring how fast that is.</param>
    /// <exception cref="InvalidDataException">It has an operation that is not written.</exception>
    public static byte[] NetworkOf(IDenoisingNetwork network, NetworkOptions options, bool fusesAttention = false)
    {
        var graph = new OnnxWriter(options.Type);
        using var recorder = new OnnxRecorder(graph, fusesAttention);
        IDenoisingNetwork written = options.CreateNetwork(recorder);
        foreach (Parameter parameter in written.Parameters)
        {
            parameter.FromTorch(network.Parameters[parameter.Name].ToTorch());
            recorder.Know(parameter.Value, parameter.Name);
        }
        (int height, int width) = (network.Height, network.Width);
        var shape = Shape.Of(1, Taken(height), Taken(width), network.Channels);
        bool seesEstimates = network.SeenChannels != network.Channels, hasLabels = network.Classes > 0;
        graph.Input(OnnxRecorder.SampleName, [network.Channels, height, width]);
        if (seesEstimates) graph.Input(OnnxRecorder.EstimateName, [network.Channels, height, width]);
        graph.Input(OnnxRecorder.TimestepName, []);
        if (hasLabels) graph.Input(OnnxRecorder.LabelName, [], integers: true);
        try
        {
            using NoGrad noGrad = recorder.NoGrad();
            Tensor x = recorder.Given(OnnxRecorder.SampleName, height, width, shape);
            if (seesEstimates) x = Reshaping.ConcatChannels(x, recorder.Given(OnnxRecorder.EstimateName, height, width, shape));
            Tensor y = written.Forward(x, new([OnnxRecorder.Timestep], hasLabels ? [OnnxRecorder.Label] : []));
            graph.Output(recorder.Planes(y, height, width), OnnxSampling.OutputName, [y.Shape[3], height, width]);
        }
        catch (NotSupportedException e)
        {
            throw new InvalidDataException($"a network of type {options.Type} as it is configured cannot be written as ONNX: {e.Message.TrimEnd('.')}.", e);
        }
        return graph.ToBytes(ProgramVersion.Text);

        int Taken(int side) => (side + network.SizeMultiple - 1) / network.SizeMultiple * network.SizeMultiple;
    }
}

/// <summary><c>sampling.json</c>: what a program needs to know to draw images with <c>model.onnx</c>.</summary>
/// <param name="Format">Always "brownian-onnx".</param>
/// <param name="Version">Of this file.</param>
/// <param name="Program">What wrote it.</param>
/// <param name="Inputs">The names of what the network is given, with their extents; N is open.</param>
/// <param name="Outputs">The same of its answer.</param>
/// <param name="Predicts">What the answer is: epsilon, sample, v_prediction, flow_prediction or edm.</param>
/// <param name="ValueRange">The values of images: black and white.</param>
/// <param name="Clip">What x̂_0 is limited to, up and down; null for nothing.</param>
/// <param name="Classes">The names of the labels, from 0 on.</param>
/// <param name="NoLabel">The label of "any image"; null where there is none.</param>
/// <param name="AlphasCumprod">ᾱ of each timestep, for a model with timesteps.</param>
/// <param name="Algorithm">How to use the steps, in words.</param>
/// <param name="Steps">Noise levels from noise to image: one more than there are steps.</param>
sealed record OnnxSampling(
    string Format, int Version, string Program,
    IReadOnlyDictionary<string, IReadOnlyList<object>> Inputs, IReadOnlyDictionary<string, IReadOnlyList<object>> Outputs,
    string Predicts, double[] ValueRange, double? Clip, string[] Classes, int? NoLabel, double[]? AlphasCumprod, string Algorithm, OnnxStep[] Steps)
{
    public const string OutputName = "prediction";
    const int Count = 25;

    const string Words =
        "x = sigma * noise for the sigma of the first step; then for each step but the last: p = prediction(input_scale * x, timestep), without the "
        + "channels of a learned variance; x0 = x0_of_sample * x + x0_of_prediction * p, limited to clip; noise = (x - alpha * x0) / sigma; and with "
        + "alpha and sigma of the next step x = alpha * x0 + sigma * noise (DDIM, Song et al. 2021). The last x is the image.";

    public static OnnxSampling Of(DiffusionModel model)
    {
        IDenoisingNetwork network = model.Network;
        object[] image = [OnnxWriter.Batch, network.Channels, network.Height, network.Width];
        var inputs = new Dictionary<string, IReadOnlyList<object>> { [OnnxRecorder.SampleName] = image };
        if (network.SeenChannels != network.Channels) inputs[OnnxRecorder.EstimateName] = image;
        inputs[OnnxRecorder.TimestepName] = [OnnxWriter.Batch];
        if (network.Classes > 0) inputs[OnnxRecorder.LabelName] = [OnnxWriter.Batch];
        DiffusionParams diffusion = model.Description.Diffusion;
        return new OnnxSampling(
            "brownian-onnx", 1, ProgramVersion.Text, inputs,
            new Dictionary<string, IReadOnlyList<object>> { [OutputName] = [OnnxWriter.Batch, network.OutputChannels, network.Height, network.Width] },
            model.Predicts.Name, [-1, 1], diffusion.ClipSample ? diffusion.ClipSampleRange : null, [.. model.Description.Classes], model.NoLabel,
            model.Process is NoiseSchedule schedule ? [.. Enumerable.Range(0, schedule.Timesteps).Select(t => Math.Pow(schedule.At(t).Alpha, 2))] : null,
            Words, [.. StepsOf(model)]);
    }

    // Those of DPM-Solver++ by default; Karras' for edm, whose own they are.
    static IEnumerable<OnnxStep> StepsOf(DiffusionModel model)
    {
        LevelSelection selection = LevelSelection.AboveZero;
        selection = selection with { Timesteps = selection.Timesteps with { Count = Math.Min(Count, Math.Max(1, model.Process.Timesteps - 1)) } };
        foreach (NoiseLevel level in model.Process.Levels(selection))
        {
            bool isImage = level.Sigma == 0;
            Mix x0 = isImage ? new Mix(1, 0) : model.Predicts.X0(level);
            if (!x0.IsFinite) throw new InvalidDataException($"a network that predicts {model.Predicts.Name} cannot sample from timestep {level.Timestep}, where the schedule leaves no signal.");
            yield return new OnnxStep(level.Timestep, level.Alpha, level.Sigma, isImage ? 1 : model.Predicts.InputScale(level), x0.First, x0.Second);
        }
    }

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, OnnxJson.Default.OnnxSampling);
}

/// <summary>A noise level: x = alpha·x_0 + sigma·noise.</summary>
/// <param name="Timestep">What the network is told about it.</param>
/// <param name="Alpha">The share of the image.</param>
/// <param name="Sigma">The deviation of the noise.</param>
/// <param name="InputScale">What x is multiplied by before the network sees it.</param>
/// <param name="X0OfSample">x̂_0 is this times x …</param>
/// <param name="X0OfPrediction">… and this times the prediction.</param>
sealed record OnnxStep(double Timestep, double Alpha, double Sigma, double InputScale, double X0OfSample, double X0OfPrediction);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(OnnxSampling))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(int))]
sealed partial class OnnxJson : JsonSerializerContext;
