using Brownian.Imaging;

namespace Brownian.Tests;

/// <summary>Depth, range, transparency and channels of images, and what is said of them.</summary>
public sealed class PreparationTests : IDisposable
{
    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Twelve_bits_in_sixteen_are_said_and_can_be_kept_and_scaled()
    {
        string path = Fixtures.Field("10-12bit-in-16bit-png");
        using IImageDataset plain = Prepared.Open(path, new(64, 64, 1)), deep = Prepared.Open(path, new(64, 64, 1) { BitDepth = 16 });
        using IImageDataset scaled = Prepared.Open(path, new(64, 64, 1) { BitDepth = 16, Range = DepthRange.Set });
        Assert.Equal(
            "all images have 16 bits, with values from 0 to 4057: scaled as they are, rounded to 8; "
            + "dataset_params.value_range=set uses all of it, dataset_params.bit_depth=16 keeps them", plain.Notes[^1]);
        Assert.Equal("all images have 16 bits, with values from 0 to 4057: scaled from this range to all of theirs, kept", scaled.Notes[^1]);
        Assert.Equal((8, 16, 16), (plain.BitDepth, deep.BitDepth, scaled.BitDepth));

        // Through the batch that a network sees.
        Image first = ImageFile.Read(Path.Combine(path, "ct0.png"), atFullDepth: true);
        ushort most = 0;
        foreach (int i in Enumerable.Range(0, 6))
            foreach (ushort sample in ImageFile.Read(Path.Combine(path, $"ct{i}.png"), atFullDepth: true).Deep) most = Math.Max(most, sample);
        Assert.Equal(4057, most);
        float[] kept = FirstBatch(deep), stretched = FirstBatch(scaled), rounded = FirstBatch(plain);
        for (int i = 0; i < 64 * 64; i++)
        {
            Assert.Equal(first.Deep[i] / 32767.5 - 1, kept[i], 1e-6);
            Assert.Equal(Math.Round(first.Deep[i] * 65535.0 / most) / 32767.5 - 1, stretched[i], 1e-6);
            Assert.Equal(Math.Round(first.Deep[i] / 257.0) / 127.5 - 1, rounded[i], 1e-6);
        }
    }

    [Fact]
    public void Copies_are_compared_at_full_depth()
    {
        var found = DatasetInspection.Of(Fixtures.Field("10-12bit-in-16bit-png"), cancel: TestContext.Current.CancellationToken);
        Assert.Empty(found.Duplicates);
        Assert.Equal((0, 4057), found.DeepRange);
        Assert.Equal([new("gray of 16 bits", 6)], found.Modes);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Mirrored_and_cropped_samples_of_two_bytes_stay_whole(int channels)
    {
        var image = new Image(3, 2, channels, 16) { HasAlpha = false };
        for (int i = 0; i < image.Deep.Length; i++) image.Deep[i] = (ushort)(1000 + 257 * i);
        using IImageDataset set = PreparedImages.Open(new OneImage(image), new(2, 2, channels) { BitDepth = 16, Resize = ResizeMode.None, Crop = CropMode.Random }, cancel: TestContext.Current.CancellationToken);
        using var loader = new BatchLoader(set, 1, seed: 0, horizontalFlip: true, randomCrop: true);
        var seen = new HashSet<(float, float)>();
        for (int i = 0; i < 40; i++)
        {
            float[] pixels = loader.Next().Pixels;
            int left = Value(pixels[0]), right = Value(pixels[channels]);
            Assert.Equal(257 * channels, Math.Abs(right - left));
            Assert.Equal(3 * 257 * channels, Value(pixels[2 * channels]) - left);
            if (channels == 2) Assert.Equal(257, Value(pixels[1]) - left);
            seen.Add((left, right));
        }
        Assert.True(seen.Count > 1);

        static int Value(float pixel) => (int)MathF.Round((pixel + 1) * 32767.5f);
    }

    [Fact]
    public void Hidden_colours_are_laid_on_a_background_and_said()
    {
        string path = Fixtures.Field("13-rgba-hidden-colours");
        using IImageDataset white = Prepared.Open(path, new(40, 40, 3)), red = Prepared.Open(path, new(40, 40, 3) { Background = "#ff0000" });
        using IImageDataset alpha = Prepared.Open(path, new(40, 40, 4));
        Assert.Equal(
            "all images have transparent pixels: laid on white (dataset_params.background); im_channels 4 of data and network keeps the alpha", white.Notes[^1]);
        Assert.DoesNotContain(alpha.Notes, note => note.Contains("transparent", StringComparison.Ordinal));
        Image image = ImageFile.Read(Path.Combine(path, "sprite0.png"));
        byte[] onWhite = new byte[4800], onRed = new byte[4800], kept = new byte[6400];
        white.Read(0, onWhite);
        red.Read(0, onRed);
        alpha.Read(0, kept);
        Assert.Equal(image.Pixels, kept);
        int clear = 0, opaque = 0;
        for (int i = 0; i < 1600; i++)
        {
            if (image.Pixels[4 * i + 3] == 0)
            {
                clear++;
                Assert.Equal([255, 255, 255], onWhite[(3 * i)..(3 * i + 3)]);
                Assert.Equal([255, 0, 0], onRed[(3 * i)..(3 * i + 3)]);
            }
            else if (image.Pixels[4 * i + 3] == 255)
            {
                opaque++;
                Assert.Equal(image.Pixels[(4 * i)..(4 * i + 3)], onWhite[(3 * i)..(3 * i + 3)]);
            }
        }
        Assert.True(clear > 100 && opaque > 100);
    }

    [Fact]
    public void What_another_setting_would_do_better_is_said()
    {
        for (int i = 0; i < 3; i++) _folder.Write($"gray/{i}.png", Png.Encode(new Image(40, 40, 3)));
        _folder.Write("gray/3.png", Png.Encode(new Image(8, 8, 1)));
        using IImageDataset three = Prepared.Open(_folder.Path("gray"), new(32, 32, 3));
        Assert.Equal(
            [
                "files: 4 PNG; 3 RGB, 1 gray",
                "no image shows a colour: 1 channel of data and network would learn the same faster",
                "1 image has fewer pixels than 32×32 and is enlarged: a smaller network would lose nothing",
            ],
            three.Notes);
        _folder.Write("gray/4.png", Png.Encode(new Image(40, 40, 3, [.. Enumerable.Repeat<byte[]>([9, 0, 0], 1600).SelectMany(p => p)])));
        using IImageDataset one = Prepared.Open(_folder.Path("gray"), new(32, 32, 1));
        Assert.Contains("1 image has colours, which become gray: 3 channels of data and network keep them", one.Notes);
    }

    [Fact]
    public void Channels_without_colours_cannot_become_colours()
    {
        using var source = new OneImage(new Image(2, 2, 2) { HasAlpha = false });
        Assert.Contains(
            "2 channels cannot become 3; give data and network 2",
            Assert.Throws<InvalidDataException>(() => PreparedImages.Open(source, new(2, 2, 3), cancel: TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
        Assert.Contains("no colour 'pink'", Assert.Throws<ArgumentException>(() => PreparedImages.Open(source, new(2, 2, 2) { Background = "pink" }, cancel: TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    static float[] FirstBatch(IImageDataset set)
    {
        using var loader = new BatchLoader(set, 1, seed: 0, shuffle: false);
        return loader.Next().Pixels;
    }

    sealed class OneImage(Image image) : IImageSource
    {
        public string Title => "one";
        public int Count => 1;
        public IReadOnlyList<string> Classes => [];
        public bool IsPictures => true;
        public int Label(int index) => -1;
        public string NameOf(int index) => "one image";
        public Image Read(int index) => image;
        public void Dispose() { }
    }
}
