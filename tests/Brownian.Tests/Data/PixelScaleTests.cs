namespace Brownian.Tests;

public sealed class PixelScaleTests
{
    [Fact]
    public void Every_byte_survives_the_round_trip()
    {
        byte[] all = [.. Enumerable.Range(0, 256).Select(i => (byte)i)];
        float[] scaled = new float[256];
        byte[] back = new byte[256];
        PixelScale.FromBytes(all, scaled);
        PixelScale.ToBytes(scaled, back);
        Assert.Equal(all, back);
        Assert.Equal(-1f, scaled[0]);
        Assert.Equal(1f, scaled[255]);
        for (int i = 0; i < 256; i++)
            Assert.Equal(i / 127.5 - 1.0, scaled[i], 1e-7);
    }

    [Theory]
    [InlineData(-7f, 0)]
    [InlineData(7f, 255)]
    [InlineData(float.NegativeInfinity, 0)]
    [InlineData(float.PositiveInfinity, 255)]
    [InlineData(float.NaN, 0)]
    [InlineData(0f, 128)]
    [InlineData(0.0039f, 128)]
    [InlineData(0.0040f, 128)]
    [InlineData(0.0079f, 129)]
    public void Outputs_are_clamped_and_rounded_to_nearest(float value, byte expected) => Assert.Equal(expected, PixelScale.ToByte(value));

    [Fact]
    public void Different_lengths_are_an_error_with_both_numbers()
    {
        var e = Assert.Throws<ArgumentException>(() => PixelScale.FromBytes(new byte[3], new float[4]));
        Assert.Contains("3", e.Message, StringComparison.Ordinal);
        Assert.Contains("4", e.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => PixelScale.ToBytes(new float[4], new byte[3]));
    }
}
