using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Brownian.Oracle;

/// <summary>ONNX Runtime's answers.</summary>
static class OnnxRun
{
    /// <summary>The numbers of a model's outputs, in the order of their names here.</summary>
    public static float[][] Of(string path, float[] numbers, int[] shape, params string[] outputs)
    {
        using var session = new InferenceSession(path);
        string input = session.InputMetadata.Keys.Single();
        using IDisposableReadOnlyCollection<DisposableNamedOnnxValue> results = session.Run([NamedOnnxValue.CreateFromTensor(input, new DenseTensor<float>(numbers, shape))]);
        string[] wanted = outputs.Length > 0 ? outputs : [.. session.OutputMetadata.Keys];
        return [.. wanted.Select(name => results.Single(result => result.Name == name).AsTensor<float>().ToArray())];
    }

    /// <summary>N×H×W×C as N×C×H×W.</summary>
    public static float[] Planes(float[] x, int samples, int pixels, int channels)
    {
        float[] y = new float[x.Length];
        for (int n = 0; n < samples; n++)
            for (int p = 0; p < pixels; p++)
                for (int c = 0; c < channels; c++) y[(n * channels + c) * pixels + p] = x[(n * pixels + p) * channels + c];
        return y;
    }
}
