using Brownian.Imaging;

namespace Brownian.Tests;

public sealed class JpegTests
{
    [Theory]
    [InlineData(1, 1, 1, 1)]
    [InlineData(2, 2, 1, 1)]
    [InlineData(4, 2, 1, 1)]
    [InlineData(1, 4, 1, 2)]
    [InlineData(1, 2, 2, 1)]        // luma with fewer samples than chroma
    public void Any_sampling_interleaved_or_not_gives_the_same_flat_colour(int horizontal, int vertical, int chromaAcross, int chromaDown)
    {
        // JFIF 1.02: R = 100 + 1.402·40, G = 100 − 0.344·(−20) − 0.714·40, B = 100 − 1.772·20.
        byte[] expected = [156, 78, 65];
        foreach ((int width, int height) in new[] { (1, 1), (2, 3), (37, 41), (100, 9) })
        {
            foreach (bool interleaved in new[] { true, false })
            {
                var jpeg = new FlatJpeg(width, height, (1, horizontal, vertical, 100), (2, chromaAcross, chromaDown, 108), (3, 1, 1, 168))
                {
                    Interleaved = interleaved,
                    Restart = interleaved ? 2 : 3,
                    Frame = interleaved ? (byte)0xC0 : (byte)0xC1,
                };
                AssertFlat(Jpeg.Decode(jpeg.Build(), "flat"), width, height, expected);
            }
        }
    }

    [Fact]
    public void A_gray_image_ignores_its_sampling_factors() =>
        AssertFlat(Jpeg.Decode(new FlatJpeg(19, 30, (7, 2, 3, 200)).Build(), "gray"), 19, 30, [200]);

    [Fact]
    public void Identifiers_and_the_adobe_segment_decide_what_the_components_mean()
    {
        Assert.Equal([200, 100, 50], First(null, ('R', 200), ('G', 100), ('B', 50)));
        Assert.Equal([200, 100, 50], First(0, (1, 200), (2, 100), (3, 50)));
        Assert.Equal([200, 200, 200], First(1, ('R', 200), ('G', 128), ('B', 128)));
        // Four inks, stored inverted: 255 is no ink. 200·100/255 = 78.4, 100·100/255 = 39.2, 50·100/255 = 19.6.
        Assert.Equal([78, 39, 20], First(0, (1, 200), (2, 100), (3, 50), (4, 100)));
        // YCCK: the first three are the YCbCr of the inverse of what is stored: 255 − 200 = 55.
        Assert.Equal([55, 55, 55], First(2, (1, 200), (2, 128), (3, 128), (4, 255)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Exif_orientation_is_read_in_both_byte_orders_and_damaged_notes_are_ignored(bool little)
    {
        byte[] tiff = little
            ? [.. "II"u8, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0]
            : [.. "MM"u8, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0];
        byte[] segment = [0xFF, 0xE1, 0, (byte)(8 + tiff.Length), .. "Exif\0\0"u8, .. tiff];
        AssertFlat(Jpeg.Decode(new FlatJpeg(5, 9, (1, 1, 1, 77)) { Extra = segment }.Build(), "turned"), 9, 5, [77]);
        for (int cut = 0; cut < tiff.Length - 3; cut++)
        {
            byte[] damaged = [0xFF, 0xE1, 0, (byte)(8 + cut), .. "Exif\0\0"u8, .. tiff[..cut]];
            AssertFlat(Jpeg.Decode(new FlatJpeg(5, 9, (1, 1, 1, 77)) { Extra = damaged }.Build(), "upright"), 5, 9, [77]);
        }
    }

    [Fact]
    public void Every_truncation_is_rejected_but_that_of_the_end_marker()
    {
        byte[] file = new FlatJpeg(40, 40, (1, 2, 1, 90), (2, 1, 1, 120), (3, 1, 1, 140)).Build();
        for (int length = 0; length < file.Length - 2; length++)
            Assert.Throws<InvalidDataException>(() => Jpeg.Decode(file.AsSpan(0, length), "cut"));
        Assert.Equal(Jpeg.Decode(file, "whole").Pixels, Jpeg.Decode(file.AsSpan(..^2), "no end").Pixels);
    }

    [Fact]
    public void A_scan_that_is_too_short_is_rejected_though_an_end_marker_follows()
    {
        byte[] file = new FlatJpeg(40, 40, (1, 2, 1, 90), (2, 1, 1, 120), (3, 1, 1, 140)).Build();
        int scan = file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xDA]) + 14;
        for (int length = scan; length < file.Length - 5; length++)
        {
            byte[] closed = [.. file[..length], 0xFF, 0xD9];
            var e = Assert.Throws<InvalidDataException>(() => Jpeg.Decode(closed, "cut"));
            Assert.EndsWith("the image data ends early; the file is damaged or cut off", e.Message);
        }
    }

    [Fact]
    public void A_size_that_the_file_cannot_hold_takes_no_memory()
    {
        byte[] file = new FlatJpeg(16, 16, (1, 1, 1, 90)).Build();
        int size = file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC0]) + 5;
        (file[size], file[size + 2]) = (0x20, 0x20);                    // 8208 × 8208
        long before = GC.GetAllocatedBytesForCurrentThread();
        var e = Assert.Throws<InvalidDataException>(() => Jpeg.Decode(file, "bomb.jpg"));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 16);
        Assert.Matches("^bomb.jpg: 8208×8208 needs 1052676 blocks, more than the [0-9]+ bytes left of the file can hold$", e.Message);
    }

    [Theory]
    [InlineData("wide first band", "FFDA 08 01 01 00 00 01 00", "the headers are damaged or of an unsupported kind")]
    [InlineData("unknown component", "FFDA 08 01 09 00 00 00 00", "a scan names component 9, which the frame lacks")]
    public void Impossible_progressive_scans_are_named(string what, string scan, string reason)
    {
        byte[] file = new FlatJpeg(16, 16, (1, 1, 1, 90)) { Frame = 0xC2 }.Build();
        int at = file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xDA]);
        byte[] header = Convert.FromHexString(scan.Replace(" ", "", StringComparison.Ordinal).Insert(4, "00"));
        byte[] damaged = [.. file[..at], .. header, .. file[(at + 10)..]];
        Assert.EndsWith(reason, Assert.Throws<InvalidDataException>(() => Jpeg.Decode(damaged, what)).Message);
    }

    [Fact]
    public void A_file_of_very_many_scans_is_refused()
    {
        byte[] file = new FlatJpeg(8, 8, (1, 1, 1, 90)) { Frame = 0xC2 }.Build();
        int at = file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xDA]) + 7;
        file[at + 1] = 0;                                               // the flat scan brings the DC coefficients only
        // Then one scan per bit of each AC coefficient, in each of which the only block ends at once.
        IEnumerable<byte> Scans(int count) => Enumerable.Range(0, count).SelectMany(i => new byte[]
        {
            0xFF, 0xDA, 0, 8, 1, 1, 0, (byte)(1 + i % 63), (byte)(1 + i % 63), (byte)(i < 63 ? 13 : (14 - i / 63) << 4 | (13 - i / 63)), 0x7F,
        });
        AssertFlat(Jpeg.Decode([.. file[..^2], .. Scans(98), 0xFF, 0xD9], "many"), 8, 8, [90]);
        var e = Assert.Throws<InvalidDataException>(() => Jpeg.Decode([.. file[..^2], .. Scans(99), 0xFF, 0xD9], "more"));
        Assert.Equal("more: the file has more than 99 scans", e.Message);
    }

    static byte[] First(byte? adobe, params (int Id, int Level)[] components)
    {
        var jpeg = new FlatJpeg(9, 9, [.. components.Select(c => (c.Id, 1, 1, c.Level))]) { Adobe = adobe };
        Image image = Jpeg.Decode(jpeg.Build(), "colours");
        AssertFlat(image, 9, 9, image.Pixels[..3]);
        return image.Pixels[..3];
    }

    static void AssertFlat(Image image, int width, int height, byte[] color)
    {
        Assert.Equal((width, height, color.Length), (image.Width, image.Height, image.Channels));
        for (int i = 0; i < image.Pixels.Length; i++)
            Assert.True(image.Pixels[i] == color[i % color.Length], $"byte {i} of {width}×{height} is {image.Pixels[i]}");
    }
}
