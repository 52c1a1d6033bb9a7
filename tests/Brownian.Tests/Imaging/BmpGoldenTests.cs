using Brownian.Imaging;

namespace Brownian.Tests;

public sealed class BmpGoldenTests
{
    [Fact]
    public void Every_golden_file_decodes_to_the_reference_pixels()
    {
        var golden = GoldenTensors.Read(Fixtures.Golden("images/bmp.safetensors"));
        foreach ((string key, var expected) in golden)
        {
            string file = key[..key.IndexOf(':')];
            Image image = Bmp.Read(Fixtures.Golden($"images/{file}"));
            Assert.Equal(expected.Shape, new[] { image.Height, image.Width, image.Channels });
            // Skia stretches 5 and 6 bits to 8 with rounding, Pillow rounds down.
            int most = expected.Bytes.Zip(image.Pixels, (a, b) => Math.Abs(a - b)).Max();
            Assert.True(most <= (file is "bmp/rgb555.bmp" or "bmp/rgb565_bitfields.bmp" ? 1 : 0), $"{file} differs by up to {most}");
        }
        Assert.Equal(9, golden.Count);
    }
}
