using Brownian.Imaging;

namespace Brownian.Tests;

/// <summary>WebP, GIF, ICO and TIFF against the pixels that Pillow decodes, or that were encoded, to the bit.</summary>
public sealed class OtherFormatsGoldenTests
{
    static string[] Files => [.. Directory.GetFiles(Fixtures.Golden("images/other")).Order(StringComparer.Ordinal).Where(path => !path.EndsWith(".expected.png", StringComparison.Ordinal))];

    [Fact]
    public void Every_file_has_its_reference_pixels()
    {
        var wrong = new List<string>();
        int compared = 0;
        foreach (string path in Files)
        {
            string expected = path + ".expected.png";
            if (!File.Exists(expected)) continue;
            Image image = ImageFile.Read(path, atFullDepth: true), reference = Png.Decode(File.ReadAllBytes(expected), expected, atFullDepth: true);
            if (Shape(image) != Shape(reference)) wrong.Add($"{Path.GetFileName(path)}: {Shape(image)} instead of {Shape(reference)}");
            else if (!image.Pixels.AsSpan().SequenceEqual(reference.Pixels)) wrong.Add($"{Path.GetFileName(path)}: {Farthest(image, reference)}");
            compared++;
        }
        Assert.Equal("", string.Join("\n", wrong));
        Assert.Equal(55, compared);
    }

    [Fact]
    public void Samples_of_16_bits_lose_their_low_byte_unless_asked_for()
    {
        string path = Fixtures.Golden("images/other/rgba16-bigtiff.tif");
        Image deep = ImageFile.Read(path, atFullDepth: true), shallow = ImageFile.Read(path);
        Assert.Equal((16, 8), (deep.BitDepth, shallow.BitDepth));
        Assert.Equal(deep.Deep.ToArray().Select(sample => (byte)(sample >> 8)), shallow.Pixels);
    }

    [Fact]
    public void The_format_is_that_of_the_content()
    {
        (string File, string Format)[] cases =
        [
            ("lossy.webp", "WebP"), ("plain.gif", "GIF"), ("mask8.ico", "ICO"), ("png.ico", "ICO"), ("rgb8-jpeg-ycc.tif", "TIFF"), ("palette8.tif", "TIFF"), ("orient6.tif", "TIFF"),
            ("cmyk8.tif", "TIFF"), ("exif.png", "PNG"),
        ];
        foreach ((string file, string format) in cases)
            Assert.Equal((file, format), (file, ImageFile.Decode(File.ReadAllBytes(Fixtures.Golden($"images/other/{file}")), "no.ending").Format));
        Assert.Equal("JPEG", ImageFile.Read(Fixtures.Field("11-jfif-and-friends/jfif.jfif")).Format);
        Assert.Equal("JPEG", ImageFile.Read(Fixtures.Field("11-jfif-and-friends/jpe.jpe")).Format);
        Assert.Equal("BMP", ImageFile.Read(Fixtures.Field("11-jfif-and-friends/dib.dib")).Format);
    }

    [Fact]
    public void Bands_of_a_TIFF_are_channels()
    {
        Image bands = ImageFile.Read(Fixtures.Golden("images/other/bands7.tif")), rgba = ImageFile.Read(Fixtures.Golden("images/other/rgba8.tif"));
        Assert.Equal((7, 8), (bands.Channels, bands.BitDepth));
        for (int i = 0; i < bands.Width * bands.Height; i++)
        {
            ReadOnlySpan<byte> color = rgba.Pixels.AsSpan(4 * i, 4);
            Assert.Equal([.. color, .. color[..3]], bands.Pixels.AsSpan(7 * i, 7).ToArray());
        }
    }

    [Theory]
    [InlineData("float32", "a TIFF of 32-bit floating-point numbers is not supported; save it as .npy, or with 8 or 16 bits")]
    [InlineData("int16", "a TIFF of signed 16-bit numbers is not supported; save it with 8 or 16 bits, unsigned")]
    [InlineData("uint32", "a TIFF of 32 bits per sample is not supported; save it with 8 or 16")]
    public void Numbers_that_are_no_pixels_are_refused_by_name(string name, string reason)
    {
        string path = Fixtures.Golden($"images/other/{name}.tif");
        Assert.Equal($"{path}: {reason}", Assert.Throws<InvalidDataException>(() => ImageFile.Read(path)).Message);
    }

    [Fact]
    public void No_cut_file_is_a_success()
    {
        var wrong = new List<string>();
        foreach (string path in Files)
        {
            byte[] file = File.ReadAllBytes(path);
            int step = Math.Max(1, file.Length / 60);
            if (path.EndsWith("two-pages.tif", StringComparison.Ordinal)) file = file[..2700];          // the first is whole without the second
            foreach (int length in Enumerable.Range(0, file.Length).Where(length => length < 64 || length % step == 0 || length >= file.Length - 8))
            {
                try
                {
                    ImageFile.Decode(file.AsSpan(0, length), "cut");
                    wrong.Add($"{Path.GetFileName(path)}: {length} of {file.Length} bytes");
                }
                catch (InvalidDataException e)
                {
                    Assert.StartsWith("cut: ", e.Message);
                    Assert.DoesNotContain('\n', e.Message);
                }
            }
        }
        Assert.Equal("", string.Join("\n", wrong));
    }

    [Fact]
    public void Mutated_files_give_an_image_or_a_clear_error_and_no_large_allocation()
    {
        var random = new Random(5);
        byte[][] files = [.. Files.Select(File.ReadAllBytes)];
        int rejected = 0, decoded = 0;
        for (int i = 0; i < 6000; i++)
        {
            byte[] mutant = [.. files[i % files.Length]];
            int reach = i % 2 == 0 ? Math.Min(mutant.Length, 128) : mutant.Length;
            for (int n = random.Next(1, 4); n > 0; n--)
            {
                int at = random.Next(4, reach);
                mutant[i % 4 < 2 ? at : mutant.Length - 1 - random.Next(reach - 4)] = (byte)random.Next(256);
            }
            long allocated = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                Image image = ImageFile.Decode(mutant, "m", atFullDepth: i % 3 == 0);
                Assert.Equal((long)image.Width * image.Height * image.PixelBytes, image.Pixels.Length);
                decoded++;
            }
            catch (InvalidDataException e)
            {
                Assert.StartsWith("m: ", e.Message);
                Assert.DoesNotContain('\n', e.Message);
                rejected++;
            }
            // 2^20 pixels are always allowed: as an image, as what it is made of, and once more where it is turned.
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - allocated < mutant.Length * 8256L * 16 + (64 << 20), $"{Path.GetFileName(Files[i % files.Length])} took {GC.GetAllocatedBytesForCurrentThread() - allocated} bytes");
        }
        Assert.True(rejected > 1500 && decoded > 1000, $"{rejected} rejected, {decoded} decoded");
    }

    static (int Width, int Height, int Channels, int Depth) Shape(Image image) => (image.Width, image.Height, image.Channels, image.BitDepth);

    static string Farthest(Image a, Image b) =>
        $"{a.Pixels.Zip(b.Pixels).Count(pair => pair.First != pair.Second)} bytes differ by up to {a.Pixels.Zip(b.Pixels).Max(pair => Math.Abs(pair.First - pair.Second))}";
}
