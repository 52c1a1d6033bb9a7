using Brownian.Tensors;

namespace Brownian.Tests.Tensors;

/// <summary>Attention adds in the same order at every vector width, also where its lanes are not all filled or its logits are extreme.</summary>
public sealed class AttentionWidthTests(Devices devices) : IClassFixture<Devices>
{
    [Theory]
    [InlineData(5, 4, 1), InlineData(49, 4, 1), InlineData(65, 4, 1), InlineData(100, 4, 40), InlineData(7, 4, 40)]
    [InlineData(5, 16, 1), InlineData(65, 16, 1), InlineData(100, 16, 10), InlineData(17, 7, 1), InlineData(130, 20, 1)]
    public void All_widths_give_the_same_bits(int length, int headChannels, double deviation)
    {
        float[] x = new Normals($"widths {length} {headChannels}").Floats(2 * length * 3 * 2 * headChannels, 0, deviation);
        CompareWidths(x, length, headChannels);
    }

    [Theory, InlineData(5, 4), InlineData(49, 4), InlineData(5, 16), InlineData(65, 16)]
    public void Logits_far_below_zero_do_not_spill_over_from_lanes_without_a_key(int length, int headChannels)
    {
        const float offset = 6.7f;      // logits near -128 for heads of four channels: 2 to the other sign overflows
        int row = 3 * 2 * headChannels;
        float[] x = new Normals("far below").Floats(2 * length * row, 0, 1);
        for (int i = 0; i < x.Length; i++)
        {
            if (i % row < row / 3) x[i] += offset;
            else if (i % row < 2 * row / 3) x[i] -= offset;
        }
        CompareWidths(x, length, headChannels);
    }

    void CompareWidths(float[] x, int length, int headChannels)
    {
        float[][] expected = Run(x, length, headChannels, devices["Scalar", 1]);
        foreach (string width in Devices.Widths)
        {
            float[][] actual = Run(x, length, headChannels, devices[width, 2]);
            Assert.All(actual[1], g => Assert.True(float.IsFinite(g)));
            Compare.SameBits($"{width}, result", actual[0], expected[0]);
            Compare.SameBits($"{width}, gradient", actual[1], expected[1]);
        }
    }

    /// <summary>The result of two samples with two heads, then the gradient of the sum of its squares.</summary>
    static float[][] Run(float[] numbers, int length, int headChannels, Device device)
    {
        using TensorScope scope = device.OpenScope();
        Tensor x = Tensor.From(numbers, Shape.Of(2, length, 3 * 2 * headChannels), device).WithGrad(), y = x.Attention(2);
        y.Multiply(y).Sum().Backward();
        return [y.ToArray(), x.Grad!.ToArray()];
    }
}
