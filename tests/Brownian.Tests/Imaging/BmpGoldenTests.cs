using Brownian.Imaging;

namespace Brownian.Tests;

public sealed class BmpGoldenTests
{
    [Fact]
    public void Every_golden_file_decodes_to_exactly_the_reference_pixels()
    {
        var golden = GoldenTensors.Read(Fixtures.Golden("images/bmp.safetensors"));
        foreach ((string key, var expected) in golden)
        {
            string file = key[..key.IndexOf(':')];
            Image image = Bmp.Read(Fixtures.Golden($"images/{file}"));
            Assert.Equal(expected.Shape, new[] { image.Height, image.Width, image.Channels });
            Assert.True(expected.Bytes.AsSpan().SequenceEqual(image.Pixels), $"{file}: pixels differ");
        }
        Assert.Equal(9, golden.Count);
    }
}
