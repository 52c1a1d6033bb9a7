using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>Reads networks and images of the reference files, which are N×C×H×W, and compares with them.</summary>
static class GoldenNetworks
{
    public static void Load(ParameterSet parameters, string path) => Load(parameters, path, name => name);

    /// <param name="parameters">Receive the numbers.</param>
    /// <param name="path">The file.</param>
    /// <param name="inFile">What the file calls a parameter.</param>
    public static void Load(ParameterSet parameters, string path, Func<string, string> inFile)
    {
        using SafetensorsFile file = SafetensorsFile.Read(path);
        Assert.Equal(parameters.Select(p => inFile(p.Name)).Order(StringComparer.Ordinal), file.Names.Order(StringComparer.Ordinal));
        foreach (Parameter parameter in parameters)
        {
            string name = inFile(parameter.Name);
            Assert.Equal(file[name].Shape, parameter.TorchShape.ToArray().Select(d => (long)d));
            parameter.FromTorch(file.ReadFloats(name));
        }
    }

    /// <summary>A tensor of N×C×H×W in a file as N×H×W×C on a device.</summary>
    public static Tensor Images(SafetensorsFile file, string name, Device device) =>
        Images(file.ReadFloats(name), file[name].Shape, device);

    public static Tensor Images(ReadOnlySpan<float> nchw, long[] shape, Device device)
    {
        int n = (int)shape[0], c = (int)shape[1], pixels = (int)(shape[2] * shape[3]);
        float[] nhwc = new float[nchw.Length];
        for (int i = 0; i < n; i++) Transpose(nchw.Slice(i * c * pixels, c * pixels), c, nhwc.AsSpan(i * c * pixels));
        return Tensor.From(nhwc, Shape.Of(n, (int)shape[2], (int)shape[3], c), device);
    }

    /// <summary>N×H×W×C on a device as numbers in the order N×C×H×W.</summary>
    public static float[] Nchw(Tensor images)
    {
        Shape s = images.Shape;
        float[] nhwc = images.ToArray(), nchw = new float[nhwc.Length];
        int size = s[1] * s[2] * s[3];
        for (int i = 0; i < s[0]; i++) Transpose(nhwc.AsSpan(i * size, size), s[1] * s[2], nchw.AsSpan(i * size));
        return nchw;
    }

    public static float[] Timesteps(SafetensorsFile file, string name) => file[name].Type == SafetensorsType.F32
        ? file.ReadFloats(name)
        : Array.ConvertAll(file.ReadIntegers(name), t => (float)t);

    /// <summary>The largest difference as a share of the largest expected magnitude.</summary>
    public static double RelativeError(ReadOnlySpan<double> expected, ReadOnlySpan<float> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        double worst = 0, largest = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(float.IsFinite(actual[i]), $"element {i} is {actual[i]}");
            worst = Math.Max(worst, Math.Abs(expected[i] - actual[i]));
            largest = Math.Max(largest, Math.Abs(expected[i]));
        }
        return worst / largest;
    }

    public static double LargestDifference(ReadOnlySpan<double> expected, ReadOnlySpan<float> actual)
    {
        double worst = 0;
        for (int i = 0; i < expected.Length; i++) worst = Math.Max(worst, Math.Abs(expected[i] - actual[i]));
        return worst;
    }

    /// <summary>A shift of all keys changes nothing (softmax does not see it): the gradient of that third is rounding noise.</summary>
    public static void AssertPackedBias(string name, double[] expected, float[] actual)
    {
        int third = expected.Length / 3;
        foreach (int part in new[] { 0, 2 })
        {
            Range range = (part * third)..((part + 1) * third);
            double error = RelativeError(expected.AsSpan(range), actual.AsSpan(range));
            Assert.True(error < 2e-4, $"gradient of {name}, part {part}: relative error {error:E2}");
        }
        Assert.True(LargestDifference(expected.AsSpan(third, third), actual.AsSpan(third, third)) < 1e-5, $"{name}, keys");
    }

    static void Transpose(ReadOnlySpan<float> source, int rows, Span<float> target)
    {
        int columns = source.Length / rows;
        for (int r = 0; r < rows; r++)
        {
            for (int c = 0; c < columns; c++) target[c * rows + r] = source[r * columns + c];
        }
    }
}
