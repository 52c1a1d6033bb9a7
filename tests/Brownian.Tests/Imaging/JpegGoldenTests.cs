using Brownian.Imaging;

namespace Brownian.Tests;

/// <summary>Against the pixels that Pillow decoded with libjpeg-turbo's default settings.</summary>
public sealed class JpegGoldenTests
{
    [Fact]
    public void Every_golden_file_decodes_to_exactly_the_reference_pixels()
    {
        var golden = GoldenTensors.Read(Fixtures.Golden("images/jpeg.safetensors"));
        string[] files = [.. golden.Keys.Select(key => key[..key.IndexOf(':')]).Distinct()];
        var failures = new List<string>();
        foreach (string file in files)
        {
            var expected = golden.TryGetValue($"{file}:rgb_oriented", out var oriented) ? oriented : golden[$"{file}:rgb"];
            Image image = Jpeg.Read(Fixtures.Golden($"images/{file}"));
            Assert.Equal(file.Contains("gray", StringComparison.Ordinal) ? 1 : 3, image.Channels);
            Image rgb = image.ConvertTo(3);
            Assert.True(expected.Shape.SequenceEqual([rgb.Height, rgb.Width, 3]), $"{file}: {rgb.Width}×{rgb.Height}");
            int most = expected.Bytes.Zip(rgb.Pixels, (a, b) => Math.Abs(a - b)).Max();
            if (most > 0) failures.Add($"{file} differs by up to {most}");
        }
        Assert.Equal([], failures);
        Assert.Equal(46, files.Length);
    }

    [Theory]
    [InlineData("arithmetic", "arithmetic-coded JPEG is not supported; save it as baseline or progressive")]
    [InlineData("sof_lossless", "lossless JPEG is not supported; save it as baseline or progressive")]
    [InlineData("precision12", "12 bits per sample are not supported, only 8")]
    [InlineData("dim_zero_h", "the image is empty (61×0)")]
    [InlineData("dim_huge", "65535×65535 exceeds the limit of 134217728 pixels")]
    [InlineData("no_dht_at_all", "the Huffman table of DC coefficients 0 is used but not defined")]
    [InlineData("no_dqt", "the quantisation table 0 is used but not defined")]
    [InlineData("truncated_80", "the image data ends early; the file is damaged or cut off")]
    public void A_refused_file_is_told_why(string file, string reason)
    {
        string path = Fixtures.Golden($"images/bad/{file}.jpg");
        Assert.Equal($"{path}: {reason}", Assert.Throws<InvalidDataException>(() => Jpeg.Read(path)).Message);
    }
}
