using System.Buffers.Binary;
using Brownian.Imaging;

namespace Brownian.Tests;

public sealed class BmpTests
{
    static readonly byte[] FourGrays = [0, 0, 0, 0, 85, 85, 85, 0, 170, 170, 170, 0, 255, 255, 255, 0];

    [Fact]
    public void Run_length_codes_of_four_bits_move_repeat_and_quote()
    {
        byte[] codes =
        [
            5, 0x12,                        // 1 2 1 2 1, the bottom row
            0, 0,                           // next row
            0, 3, 0x32, 0x10,               // 3 2 1, padded to a word
            0, 2, 1, 1,                     // one right, one up
            1, 0x30,                        // 3
            0, 1,                           // the end
        ];
        Image image = Bmp.Decode(File(5, 3, 4, coding: 2, tables: FourGrays, pixels: codes), "rle4");
        byte[] expected = [0, 0, 0, 0, 3, 3, 2, 1, 0, 0, 1, 2, 1, 2, 1];
        Assert.Equal(expected.Select(i => (byte)(i * 85)), image.ConvertTo(1).Pixels);
    }

    [Fact]
    public void Run_length_codes_that_leave_the_image_or_end_early_are_rejected()
    {
        byte[][] bad = [[6, 1, 0, 1], [0, 2, 9, 0, 0, 1], [3, 1], [0, 5, 1, 1], [0, 2, 1], []];
        foreach (byte[] codes in bad)
            Assert.Throws<InvalidDataException>(() => Bmp.Decode(File(5, 3, 8, 1, FourGrays, codes), "bad"));
        Assert.Equal(new byte[45], Bmp.Decode(File(5, 3, 8, 1, FourGrays, [0, 0, 0, 0, 0, 0]), "three empty rows").Pixels);
        Assert.Equal([85, 85, 85], Bmp.Decode(File(1, 1, 8, 1, FourGrays, [1, 1]), "without an end").Pixels);
    }

    [Fact]
    public void Bit_fields_may_lie_anywhere_and_bring_alpha()
    {
        // Red in 2 bits at the top, green in 10, blue in 1, alpha in 8 at the bottom.
        byte[] masks = [.. Word(0xC0000000), .. Word(0x3FF00000), .. Word(0x00000100), .. Word(0x000000FF)];
        byte[] pixels = [.. Word(0x40000000 | 512u << 20 | 0x100 | 7)];
        Image image = Bmp.Decode(File(1, 1, 32, coding: 6, tables: masks, pixels: pixels), "fields");
        Assert.Equal([85, 127, 255, 7], image.Pixels);
        Assert.Equal([85, 127, 255], Bmp.Decode(File(1, 1, 32, coding: 3, tables: masks[..12], pixels: pixels), "no alpha").Pixels);
        var e = Assert.Throws<InvalidDataException>(() =>
            Bmp.Decode(File(1, 1, 32, coding: 3, tables: [.. Word(0x5), .. Word(0), .. Word(0)], pixels: pixels), "torn"));
        Assert.Equal("torn: the bit field 00000005 is not contiguous", e.Message);
    }

    [Fact]
    public void Two_bits_per_pixel_and_the_old_short_header_are_read()
    {
        Assert.Equal([0, 85, 170, 255, 85], Bmp.Decode(File(5, 1, 2, 0, FourGrays, [0x1B, 0x40, 0, 0]), "2").ConvertTo(1).Pixels);
        byte[] core = [.. "BM"u8, .. new byte[8], .. Word(26), .. Word(12), 2, 0, 1, 0, 1, 0, 24, 0, 3, 2, 1, 6, 5, 4];
        Assert.Equal([1, 2, 3, 4, 5, 6], Bmp.Decode(core, "os/2").Pixels);
    }

    [Fact]
    public void Errors_say_what_is_wrong()
    {
        AssertRefused(File(4, 1, 8, 0, FourGrays, [0, 1, 2, 4]), "a pixel has colour 4 of a palette of 4");
        AssertRefused(File(4, 2, 24, 0, [], new byte[23]), "4×2 pixels need 24 bytes, but the file has 23; it is cut off");
        AssertRefused(File(4, 2, 7, 0, [], new byte[64]), "7 bits per pixel are not supported");
        AssertRefused(File(4, 2, 24, 4, [], new byte[64]), "a JPEG inside a BMP is not supported");
        AssertRefused(File(4, -2, 8, 1, FourGrays, new byte[64]), "8 bits per pixel with compression 1 are not supported");
        AssertRefused(File(30000, 4000, 8, 1, FourGrays, new byte[64]), "30000×4000 pixels are more than 64 bytes can hold");
    }

    static void AssertRefused(byte[] file, string reason) =>
        Assert.Equal($"a.bmp: {reason}", Assert.Throws<InvalidDataException>(() => Bmp.Decode(file, "a.bmp")).Message);

    static byte[] File(int width, int height, int depth, uint coding, byte[] tables, byte[] pixels) =>
    [
        .. "BM"u8, .. new byte[8], .. Word((uint)(54 + tables.Length)),
        .. Word(40), .. Word((uint)width), .. Word((uint)height), 1, 0, (byte)depth, 0, .. Word(coding), .. new byte[20],
        .. tables, .. pixels,
    ];

    static byte[] Word(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }
}
