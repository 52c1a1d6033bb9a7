using Brownian.Imaging;

namespace Brownian.Tests;

public sealed class AnimationTests
{
    static readonly TimeSpan Frame = TimeSpan.FromMilliseconds(40);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Apng_keeps_every_pixel_and_is_also_a_plain_png_of_its_first_frame(int channels)
    {
        Image[] frames = [.. Enumerable.Range(0, 3).Select(seed => Noise(seed, 13, 9, channels, 256))];
        byte[] file = Written("a.png", 0, frames);
        ApngReader read = ApngReader.Read(file);
        Assert.Equal(frames.Select(f => f.Pixels), read.Frames.Select(f => f.Pixels));
        Assert.Equal([40, 40, 40], read.Delays);
        Assert.Equal(0, read.Plays);
        Assert.Equal(frames[0].Pixels, Png.Decode(file, "a.png").Pixels);
    }

    [Fact]
    public void Gray_and_sparse_colours_are_exact_in_gif()
    {
        (int, int, int)[] cases = [(1, 1, 1), (5, 3, 2), (40, 30, 3), (90, 80, 17), (61, 129, 256), (200, 150, 256)];
        foreach ((int width, int height, int colors) in cases)
        {
            foreach (int channels in new[] { 1, 2 })
            {
                Image[] grays = [Noise(1, width, height, channels, colors), Stripes(width, height, channels)];
                AssertSame(grays, GifReader.Read(Written("a.gif", 0, grays)));
            }
            Image[] few = [Paletted(width, height, colors), Stripes(width, height, 4), Paletted(width, height, 1)];
            AssertSame(few, GifReader.Read(Written("b.gif", 0, [.. few.Select(f => f.ConvertTo(3))])));
        }
    }

    [Fact]
    public void Colours_of_a_photograph_stay_close_in_gif()
    {
        var image = new Image(128, 128, 3);
        for (int i = 0; i < image.Pixels.Length; i++)
        {
            int x = i / 3 % 128, y = i / 3 / 128;
            image.Pixels[i] = (byte)(i % 3 == 0 ? 2 * x : i % 3 == 1 ? 2 * y : 128 + 60 * Math.Sin(x / 9.0) * Math.Cos(y / 13.0));
        }
        Image shown = GifReader.Read(Written("a.gif", 0, [image])).Frames[0];
        double error = Math.Sqrt(image.Pixels.Zip(shown.Pixels, (a, b) => (a - b) * (double)(a - b)).Average());
        Assert.InRange(error, 0, 7.5);              // 256 colours for three dimensions of 256 levels
        Assert.InRange(shown.Pixels.Chunk(3).Select(c => (c[0], c[1], c[2])).Distinct().Count(), 240, 256);
    }

    [Fact]
    public void Delays_keep_the_length_of_the_whole()
    {
        var image = new Image(2, 2, 1);
        TimeSpan thirtieth = TimeSpan.FromSeconds(1 / 30.0);
        GifReader gif = GifReader.Read(Written("a.gif", 3, [.. Enumerable.Repeat(image, 6)], thirtieth));
        Assert.Equal([3, 4, 3, 3, 4, 3], gif.Delays);
        Assert.Equal(2, gif.Loops);
        Assert.Null(GifReader.Read(Written("a.gif", 1, [image])).Loops);
        Assert.Equal(0, GifReader.Read(Written("a.gif", 0, [image])).Loops);
        ApngReader png = ApngReader.Read(Written("a.apng", 3, [.. Enumerable.Repeat(image, 3)], thirtieth));
        Assert.Equal([33, 34, 33], png.Delays);
        Assert.Equal(3, png.Plays);
    }

    [Theory]
    [InlineData("a.gif")]
    [InlineData("a.png")]
    public void A_file_appears_whole_or_not_at_all(string name)
    {
        using var scratch = new ScratchFolder();
        string path = scratch.Path(name);
        using (AnimationWriter abandoned = AnimationWriter.Create(path))
        {
            abandoned.Add(new Image(2, 2, 3), Frame);
            Assert.False(File.Exists(path));
        }
        Assert.Empty(Directory.GetFileSystemEntries(scratch.Root));

        using (AnimationWriter animation = AnimationWriter.Create(path))
        {
            Assert.Throws<InvalidOperationException>(animation.Complete);
            animation.Add(new Image(2, 2, 3), Frame);
            animation.Complete();
            Assert.Equal(1, animation.Frames);
            Assert.Equal([path], Directory.GetFileSystemEntries(scratch.Root));
            Assert.Throws<InvalidOperationException>(() => animation.Add(new Image(2, 2, 3), Frame));
            Assert.Throws<InvalidOperationException>(animation.Complete);
        }
        Assert.Equal([path], Directory.GetFileSystemEntries(scratch.Root));
        Assert.Throws<IOException>(() => AnimationWriter.Create(path));
        AnimationWriter.Create(path, overwrite: true).Dispose();
        Assert.Equal([path], Directory.GetFileSystemEntries(scratch.Root));
    }

    [Fact]
    public void Frames_that_do_not_belong_are_refused()
    {
        using var scratch = new ScratchFolder();
        string path = scratch.Path("a.gif");
        using AnimationWriter animation = AnimationWriter.Create(path);
        animation.Add(new Image(3, 2, 1), Frame);
        var e = Assert.Throws<ArgumentException>(() => animation.Add(new Image(2, 3, 1), Frame));
        Assert.Equal($"{path}: frame 0 is 3×2×1 but frame 1 is 2×3×1; convert or resize it first.", e.Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => animation.Add(new Image(3, 2, 1), TimeSpan.FromSeconds(61)));
        Assert.Throws<ArgumentOutOfRangeException>(() => animation.Add(new Image(3, 2, 1), TimeSpan.FromSeconds(-1)));
        Assert.Throws<ArgumentException>(() => AnimationWriter.Create(scratch.Path("a.avi")));
        Assert.Throws<ArgumentOutOfRangeException>(() => AnimationWriter.Create(path, plays: -1));
        using AnimationWriter wide = AnimationWriter.Create(scratch.Path("b.gif"));
        Assert.Throws<ArgumentException>(() => wide.Add(new Image(65536, 1, 1), Frame));
    }

    static void AssertSame(Image[] frames, GifReader gif)
    {
        Assert.Equal(frames.Length, gif.Frames.Count);
        for (int i = 0; i < frames.Length; i++)
            Assert.True(frames[i].ConvertTo(3).Pixels.AsSpan().SequenceEqual(gif.Frames[i].Pixels),
                $"frame {i} of {frames[i].Width}×{frames[i].Height}");
    }

    static byte[] Written(string name, int plays, Image[] frames, TimeSpan? delay = null)
    {
        using var scratch = new ScratchFolder();
        using AnimationWriter animation = AnimationWriter.Create(scratch.Path(name), plays);
        foreach (Image frame in frames) animation.Add(frame, delay ?? Frame);
        animation.Complete();
        return File.ReadAllBytes(scratch.Path(name));
    }

    static Image Noise(int seed, int width, int height, int channels, int levels)
    {
        var random = new Random(seed);
        var image = new Image(width, height, channels);
        for (int i = 0; i < image.Pixels.Length; i++) image.Pixels[i] = (byte)(random.Next(levels) * 255 / Math.Max(1, levels - 1));
        return image;
    }

    static Image Stripes(int width, int height, int channels) =>
        new(width, height, channels, [.. Enumerable.Range(0, width * height * channels).Select(i => (byte)(i / channels / 7 % 3 * 100))]);

    static Image Paletted(int width, int height, int colors)
    {
        var random = new Random(colors);
        var palette = new byte[colors][];
        foreach (ref byte[] color in palette.AsSpan()) random.NextBytes(color = new byte[3]);
        return new Image(width, height, 3, [.. Enumerable.Range(0, width * height).SelectMany(_ => palette[random.Next(colors)])]);
    }
}
