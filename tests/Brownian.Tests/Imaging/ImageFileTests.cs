using Brownian.Imaging;

namespace Brownian.Tests;

public sealed class ImageFileTests
{
    [Fact]
    public void Formats_are_told_apart_by_content_whatever_the_name()
    {
        using var scratch = new ScratchFolder();
        var image = new Image(2, 1, 3, [1, 2, 3, 4, 5, 6]);
        byte[] bmp = [.. "BM"u8, 0, 0, 0, 0, 0, 0, 0, 0, 26, 0, 0, 0, 12, 0, 0, 0, 2, 0, 1, 0, 1, 0, 24, 0, 3, 2, 1, 6, 5, 4];
        Assert.Equal(image.Pixels, ImageFile.Read(scratch.Write("a.jpg", Png.Encode(image))).Pixels);
        Assert.Equal(image.Pixels, ImageFile.Read(scratch.Write("b.png", bmp)).Pixels);
        Assert.Equal([9], ImageFile.Read(scratch.Write("c", new FlatJpeg(1, 1, (1, 1, 1, 9)).Build())).Pixels);
    }

    [Theory]
    [InlineData("....ftypavif", "AVIF is not supported; use PNG, JPEG, WebP, GIF, BMP, ICO or TIFF")]
    [InlineData("....ftypheic", "HEIC is not supported; use PNG, JPEG, WebP, GIF, BMP, ICO or TIFF")]
    [InlineData("BMW is a carmaker", "this is no image in a known format; use PNG, JPEG, WebP, GIF, BMP, ICO or TIFF")]
    [InlineData("", "the file is empty")]
    public void Other_formats_are_refused_by_name(string content, string reason)
    {
        using var stream = new MemoryStream(System.Text.Encoding.Latin1.GetBytes(content));
        Assert.Equal($"some/file: {reason}", Assert.Throws<InvalidDataException>(() => ImageFile.Read(stream, "some/file")).Message);
    }

    [Fact]
    public void A_stream_is_read_from_where_it_stands_and_stays_open()
    {
        byte[] png = Png.Encode(new Image(3, 3, 1));
        using var stream = new MemoryStream([1, 2, 3, .. png]);
        stream.Position = 3;
        Assert.Equal((3, 3, 1), ImageFile.Read(stream, "s") is var image ? (image.Width, image.Height, image.Channels) : default);
        Assert.Equal(stream.Length, stream.Position);
    }

    [Fact]
    public void Extensions_are_compared_in_any_case()
    {
        Assert.All(["a.png", "b/c.JPG", "d.Jpeg", "e.bmp", "f.JFIF", "g.jpe", "h.webp", "i.gif", "j.ico", "k.tif", "l.TIFF", "m.dib"], path => Assert.True(ImageFile.HasExtension(path)));
        Assert.All(["a.ppm", "png", "b.png/c", "d.txt", ""], path => Assert.False(ImageFile.HasExtension(path)));
    }

    [Fact]
    public void Mutated_files_give_an_image_or_a_clear_error_and_no_large_allocation()
    {
        var random = new Random(11);
        string[] Files(string kind) => [.. Directory.GetFiles(Fixtures.Golden($"images/{kind}")).Order(StringComparer.Ordinal)];
        byte[][] jpegs = [.. Files("jpeg").Select(File.ReadAllBytes)];
        byte[][] others = [.. Files("bmp").Concat(Files("png")).Select(File.ReadAllBytes)];
        int rejected = 0, decoded = 0;
        for (int i = 0; i < 2000; i++)
        {
            byte[] mutant = Mutate(random, i % 10 < 7 ? jpegs[i % jpegs.Length] : others[i % others.Length]);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                Image image = ImageFile.Decode(mutant, "m");
                Assert.Equal((long)image.Width * image.Height * image.Channels, image.Pixels.Length);
                decoded++;
            }
            catch (InvalidDataException e)
            {
                Assert.StartsWith("m: ", e.Message);
                rejected++;
            }
            // The most that a byte can make of itself: 8 blocks of a progressive JPEG, each of 64 coefficients, samples and pixels.
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, mutant.Length * 8192L + (4 << 20));
        }
        Assert.True(rejected > 600 && decoded > 400, $"{rejected} rejected, {decoded} decoded");
    }

    static byte[] Mutate(Random random, byte[] source)
    {
        byte[] mutant = [.. source];
        switch (random.Next(6))
        {
            case 0: return mutant[..random.Next(mutant.Length)];
            case 1:
                int from = random.Next(mutant.Length), count = random.Next(Math.Min(40, mutant.Length - from));
                return [.. mutant[..from], .. mutant[(from + count)..]];
            case 2:                                                             // headers and tables
                mutant[random.Next(Math.Min(700, mutant.Length))] ^= (byte)(1 << random.Next(8));
                return mutant;
            default:
                for (int n = random.Next(1, 5); n > 0; n--) mutant[random.Next(2, mutant.Length)] = (byte)random.Next(256);
                return mutant;
        }
    }
}
