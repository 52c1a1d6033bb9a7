using System.Text;
using Brownian.Imaging;
using SkiaSharp;

namespace Brownian.Tests;

/// <summary>Pictures in the format that their names end with, and what becomes of their notes.</summary>
public sealed class ImageWriterTests : IDisposable
{
    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    static readonly KeyValuePair<string, string>[] Notes = [new("Sampler", "ddim"), new("Classes", "猫 & <dog>")];

    // Smooth, of odd sides, and in every channel something else.
    static Image Picture(int channels)
    {
        var image = new Image(31, 17, channels);
        for (int i = 0; i < image.Pixels.Length; i++)
        {
            int c = i % channels, x = i / channels % image.Width, y = i / channels / image.Width;
            image.Pixels[i] = (byte)(c == 0 ? 8 * x : c == 1 ? 14 * y : c == 2 ? 255 - 4 * (x + y) : 255 - 6 * x);
        }
        return image;
    }

    /// <summary>By another way than the writer's, and always with alpha.</summary>
    internal static Image Read(string path)
    {
        SKImageInfo info = SKBitmap.DecodeBounds(path);
        using SKBitmap read = SKBitmap.Decode(path, info.WithColorType(SKColorType.Rgba8888).WithAlphaType(SKAlphaType.Unpremul));
        return new Image(read.Width, read.Height, 4, read.Bytes);
    }

    Image Written(string name, Image image, int quality = ImageWriter.DefaultQuality)
    {
        string path = _folder.Path(name);
        ImageWriter.Write(path, image, Notes, quality, overwrite: true);
        return Read(path);
    }

    [Theory, InlineData("a.jpg", 1), InlineData("a.jpeg", 3), InlineData("a.webp", 1), InlineData("a.webp", 3), InlineData("a.webp", 4)]
    public void What_is_read_again_is_nearly_what_was_written(string name, int channels)
    {
        Image image = Picture(channels), read = Written(name, image).ConvertTo(channels);
        Assert.Equal((image.Width, image.Height), (read.Width, read.Height));
        for (int i = 0; i < image.Pixels.Length; i++)
        {
            bool isHidden = channels == 4 && image.Pixels[i / 4 * 4 + 3] < 32;
            Assert.True(isHidden || Math.Abs(image.Pixels[i] - read.Pixels[i]) <= 20, $"byte {i} is {read.Pixels[i]}, was {image.Pixels[i]}");
        }
    }

    [Theory, InlineData(1), InlineData(3), InlineData(4)]
    public void A_webp_of_full_quality_and_a_png_keep_every_visible_pixel(int channels)
    {
        Image image = Picture(channels);
        Assert.Equal(image.Pixels, Png.Decode(WrittenBytes("a.png", image, 1), "a.png").Pixels);
        byte[] read = Written("a.webp", image, quality: 100).ConvertTo(channels).Pixels;
        for (int i = 0; i < read.Length; i++) Assert.True(read[i] == image.Pixels[i] || image.Pixels[i / 4 * 4 + 3] == 0, $"byte {i}");
    }

    byte[] WrittenBytes(string name, Image image, int quality)
    {
        Written(name, image, quality);
        return File.ReadAllBytes(_folder.Path(name));
    }

    [Fact]
    public void Quality_decides_the_size()
    {
        foreach (string name in (string[])["a.jpg", "a.webp"])
        {
            int[] sizes = [.. ((int[])[1, 50, 95]).Select(quality => WrittenBytes(name, Picture(3), quality).Length)];
            Assert.True(sizes[0] < sizes[1] && sizes[1] < sizes[2], string.Join(" ", sizes));
        }
    }

    [Fact]
    public void Notes_are_a_comment_of_a_jpeg()
    {
        byte[] file = WrittenBytes("a.jpg", Picture(3), 90);
        byte[] text = Encoding.UTF8.GetBytes("Sampler: ddim\nClasses: 猫 & <dog>");
        int at = file.AsSpan().IndexOf(text);
        Assert.Equal([0xFF, 0xFE, 0, (byte)(text.Length + 2)], file[(at - 4)..at]);
        Assert.Equal("JFIF"u8, file.AsSpan(6, 4));      // first, as its standard wants
        // A long one goes on in further segments, and the file is still read whole.
        ImageWriter.Write(_folder.Path("long.jpg"), Picture(3), [new("Seeds", new string('7', 200_000))]);
        Assert.Equal(Jpeg.Read(_folder.Path("a.jpg")).Pixels.Length, Jpeg.Read(_folder.Path("long.jpg")).Pixels.Length);
        Assert.True(new FileInfo(_folder.Path("long.jpg")).Length > 200_000);
    }

    [Theory, InlineData(1, 90), InlineData(3, 100), InlineData(4, 90), InlineData(4, 100)]
    public void Notes_are_the_description_of_a_webp(int channels, int quality)
    {
        byte[] file = WrittenBytes("a.webp", Picture(channels), quality);
        Assert.Equal(file.Length - 8, BitConverter.ToInt32(file, 4));
        var chunks = new Dictionary<string, byte[]>();
        for (int at = 12, length; at < file.Length; at += 8 + length + length % 2)
        {
            length = BitConverter.ToInt32(file, at + 4);
            chunks.Add(Encoding.ASCII.GetString(file, at, 4), file[(at + 8)..(at + 8 + length)]);
        }
        byte[] extended = chunks["VP8X"];
        Assert.Equal(channels == 4 ? 0x14 : 0x04, extended[0] & 0x14);
        Assert.Equal((30, 16), (extended[4] | extended[5] << 8 | extended[6] << 16, extended[7] | extended[8] << 8 | extended[9] << 16));
        var xmp = System.Xml.Linq.XDocument.Parse(Encoding.UTF8.GetString(chunks["XMP "]));
        Assert.Equal("Sampler: ddim\nClasses: 猫 & <dog>", xmp.Root!.Value.Trim());
        using SKBitmap other = SKBitmap.Decode(file);
        Assert.Equal((31, 17), (other.Width, other.Height));
    }

    [Theory, InlineData("a.gif", ".gif"), InlineData("a", "without an ending"), InlineData("a.PNGX", ".PNGX")]
    public void Other_endings_are_refused_by_name(string name, string named)
    {
        string message = Assert.Throws<ArgumentException>(() => ImageWriter.Write(_folder.Path(name), Picture(3))).Message;
        Assert.Contains(named, message, StringComparison.Ordinal);
        Assert.Contains(".png, .jpg, .jpeg or .webp", message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_format_cannot_hold_is_refused()
    {
        Assert.Contains("no alpha", Assert.Throws<ArgumentException>(() => ImageWriter.Write(_folder.Path("a.jpg"), Picture(4))).Message, StringComparison.Ordinal);
        var wide = new Image(16_384, 1, 1);
        Assert.Contains("16,383", Assert.Throws<ArgumentException>(() => ImageWriter.Write(_folder.Path("a.webp"), wide)).Message, StringComparison.Ordinal);
        ImageWriter.Write(_folder.Path("widest.webp"), new Image(16_383, 1, 1));
        ImageWriter.Write(_folder.Path("wide.jpg"), wide);
        ImageWriter.Write(_folder.Path("widest.jpg"), new Image(65_500, 1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => ImageWriter.Write(_folder.Path("a.jpg"), Picture(3), quality: 0));
        ImageWriter.Write(_folder.Path("a.jpg"), Picture(3));
        Assert.Throws<IOException>(() => ImageWriter.Write(_folder.Path("a.jpg"), Picture(3)));
    }
}
