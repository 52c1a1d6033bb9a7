using Brownian.Tensors;
using Microsoft.ML.OnnxRuntime;
using OnnxTensor = Microsoft.ML.OnnxRuntime.OrtValue;

namespace Brownian.Peers;

/// <summary>ONNX Runtime on what <see cref="OnnxExport"/> writes.</summary>
sealed class OnnxWork : IDisposable
{
    static readonly string[] Inputs = ["sample", "timestep"], Outputs = ["output"];

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
        using var options = new SessionOptions { IntraOpNumThreads = threads, InterOpNumThreads = 1, ExecutionMode = ExecutionMode.ORT_SEQUENTIAL };
        _session = new InferenceSession(path, options);
        long[] extents = [shape[0], shape[3], shape[1], shape[2]];
        _output = new float[images.Length];
        _inputs =
        [
            OnnxTensor.CreateTensorValueFromMemory(images, extents),
            OnnxTensor.CreateTensorValueFromMemory(Array.ConvertAll(times, t => (long)t), [shape[0]]),
        ];
        _outputs = [OnnxTensor.CreateTensorValueFromMemory(_output, extents)];
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
