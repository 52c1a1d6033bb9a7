using Brownian.Imaging;

namespace Brownian.Tests;

/// <summary>Images of 16 bits and of many channels.</summary>
public sealed class DeepImageTests
{
    public static TheoryData<ResizeFilter> Filters => [.. Enum.GetValues<ResizeFilter>()];

    [Theory]
    [MemberData(nameof(Filters))]
    public void Resizing_agrees_with_its_slow_twin(ResizeFilter filter)
    {
        foreach (int channels in new[] { 1, 3, 5, 6 })
        {
            Image image = Noise(channels, 13, 9);
            foreach ((int width, int height) in new[] { (5, 4), (30, 20), (13, 3), (2, 9), (1, 1) })
            {
                Image resized = image.Resize(width, height, filter);
                Assert.Equal((width, height, channels, 16), (resized.Width, resized.Height, resized.Channels, resized.BitDepth));
                if (filter == ResizeFilter.Nearest) AssertNearest(image, resized);
                else Assert.Equal(Twin(image, width, height, filter), resized.Deep.ToArray().Select(sample => (int)sample));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Filters))]
    public void Deep_samples_that_are_8_bit_ones_resize_alike(ResizeFilter filter)
    {
        foreach (int channels in new[] { 1, 2, 3, 4, 7 })
        {
            Image image = NoiseOf8(channels, 17, 11);
            if (channels is 2 or 4)         // weighing by alpha rounds down at 8 bits, so only where it does nothing are both alike
                for (int i = channels - 1; i < image.Pixels.Length; i += channels) image.Pixels[i] = 255;
            Image shallow = image.Resize(6, 19, filter), deep = image.ToBitDepth(16).Resize(6, 19, filter);
            for (int i = 0; i < shallow.Pixels.Length; i++)
                Assert.True(Math.Abs(shallow.Pixels[i] * 257 - deep.Deep[i]) <= 257 + 128, $"{channels} channels, sample {i}: {shallow.Pixels[i]} and {deep.Deep[i]}");
        }
    }

    [Fact]
    public void What_is_transparent_does_not_tint_its_neighbours()
    {
        Image image = Deep(2, 1, 4, [65535, 65535, 65535, 0, 1000, 500, 0, 65535]);
        Assert.Equal([1000, 500, 0, 32768], image.Resize(1, 1, ResizeFilter.Box).Deep.ToArray());
        // Six channels are no colours with alpha: the last is a channel as the others.
        Image six = Deep(2, 1, 6, [60000, 0, 0, 0, 0, 0, 1000, 0, 0, 0, 0, 65535]);
        Assert.Equal([30500, 0, 0, 0, 0, 32768], six.Resize(1, 1, ResizeFilter.Box).Deep.ToArray());
        var six8 = new Image(2, 1, 6, [200, 0, 0, 0, 0, 0, 100, 0, 0, 0, 0, 255]);
        Assert.Equal([150, 0, 0, 0, 0, 128], six8.Resize(1, 1, ResizeFilter.Box).Pixels);
    }

    [Fact]
    public void Crops_and_turns_move_whole_pixels()
    {
        foreach (int channels in new[] { 1, 4, 6 })
        {
            Image image = Noise(channels, 5, 4);
            AssertPixels(image.Crop(1, 2, 3, 2), (x, y) => (x + 1, y + 2), image);
            AssertPixels(image.CenterCrop(3, 2), (x, y) => (x + 1, y + 1), image);
            AssertPixels(image.Turn(ExifOrientation.TurnRight), (x, y) => (y, 3 - x), image);
            AssertPixels(image.Turn(ExifOrientation.MirroredAcross), (x, y) => (4 - x, y), image);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void A_png_keeps_all_16_bits(int channels)
    {
        foreach ((int width, int height) in new[] { (1, 1), (7, 5), (33, 17) })
        {
            Image image = Noise(channels, width, height), back = Png.Decode(Png.Encode(image, [new("k", "v")]), "deep", atFullDepth: true);
            Assert.Equal((width, height, channels, 16, "v"), (back.Width, back.Height, back.Channels, back.BitDepth, back.Text["k"]));
            Assert.Equal(image.Pixels, back.Pixels);
            Assert.Equal(image.HighBytes().Pixels, Png.Decode(Png.Encode(image), "shallow").Pixels);
        }
        Assert.Contains(".npy", Assert.Throws<ArgumentException>(() => Png.Encode(new Image(1, 1, channels + 4))).Message);
    }

    [Fact]
    public void An_image_over_a_colour_has_no_alpha()
    {
        var rgba = new Image(3, 1, 4, [200, 100, 0, 255, 9, 9, 9, 0, 200, 100, 0, 51]);
        // 51/255 is a fifth: 200/5 + 255·4/5 = 244, 100/5 + 4·128/5 = 122.4, 4·10/5 = 8.
        Assert.Equal([200, 100, 0, 255, 128, 10, 244, 122, 8], rgba.Over(255, 128, 10).Pixels);
        Image deep = rgba.ToBitDepth(16).Over(255, 128, 10);
        Assert.Equal([244 * 257, (20 * 257) + (128 * 257 * 4 + 2) / 5, 8 * 257], deep.Deep[6..].ToArray().Select(sample => (int)sample));
        Assert.Equal(1, new Image(1, 1, 2, [0, 0]).Over(255, 0, 0).Channels);
        Assert.Equal([76], new Image(1, 1, 2, [0, 0]).Over(255, 0, 0).Pixels);
        var rgb = new Image(1, 1, 3);
        Assert.Same(rgb, rgb.Over(1, 2, 3));
        var six = new Image(1, 1, 6);
        Assert.Same(six, six.Over(1, 2, 3));
    }

    [Fact]
    public void Transparency_is_an_alpha_below_the_most()
    {
        Assert.True(new Image(2, 1, 2, [0, 255, 0, 254]).HasTransparency);
        Assert.False(new Image(2, 1, 2, [0, 255, 0, 255]).HasTransparency);
        Assert.True(Deep(1, 1, 4, [0, 0, 0, 65534]).HasTransparency);
        Assert.False(Deep(1, 1, 4, [0, 0, 0, 65535]).HasTransparency);
        Assert.False(new Image(1, 1, 3).HasTransparency);
        Assert.False(new Image(1, 1, 6).HasTransparency);
    }

    [Fact]
    public void Grids_and_sheets_are_of_8_bits()
    {
        Image deep = Noise(3, 8, 8);
        Assert.Equal(ImageGrid.Draw([deep.ToBitDepth(8)], 1).Pixels, ImageGrid.Draw([deep], 1).Pixels);
        Assert.Equal(ImageSheet.Draw([deep.ToBitDepth(8)]).Pixels, ImageSheet.Draw([deep]).Pixels);
        Assert.Equal(0, ImageGrid.Draw([new Image(1, 1, 6)], 1, background: 0).Pixels.Max());        // no alpha to fill
    }

    static void AssertPixels(Image image, Func<int, int, (int X, int Y)> source, Image of)
    {
        for (int y = 0; y < image.Height; y++)
        {
            for (int x = 0; x < image.Width; x++)
            {
                (int fromX, int fromY) = source(x, y);
                Assert.Equal(
                    of.Deep.Slice((fromY * of.Width + fromX) * of.Channels, of.Channels).ToArray(),
                    image.Deep.Slice((y * image.Width + x) * image.Channels, image.Channels).ToArray());
            }
        }
    }

    static void AssertNearest(Image image, Image resized) => AssertPixels(
        resized, (x, y) => ((int)((x + 0.5) * image.Width / resized.Width), (int)((y + 0.5) * image.Height / resized.Height)), image);

    // Rows, then columns, each a sum of products that is rounded to the nearest, half upwards.
    static int[] Twin(Image image, int width, int height, ResizeFilter filter)
    {
        int channels = image.Channels;
        int[] across = new int[image.Height * width * channels], down = new int[height * width * channels];
        var columns = new ResizeWeights(filter, image.Width, width);
        var rows = new ResizeWeights(filter, image.Height, height);
        for (int i = 0; i < across.Length; i++)
        {
            (int y, int x, int c) = (i / channels / width, i / channels % width, i % channels);
            across[i] = width == image.Width
                ? image.Deep[i]
                : Sum(columns.Of(x, out int first).ToArray(), k => image.Deep[(y * image.Width + first + k) * channels + c]);
        }
        for (int i = 0; i < down.Length; i++)
        {
            (int y, int rest) = (i / (channels * width), i % (channels * width));
            down[i] = height == image.Height ? across[i] : Sum(rows.Of(y, out int first).ToArray(), k => across[(first + k) * width * channels + rest]);
        }
        return down;
    }

    static int Sum(int[] taps, Func<int, int> sample)
    {
        decimal sum = 0;
        for (int k = 0; k < taps.Length; k++) sum += (decimal)taps[k] * sample(k);
        return (int)Math.Clamp(Math.Floor(sum / (1 << ResizeWeights.FractionBits) + 0.5m), 0, 65535);
    }

    static Image Deep(int width, int height, int channels, ushort[] samples)
    {
        var image = new Image(width, height, channels, 16);
        samples.CopyTo(image.Deep);
        return image;
    }

    static Image Noise(int channels, int width, int height)
    {
        var image = new Image(width, height, channels, 16);
        new Random(channels).NextBytes(image.Pixels);
        return image;
    }

    static Image NoiseOf8(int channels, int width, int height)
    {
        var image = new Image(width, height, channels);
        new Random(channels).NextBytes(image.Pixels);
        return image;
    }
}
