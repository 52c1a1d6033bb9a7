using System.Diagnostics;
using Brownian.Evaluation;
using Brownian.Tensors;
using Brownian.Tests.Evaluation;

namespace Brownian.Oracle;

/// <summary>The feature networks on our engine against ONNX Runtime.</summary>
public sealed class FeatureNetworkTests(ITestOutputHelper output) : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("brownian-oracle").FullName;
    readonly Device _device = Device.Cpu();

    static string Models => (string)AppContext.GetData("Brownian.Oracle.Models")!;

    static string ResNet => Path.Combine(Models, "ResNet18Onnx", "ResNet18.onnx");

    static string Preprocessing => Path.Combine(Models, "ResNetPrepOnnx", "ResNetPreprocess.onnx");

    [Fact]
    public void Resnet18_equals_ONNX_Runtime()
    {
        using var network = new ResNet18Network(ResNet, _device);
        foreach (int seed in new[] { 1, 2, 3 })
        {
            float[] image = Image(seed, 224, 224);
            float[] prepared = OnnxRun.Of(Preprocessing, OnnxRun.Planes(image, 1, 224 * 224, 3), [1, 3, 224, 224])[0];
            float[] expected = OnnxRun.Of(ResNet, prepared, [1, 3, 224, 224])[0];
            AssertClose(expected, Features(network, image, Shape.Of(1, 224, 224, 3)).Features, 2e-5);
        }
    }

    /// <summary>Gray and small: what our resizing makes of it is what the models get.</summary>
    [Fact]
    public void Resnet18_of_a_gray_digit_is_that_of_its_enlargement()
    {
        using var network = new ResNet18Network(ResNet, _device);
        float[] gray = [.. Enumerable.Range(0, 28 * 28).Select(i => (float)(i * 37 % 256))];
        float[] large = Tensor.From(gray, Shape.Of(1, 28, 28, 1), _device).ResizeBilinear(224, 224).ToArray();
        float[] planes = [.. large, .. large, .. large];
        float[] expected = OnnxRun.Of(ResNet, OnnxRun.Of(Preprocessing, planes, [1, 3, 224, 224])[0], [1, 3, 224, 224])[0];
        AssertClose(expected, Features(network, gray, Shape.Of(1, 28, 28, 1)).Features, 2e-5);
    }

    [Fact]
    public void Inception_equals_ONNX_Runtime_with_random_weights()
    {
        var weights = new RandomInception();
        string path = Path.Combine(_folder, "inception.pth"), model = Path.Combine(_folder, "inception.onnx");
        weights.Write(path);
        using var network = new InceptionNetwork(path, _device, anyWeights: true);
        foreach ((int height, int width) in new[] { (32, 32), (299, 299), (340, 217) })
        {
            float[] images = [.. Image(height, height, width), .. Image(width + 1, height, width)];
            InceptionGraph.Write(weights, model, 2, height, width);
            float[][] expected = OnnxRun.Of(model, OnnxRun.Planes(images, 2, height * width, 3), [2, 3, height, width], "features", "logits");
            (float[] features, float[] logits) = Features(network, images, Shape.Of(2, height, width, 3));
            AssertClose(expected[0], features, 5e-5);
            AssertClose(expected[1], logits, 5e-5);
        }
    }

    /// <summary>One by one or together, with one thread or several, features are the same bits; and how long they take.</summary>
    [Fact]
    public void Features_do_not_depend_on_the_batch()
    {
        string path = Path.Combine(_folder, "inception.pth");
        new RandomInception().Write(path);
        using FeatureNetwork inception = new InceptionNetwork(path, _device, anyWeights: true), resnet = new ResNet18Network(ResNet, _device);
        foreach (FeatureNetwork network in new[] { inception, resnet })
        {
            const int Count = 32;
            float[][] images = [.. Enumerable.Range(0, Count).Select(seed => Image(seed, 32, 32))];
            float[] all = [.. images.SelectMany(image => image)];
            float[] together = Features(network, all, Shape.Of(Count, 32, 32, 3)).Features;
            long start = Stopwatch.GetTimestamp();
            Features(network, all, Shape.Of(Count, 32, 32, 3));
            output.WriteLine($"{network.Name}: {Count / Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} images/s in batches of {Count} on {_device.Name}");
            foreach (int n in new[] { 0, 17, 31 })
                Assert.Equal(together[(n * network.Dimensions)..((n + 1) * network.Dimensions)], Features(network, images[n], Shape.Of(1, 32, 32, 3)).Features);
        }
    }

    (float[] Features, float[] Logits) Features(FeatureNetwork network, float[] images, Shape shape)
    {
        using TensorScope scope = _device.OpenScope();
        FeatureRows rows = network.Of(Tensor.From(images, shape, _device));
        return (rows.Features.ToArray(), rows.Logits?.ToArray() ?? []);
    }

    static float[] Image(int seed, int height, int width)
    {
        // Waves of every length, so that neighbours agree and far pixels do not, as in photographs.
        var random = new Philox((ulong)seed, Philox.Stream("image"));
        float[] draws = new float[3 * 24], image = new float[height * width * 3];
        random.Uniform(draws);
        for (int i = 0; i < height; i++)
            for (int j = 0; j < width; j++)
                for (int c = 0; c < 3; c++)
                {
                    double value = 128;
                    for (int k = 0; k < 24; k += 3)
                        value += 25 * Math.Sin((k / 3 + 1) * (draws[24 * c + k] * i + draws[24 * c + k + 1] * j) * 6 / Math.Max(height, width) + 6 * draws[24 * c + k + 2]);
                    image[(i * width + j) * 3 + c] = (float)Math.Round(Math.Clamp(value, 0, 255));
                }
        return image;
    }

    void AssertClose(float[] expected, float[] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        double largest = expected.Max(Math.Abs), error = expected.Zip(actual, (x, y) => Math.Abs((double)x - y)).Max();
        output.WriteLine($"largest {largest:G4}, spread {expected.Max() - expected.Min():G4}, error {error / largest:G3} of it");
        Assert.True(error <= tolerance * largest, $"an error of {error:G3} where the largest number is {largest:G3}");
    }

    public void Dispose()
    {
        _device.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
