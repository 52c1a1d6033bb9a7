using Brownian.Tensors;
using Microsoft.ML.OnnxRuntime;
using OnnxTensor = Microsoft.ML.OnnxRuntime.OrtValue;

namespace Brownian.Peers;

/// <summary>ONNX Runtime on what <c>export --format onnx</c> writes, with attention as the one operation that it has for it.</summary>
sealed class OnnxWork : IDisposable
{
    static readonly string[] Inputs = ["sample", "timestep"], Outputs = ["prediction"];

    readonly InferenceSession _session;
    readonly RunOptions _options = new();
    readonly OnnxTensor[] _inputs, _outputs;
    readonly float[] _output;

    /// <param name="path">The model.</param>
    /// <param name="images">N×C×H×W.</param>
    /// <param name="shape">Of the images as N×H×W×C.</param>
    /// <param name="times">N.</param>
    /// <param name="threads">How many compute; 0 for as many as ONNX Runtime likes.</param>
    public OnnxWork(string path, float[] images, Shape shape, float[] times, int threads = 0)
    {
        using var options = new SessionOptions
        {
            IntraOpNumThreads = threads,
            InterOpNumThreads = 1,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
        };
        options.AddFreeDimensionOverrideByName("N", shape[0]);      // so that it can plan its memory
        _session = new InferenceSession(path, options);
        long[] extents = [shape[0], shape[3], shape[1], shape[2]];
        _output = new float[images.Length];
        _inputs =
        [
            OnnxTensor.CreateTensorValueFromMemory(images, extents),
            OnnxTensor.CreateTensorValueFromMemory(times, [shape[0]]),
        ];
        _outputs = [OnnxTensor.CreateTensorValueFromMemory(_output, extents)];
    }

    /// <summary>Writes a network.</summary>
    /// <param name="model">What network.</param>
    /// <param name="weights">Another network of that kind, whose weights are written; null for those of a fresh one.</param>
    /// <param name="path">Where the model goes.</param>
    public static void Write(NetworkOptions model, IDenoisingNetwork? weights, string path)
    {
        using Device device = Device.Cpu();
        File.WriteAllBytes(path, OnnxFolder.NetworkOf(weights ?? model.CreateNetwork(device), model, fusesAttention: true));
    }

    /// <summary>Runs the model once.</summary>
    public void Step() => _session.Run(_options, Inputs, _inputs, Outputs, _outputs);

    /// <summary>What a model answers.</summary>
    public static float[] Run(string path, float[] images, Shape shape, float[] times)
    {
        using var work = new OnnxWork(path, images, shape, times);
        work.Step();
        return work._output;
    }

    public void Dispose()
    {
        foreach (OnnxTensor value in _inputs.Concat(_outputs)) value.Dispose();
        _options.Dispose();
        _session.Dispose();
    }
}
