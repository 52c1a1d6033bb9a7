using System.Runtime.InteropServices;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Tests.Evaluation;

/// <summary>
/// A state dict of random numbers under the names and shapes of the FID Inception's, written from Szegedy et al. 2016 and the names that PyTorch's
/// port has. Activations keep their size from layer to layer.
/// </summary>
sealed class RandomInception
{
    readonly Dictionary<string, (int[] Shape, float[] Numbers)> _tensors = [];

    public RandomInception()
    {
        Conv("Conv2d_1a_3x3", 3, 32, 3, 3);
        Conv("Conv2d_2a_3x3", 32, 32, 3, 3);
        Conv("Conv2d_2b_3x3", 32, 64, 3, 3);
        Conv("Conv2d_3b_1x1", 64, 80, 1, 1);
        Conv("Conv2d_4a_3x3", 80, 192, 3, 3);
        foreach ((string block, int inputs, int pool) in new[] { ("Mixed_5b", 192, 32), ("Mixed_5c", 256, 64), ("Mixed_5d", 288, 64) })
        {
            Conv($"{block}.branch1x1", inputs, 64, 1, 1);
            Conv($"{block}.branch5x5_1", inputs, 48, 1, 1);
            Conv($"{block}.branch5x5_2", 48, 64, 5, 5);
            Conv($"{block}.branch3x3dbl_1", inputs, 64, 1, 1);
            Conv($"{block}.branch3x3dbl_2", 64, 96, 3, 3);
            Conv($"{block}.branch3x3dbl_3", 96, 96, 3, 3);
            Conv($"{block}.branch_pool", inputs, pool, 1, 1);
        }
        Conv("Mixed_6a.branch3x3", 288, 384, 3, 3);
        Conv("Mixed_6a.branch3x3dbl_1", 288, 64, 1, 1);
        Conv("Mixed_6a.branch3x3dbl_2", 64, 96, 3, 3);
        Conv("Mixed_6a.branch3x3dbl_3", 96, 96, 3, 3);
        foreach ((string block, int width) in new[] { ("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192) })
        {
            Conv($"{block}.branch1x1", 768, 192, 1, 1);
            Conv($"{block}.branch7x7_1", 768, width, 1, 1);
            Conv($"{block}.branch7x7_2", width, width, 1, 7);
            Conv($"{block}.branch7x7_3", width, 192, 7, 1);
            Conv($"{block}.branch7x7dbl_1", 768, width, 1, 1);
            Conv($"{block}.branch7x7dbl_2", width, width, 7, 1);
            Conv($"{block}.branch7x7dbl_3", width, width, 1, 7);
            Conv($"{block}.branch7x7dbl_4", width, width, 7, 1);
            Conv($"{block}.branch7x7dbl_5", width, 192, 1, 7);
            Conv($"{block}.branch_pool", 768, 192, 1, 1);
        }
        Conv("Mixed_7a.branch3x3_1", 768, 192, 1, 1);
        Conv("Mixed_7a.branch3x3_2", 192, 320, 3, 3);
        Conv("Mixed_7a.branch7x7x3_1", 768, 192, 1, 1);
        Conv("Mixed_7a.branch7x7x3_2", 192, 192, 1, 7);
        Conv("Mixed_7a.branch7x7x3_3", 192, 192, 7, 1);
        Conv("Mixed_7a.branch7x7x3_4", 192, 192, 3, 3);
        foreach ((string block, int inputs) in new[] { ("Mixed_7b", 1280), ("Mixed_7c", 2048) })
        {
            Conv($"{block}.branch1x1", inputs, 320, 1, 1);
            Conv($"{block}.branch3x3_1", inputs, 384, 1, 1);
            Conv($"{block}.branch3x3_2a", 384, 384, 1, 3);
            Conv($"{block}.branch3x3_2b", 384, 384, 3, 1);
            Conv($"{block}.branch3x3dbl_1", inputs, 448, 1, 1);
            Conv($"{block}.branch3x3dbl_2", 448, 384, 3, 3);
            Conv($"{block}.branch3x3dbl_3a", 384, 384, 1, 3);
            Conv($"{block}.branch3x3dbl_3b", 384, 384, 3, 1);
            Conv($"{block}.branch_pool", inputs, 192, 1, 1);
        }
        Add("fc.weight", [1008, 2048], 0, 1 / MathF.Sqrt(2048));
        Add("fc.bias", [1008], 0, 1);
    }

    public float[] this[string name] => _tensors[name].Numbers;

    public int[] ShapeOf(string name) => _tensors[name].Shape;

    /// <summary>Writes a file of torch.save, without a tensor if one is named.</summary>
    public void Write(string path, string? without = null)
    {
        var writer = new TorchWriter();
        foreach ((string name, (int[] shape, float[] numbers)) in _tensors)
        {
            if (name != without)
                writer.Add(name, SafetensorsType.F32, Array.ConvertAll(shape, n => (long)n), stream => stream.Write(MemoryMarshal.AsBytes(numbers.AsSpan())));
        }
        writer.Write(path);
    }

    // Half of what a ReLU sees is lost, which the factor 2 makes up for (He et al. 2015).
    void Conv(string name, int inputs, int outputs, int height, int width)
    {
        Add($"{name}.conv.weight", [outputs, inputs, height, width], 0, MathF.Sqrt(2f / (inputs * height * width)));
        Add($"{name}.bn.weight", [outputs], 1, 0.1f);
        Add($"{name}.bn.bias", [outputs], 0, 0.1f);
        Add($"{name}.bn.running_mean", [outputs], 0, 0.1f);
        Add($"{name}.bn.running_var", [outputs], 1, 0.1f);
    }

    void Add(string name, int[] shape, float mean, float deviation)
    {
        float[] numbers = new float[shape.Aggregate(1, (a, b) => a * b)];
        new Philox(1, Philox.Stream(name)).Normal(numbers);
        for (int i = 0; i < numbers.Length; i++) numbers[i] = mean + deviation * numbers[i];
        _tensors.Add(name, (shape, numbers));
    }
}
