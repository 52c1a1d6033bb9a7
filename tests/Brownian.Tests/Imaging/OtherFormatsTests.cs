using System.Buffers.Binary;
using Brownian.Imaging;

namespace Brownian.Tests;

/// <summary>Files of WebP, GIF, ICO, TIFF and bare bitmaps that say what they do not hold, and files of other formats.</summary>
public sealed class OtherFormatsTests
{
    [Fact]
    public void A_gif_whose_codes_end_early_is_refused_though_its_blocks_are_whole()
    {
        // 2 × 2 pixels, codes of 3 bits: clear, then colours, then the end (5).
        Assert.Equal([255, 255, 255, 0, 0, 0, 0, 0, 0, 255, 255, 255], ImageFile.Decode(Gif(2, 2, [4, 1, 0, 4, 0, 1, 5]), "whole").Pixels);
        foreach (int[] codes in new int[][] { [4, 1, 0, 4, 0, 5], [4, 1, 5], [4, 1], [4, 5], [5], [] })
            AssertRefused(Gif(2, 2, codes), "the image data ends early; the file is damaged or cut off");
        AssertRefused(Gif(2, 2, [4, 1, 0, 4, 0, 1, 5])[..^1], "the file is cut off: it does not end with a trailer");
        AssertRefused([.. "GIF89a"u8, 1, 0, 1, 0, 0, 0, 0, 0x3B], "the file has no image");
        AssertRefused([.. "GIF89a"u8, 1, 0, 1, 0, 0, 0, 0, 0x77], "the block at byte 13 is of no known kind (0x77); the file is damaged");
    }

    [Fact]
    public void Sizes_that_a_file_cannot_hold_take_no_memory()
    {
        byte[] webp = [.. "RIFF"u8, 30, 0, 0, 0, .. "WEBPVP8X"u8, 10, 0, 0, 0, 16, 0, 0, 0, 0xFF, 0x3F, 0, 0xFF, 0x3F, 0, .. "VP8 "u8, 0, 0, 0, 0];
        (byte[] File, string Reason)[] cases =
        [
            (Gif(60000, 60000, [4, 1, 5]), "60000×60000 exceeds the limit of 134217728 pixels"),
            (Gif(11000, 11000, [4, 1, 5]), "11000×11000 pixels are more than 35 bytes can hold"),
            (webp, ""),
            (Tiff((256, 60000), (257, 60000), (273, 8), (279, 1)), "60000×60000 exceeds the limit of 134217728 pixels"),
            (Tiff((256, 11000), (257, 11000), (273, 8), (279, 1)), "11000×11000 pixels are more than 62 bytes can hold"),
            (Tiff((256, 1), (257, 900_000), (273, 8), (278, 1), (279, 1)), "the image has 900000 parts, but the places of 1 are given"),
            (Tiff((256, 1000), (257, 1000), (258, 16), (273, 8), (277, 1000), (279, 1)), "1000×1000 pixels are more than 86 bytes can hold"),
            (Tiff((256, 9), (257, 9), (273, 8), (279, 1), (322, 1 << 30), (323, 1 << 30)), ""),
        ];
        foreach ((byte[] file, string reason) in cases)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            string message = Assert.Throws<InvalidDataException>(() => ImageFile.Decode(file, "bomb")).Message;
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
            if (reason.Length > 0) Assert.Equal($"bomb: {reason}", message);
        }
    }

    [Fact]
    public void A_cursor_and_a_picture_that_is_no_bitmap_are_refused()
    {
        byte[] icon = File.ReadAllBytes(Fixtures.Golden("images/other/mask8.ico"));
        byte[] cursor = [.. icon];
        cursor[2] = 2;
        AssertRefused(cursor, "a cursor (.cur) is not supported; use PNG, JPEG, WebP, GIF, BMP, ICO or TIFF");
        byte[] text = [.. icon];
        "text"u8.CopyTo(text.AsSpan(22));
        Assert.Throws<InvalidDataException>(() => ImageFile.Decode(text, "text"));
        AssertRefused(icon[..^1], "picture 1 of 1 ends at byte 2238, but the file has 2237; it is cut off");
    }

    [Fact]
    public void The_largest_picture_of_an_icon_is_read()
    {
        byte[] small = Png.Encode(new Image(16, 16, 3)), large = Png.Encode(new Image(256, 256, 4));
        byte[] icon =
        [
            0, 0, 1, 0, 2, 0,
            0, 0, 0, 0, 1, 0, 32, 0, .. Word(large.Length), .. Word(38),
            16, 16, 0, 0, 1, 0, 24, 0, .. Word(small.Length), .. Word(38 + large.Length), .. large, .. small,
        ];
        Image image = ImageFile.Decode(icon, "icon");
        Assert.Equal((256, 256, 4, "ICO"), (image.Width, image.Height, image.Channels, image.Format));
    }

    [Fact]
    public void A_bitmap_without_a_file_header_is_read_as_one_with()
    {
        byte[] bare = File.ReadAllBytes(Fixtures.Field("11-jfif-and-friends/dib.dib"));
        byte[] file = [.. "BM"u8, .. Word(bare.Length + 14), .. Word(0), .. Word(54), .. bare];
        Assert.Equal(Bmp.Decode(file, "with").Pixels, ImageFile.Decode(bare, "bare").Pixels);
        foreach (int length in Enumerable.Range(1, 40).Select(i => bare.Length - i))
            Assert.Throws<InvalidDataException>(() => ImageFile.Decode(bare.AsSpan(0, length), "cut"));
        // With a palette: two colours, a row of five pixels.
        byte[] palette = [.. Word(40), .. Word(5), .. Word(1), 1, 0, 1, 0, .. new byte[16], .. Word(2), .. Word(0), 1, 2, 3, 0, 4, 5, 6, 0, 0b01010000, 0, 0, 0];
        Assert.Equal([3, 2, 1, 6, 5, 4, 3, 2, 1, 6, 5, 4, 3, 2, 1], ImageFile.Decode(palette, "palette").Pixels);
    }

    [Fact]
    public void The_orientation_of_a_png_is_applied_and_a_damaged_one_ignored()
    {
        byte[] file = File.ReadAllBytes(Fixtures.Golden("images/other/exif.png"));
        int at = file.AsSpan().IndexOf("eXIf"u8);
        Assert.True(at > 0);
        Assert.Equal((37, 41), ImageFile.Decode(file, "turned") is var image ? (image.Width, image.Height) : default);
        byte[] exif = file[(at + 4)..(at + 4 + BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(at - 4)))];
        Assert.Equal(ExifOrientation.TurnLeft, TiffDirectory.Orientation(exif));
        for (int length = 0; length < exif.Length; length++)
            Assert.True(TiffDirectory.Orientation(exif.AsSpan(0, length)) is ExifOrientation.Upright or ExifOrientation.TurnLeft);
    }

    [Theory]
    [InlineData("8BPS\0\u0001", "a", "Photoshop's PSD")]
    [InlineData("\u00FF\n..........", "a", "JPEG XL")]
    [InlineData("\0\0\0\u000CjP  \r\n\u0087\n", "a", "JPEG 2000")]
    [InlineData("P6\n4 4\n255\n................", "a", "PNM (.ppm, .pgm, .pbm)")]
    [InlineData("....ftypmif1", "a", "HEIC")]
    [InlineData("....ftypisom", "a", "a video (MP4 or QuickTime)")]
    [InlineData("%PDF-1.4", "a", "PDF")]
    [InlineData("<svg xmlns", "a", "SVG")]
    [InlineData("\u0089HDF\r\n\u001a\n", "a", "HDF5")]
    [InlineData("<!DOCTYPE html><html>", "a.jpg", "an HTML page")]
    [InlineData("version https://git-lfs.github.com/spec/v1\n", "a.png", "a Git LFS pointer (run git lfs pull)")]
    [InlineData("\0\0\u0002\0\0\0\0\0\0\0\0\0(\0(\0\u0018\0", "x.TGA", "TGA")]
    public void Other_formats_are_named(string content, string name, string format) =>
        Assert.Equal(
            $"{name}: {format} is not supported; use PNG, JPEG, WebP, GIF, BMP, ICO or TIFF",
            Assert.Throws<InvalidDataException>(() => ImageFile.Decode(System.Text.Encoding.Latin1.GetBytes(content), name)).Message);

    [Fact]
    public void Scans_of_medicine_are_named()
    {
        byte[] dicom = new byte[200], nifti = new byte[400];
        "DICM"u8.CopyTo(dicom.AsSpan(128));
        "n+1\0"u8.CopyTo(nifti.AsSpan(344));
        AssertRefused(dicom, "DICOM is not supported; use PNG, JPEG, WebP, GIF, BMP, ICO or TIFF");
        AssertRefused(nifti, "NIfTI is not supported; use PNG, JPEG, WebP, GIF, BMP, ICO or TIFF");
    }

    static void AssertRefused(byte[] file, string reason) =>
        Assert.Equal($"a: {reason}", Assert.Throws<InvalidDataException>(() => ImageFile.Decode(file, "a")).Message);

    // Two colours, black and white.
    static byte[] Gif(int width, int height, int[] codes)
    {
        byte[] size = [.. Word(width)[..2], .. Word(height)[..2]];
        var packed = new byte[(3 * codes.Length + 7) / 8];
        for (int i = 0; i < 3 * codes.Length; i++) packed[i / 8] |= (byte)((codes[i / 3] >> (i % 3) & 1) << (i % 8));
        byte[] part = packed.Length > 0 ? [(byte)packed.Length, .. packed] : [];
        return [.. "GIF89a"u8, .. size, 0x80, 0, 0, 0, 0, 0, 255, 255, 255, 0x2C, 0, 0, 0, 0, .. size, 0, 2, .. part, 0, 0x3B];
    }

    // A directory at byte 8 of numbers.
    static byte[] Tiff(params (int Tag, int Value)[] entries) =>
    [
        .. "II*\0"u8, .. Word(8), (byte)entries.Length, 0,
        .. entries.SelectMany(entry => new byte[] { (byte)entry.Tag, (byte)(entry.Tag >> 8), 4, 0, 1, 0, 0, 0 }.Concat(Word(entry.Value))), .. Word(0),
    ];

    static byte[] Word(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }
}
