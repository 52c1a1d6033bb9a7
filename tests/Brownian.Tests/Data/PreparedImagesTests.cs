using Brownian.Imaging;

namespace Brownian.Tests;

/// <summary>Images of any size and mode, brought to one.</summary>
public sealed class PreparedImagesTests : IDisposable
{
    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(40, 30, 8, 8)]
    [InlineData(30, 40, 8, 8)]
    [InlineData(40, 30, 12, 8)]
    [InlineData(7, 50, 8, 12)]
    [InlineData(5, 3, 8, 8)]
    public void Every_way_of_scaling_is_made_of_the_tested_operations(int width, int height, int wantedWidth, int wantedHeight)
    {
        Image image = Pattern(width, height);
        var how = new ImagePreparation(wantedWidth, wantedHeight, 3);
        double byWidth = (double)wantedWidth / width, byHeight = (double)wantedHeight / height;
        Image Scaled(double factor, ResizeFilter filter) =>
            image.Resize((int)(width * factor + 1e-9), (int)(height * factor + 1e-9), filter).CenterCrop(wantedWidth, wantedHeight);

        Assert.Equal(Scaled(Math.Max(byWidth, byHeight), ResizeFilter.Bicubic).Pixels, Made(image, how));
        Assert.Equal(
            Scaled(Math.Min(byWidth, byHeight), ResizeFilter.Lanczos).Pixels,
            Made(image, how with { Resize = ResizeMode.Contain, Interpolation = ResizeFilter.Lanczos }));
        Assert.Equal(
            image.Resize(wantedWidth, wantedHeight, ResizeFilter.Bilinear).Pixels,
            Made(image, how with { Resize = ResizeMode.Stretch, Interpolation = ResizeFilter.Bilinear }));
        if (width >= wantedWidth && height >= wantedHeight)
            Assert.Equal(image.CenterCrop(wantedWidth, wantedHeight).Pixels, Made(image, how with { Resize = ResizeMode.None }));
    }

    [Fact]
    public void A_square_is_scaled_as_torchvision_does()
    {
        Image image = Pattern(53, 31);
        Assert.Equal(image.ResizeShorterSide(16, ResizeFilter.Bicubic).CenterCrop(16, 16).Pixels, Made(image, new ImagePreparation(16, 16, 3)));
    }

    [Fact]
    public void An_image_of_the_right_size_and_mode_passes_untouched()
    {
        byte[] pixels = [.. Enumerable.Range(0, 48).Select(i => (byte)(5 * i))];
        foreach (ResizeMode mode in Enum.GetValues<ResizeMode>())
            Assert.Equal(pixels, Made(new Image(4, 4, 3, pixels), new ImagePreparation(4, 4, 3) { Resize = mode }));
        var digits = new DrawnDigits(20, size: 8);
        Assert.Same(digits, Prepared.From(digits, new ImagePreparation(8, 8, 1)));
    }

    [Fact]
    public void Images_take_the_channels_that_are_asked_for()
    {
        _folder.Write("a.png", PngBytes.File(1, 3, [10, 20, 30, 40, 50, 60]));
        _folder.Write("b.png", PngBytes.File(1, 1, [7, 9]));
        _folder.Write("c.png", PngBytes.File(1, 4, [1, 2, 3, 4, 5, 6, 7, 8]));
        IImageDataset Open(int channels) => Prepared.Open(_folder.Root, new ImagePreparation(1, 2, channels));
        Assert.Equal([10, 20, 30, 40, 50, 60, 7, 7, 7, 9, 9, 9, 251, 251, 251, 247, 247, 247], All(Open(3)));
        Assert.Equal([10, 20, 30, 255, 40, 50, 60, 255, 7, 7, 7, 255, 9, 9, 9, 255, 1, 2, 3, 4, 5, 6, 7, 8], All(Open(4)));
        Assert.Equal([18, 48, 7, 9, 251, 247], All(Open(1)));
        Assert.Throws<InvalidDataException>(() => Open(2));
    }

    [Theory]
    [InlineData(CropMode.Center)]
    [InlineData(CropMode.Random)]
    public void Where_images_wait_does_not_change_them(CropMode crop)
    {
        for (int i = 0; i < 9; i++) _folder.Write($"{i % 2}/{i}.png", Png.Encode(Pattern(20 + i, 40 - i)));
        var expected = new List<byte[]>();
        foreach (CacheMode cache in Enum.GetValues<CacheMode>())
        {
            IImageDataset set = Prepared.Open(_folder.Root, new ImagePreparation(12, 8, 3) { Crop = crop, Cache = cache });
            using var _ = (IDisposable)set;
            Assert.Equal(0, set.UnreadBytes);
            Assert.Equal([0, 0, 0, 0, 0, 1, 1, 1, 1], Enumerable.Range(0, 9).Select(set.Label));
            expected.Add(All(set));
            var part = new byte[set.ImageBytes()];
            if (crop == CropMode.Random) set.Read(3, new CropPosition(0.5, 0), part);
            expected.Add(part);
            Assert.Contains(cache switch { CacheMode.Disk => "on disk", CacheMode.None => "decoded anew", _ => "in memory" }, set.Description, StringComparison.Ordinal);
            Assert.StartsWith($"{Path.GetFileName(_folder.Root)} (a folder of images): 9 images, 12×8×3, 2 classes; from 20×32 to 28×40", set.Description, StringComparison.Ordinal);
        }
        for (int i = 2; i < expected.Count; i++) Assert.Equal(expected[i % 2], expected[i]);
    }

    [Fact]
    public void Images_beyond_the_memory_allowed_go_to_a_file_without_a_name()
    {
        using var store = new PixelStore(memoryLimit: 10);
        byte[][] images = [[1, 2, 3], [4, 5, 6, 7, 8], [9, 10, 11, 12], [13]];
        store.Add(images[0]);
        store.Add(images[1]);
        Assert.False(store.OnDisk);
        store.Add(images[2]);
        store.Add(images[3]);
        Assert.True(store.OnDisk);
        store.Complete();
        for (int i = images.Length - 1; i >= 0; i--)
        {
            var back = new byte[images[i].Length];
            store.Read(i, back);
            Assert.Equal(images[i], back);
        }
        if (!OperatingSystem.IsWindows())
            Assert.Empty(Directory.GetFiles(Path.GetTempPath(), "brownian-images-*").Concat(Directory.GetFiles("/var/tmp", "brownian-images-*")));
    }

    [Fact]
    public void Random_crops_reach_every_offset_and_nothing_else()
    {
        Image image = Pattern(11, 8);
        _folder.Write("a.png", Png.Encode(image));
        using var set = (PreparedImages)Prepared.Open(_folder.Root, new ImagePreparation(8, 8, 3) { Crop = CropMode.Random });
        var seen = new HashSet<int>();
        for (int i = 0; i < 100; i++)
        {
            var pixels = new byte[set.ImageBytes()];
            set.Read(0, new CropPosition(i / 100.0, 0.99), pixels);
            seen.Add(Enumerable.Range(0, 4).Single(left => image.Crop(left, 0, 8, 8).Pixels.AsSpan().SequenceEqual(pixels)));
        }
        Assert.Equal(4, seen.Count);
        Assert.Equal(image.CenterCrop(8, 8).Pixels, All(set));
    }

    [Fact]
    public void Broken_images_are_named_up_to_ten_counted_and_left_out()
    {
        for (int i = 0; i < 30; i++) _folder.Write($"{i:00}.png", i % 2 == 0 ? PngBytes.File(2, 1, [(byte)i, 0, 0, 0]) : [1, 2, 3]);
        var warnings = new List<string>();
        IImageDataset set = Prepared.Open(_folder.Root, new ImagePreparation(2, 2, 1), warnings);
        Assert.Equal(Enumerable.Range(0, 15).Select(i => (byte)(2 * i)), Enumerable.Range(0, 15).Select(i => All(set)[4 * i]));
        Assert.Equal(11, warnings.Count);
        Assert.StartsWith($"{_folder.Path("19.png")}: ", warnings[9], StringComparison.Ordinal);
        Assert.Contains("15 of 30 images cannot be used", warnings[10], StringComparison.Ordinal);

        var strict = new ImagePreparation(2, 2, 1) { Strict = true };
        var e = Assert.Throws<InvalidDataException>(() => Prepared.Open(_folder.Root, strict));
        Assert.StartsWith($"{_folder.Path("01.png")}: ", e.Message, StringComparison.Ordinal);
        Assert.Equal(1, Prepared.Open(_folder.Root, strict with { Limit = 1 }).Count);
    }

    [Fact]
    public void Opening_tells_how_far_it_is()
    {
        var told = new List<ReadingProgress>();
        Prepared.From(new DrawnDigits(300), new ImagePreparation(8, 8, 1), told.Add);
        Assert.Equal([new ReadingProgress.Decoded(256, 300), new ReadingProgress.Decoded(300, 300)], told);
    }

    [Fact]
    public void A_set_of_broken_images_is_an_error()
    {
        string path = _folder.Write("a.png", [1]);
        Assert.StartsWith($"{path}: ", Refusal(new ImagePreparation(2, 2, 1)), StringComparison.Ordinal);
        _folder.Write("b.png", [1]);
        Assert.Contains("all 2 images", Refusal(new ImagePreparation(2, 2, 1)), StringComparison.Ordinal);
        _folder.Write("a.png", Png.Encode(Pattern(4, 3)));
        _folder.Write("b.png", Png.Encode(Pattern(3, 4)));
        Assert.Contains("4×3 pixels are less than the 4×4 wanted", Refusal(new ImagePreparation(4, 4, 1) { Resize = ResizeMode.None }), StringComparison.Ordinal);
    }

    [Fact]
    public void Pictures_in_colour_may_be_mirrored_and_writing_may_not()
    {
        _folder.Write("colour/a.png", PngBytes.File(1, 3, [1, 2, 3]));
        _folder.Write("gray/a.png", PngBytes.File(1, 1, [1]));
        Assert.True(Prepared.Open(_folder.Path("colour"), new ImagePreparation(2, 2, 1)).MayBeMirrored);
        Assert.False(Prepared.Open(_folder.Path("gray"), new ImagePreparation(2, 2, 3)).MayBeMirrored);
        Assert.False(Prepared.From(new DrawnDigits(5), new ImagePreparation(8, 8, 3)).MayBeMirrored);
    }

    string Refusal(ImagePreparation how) => Assert.Throws<InvalidDataException>(() => Prepared.Open(_folder.Root, how)).Message;

    byte[] Made(Image image, ImagePreparation how)
    {
        _folder.Write("one/a.png", Png.Encode(image));
        return All(Prepared.Open(_folder.Path("one"), how));
    }

    static Image Pattern(int width, int height) =>
        new(width, height, 3, [.. Enumerable.Range(0, width * height * 3).Select(i => (byte)(i * i / 7 + 13 * i))]);

    static byte[] All(IImageDataset set)
    {
        var all = new byte[set.Count * set.ImageBytes()];
        for (int i = 0; i < set.Count; i++) set.Read(i, all.AsSpan(i * set.ImageBytes(), set.ImageBytes()));
        return all;
    }
}
