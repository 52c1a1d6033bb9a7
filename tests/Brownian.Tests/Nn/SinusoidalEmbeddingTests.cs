using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Tests;

public sealed class SinusoidalEmbeddingTests : IDisposable
{
    readonly Device _device = Device.Cpu(1);

    public void Dispose() => _device.Dispose();

    [Theory]
    [InlineData(1, new[] { -0.54402111f, 0.70674982f, 0.92520486f })]
    [InlineData(0, new[] { -0.54402111f, 0.69263418f, 0.93763274f })]
    public void Sines_come_first_with_either_spacing(float shift, float[] expected)
    {
        float[] row = new SinusoidalEmbedding(128) { FrequencyShift = shift }.Of([10], _device).ToArray();
        for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], row[i], 2e-6f);
        Assert.Equal(Math.Cos(10), row[64], 1e-6);
    }

    [Fact]
    public void Cosines_can_come_first_and_an_odd_dimension_ends_with_zero()
    {
        Tensor embedding = new SinusoidalEmbedding(5) { CosineFirst = true }.Of([0, 10], _device);
        Assert.Equal(Shape.Of(2, 5), embedding.Shape);
        float[] rows = embedding.ToArray();
        Assert.Equal([1, 1, 0, 0, 0], rows[..5]);
        Assert.Equal((float)Math.Cos(10), rows[5]);
        Assert.Equal((float)Math.Sin(10), rows[7]);
        Assert.Equal(0f, rows[9]);
    }

    [Theory]
    [InlineData("seed_unet/small/io.safetensors", "t", "t_emb", true, false)]
    [InlineData("seed_unet/small2/io.safetensors", "t", "t_emb", true, false)]
    [InlineData("unet2d/a_cifar10_like/io.safetensors", "timestep", "t_proj", false, false)]
    [InlineData("unet2d/g_non_square/io.safetensors", "timestep", "t_proj", false, true)]
    public void It_rounds_as_the_original_does(string path, string time, string name, bool divide, bool cosineFirst)
    {
        using SafetensorsFile io = SafetensorsFile.Read(Fixtures.Golden(path));
        var embedding = new SinusoidalEmbedding((int)io[name].Shape[1])
        {
            Divide = divide,
            CosineFirst = cosineFirst,
            FrequencyShift = path.Contains("cifar10", StringComparison.Ordinal) ? 1 : 0,
        };
        float[] actual = embedding.Of(GoldenNetworks.Timesteps(io, time), _device).ToArray();
        // One unit in the last place of a frequency is worth up to 1e-5 in the angle; another order of operations, 6e-5.
        Assert.InRange(GoldenNetworks.LargestDifference(io.ReadDoubles(name), actual), 0, 1e-5);
    }
}
