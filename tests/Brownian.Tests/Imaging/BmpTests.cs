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
    public void Run_length_codes_that_end_early_are_rejected()
    {
        byte[][] bad = [[0, 2, 9, 0, 0, 1], [3, 1], [0, 5, 1, 1], [0, 2, 1], []];
        foreach (byte[] codes in bad)
            Assert.Throws<InvalidDataException>(() => Bmp.Decode(File(5, 3, 8, 1, FourGrays, codes), "bad"));
        Assert.Equal(new byte[45], Bmp.Decode(File(5, 3, 8, 1, FourGrays, [0, 0, 0, 0, 0, 0]), "three empty rows").Pixels);
        Assert.Equal([85, 85, 85], Bmp.Decode(File(1, 1, 8, 1, FourGrays, [1, 1]), "without an end").Pixels);
    }

    [Fact]
    public void Bit_fields_may_lie_anywhere()
    {
        // Red in 2 bits at the top, green in 10, blue in 1.
        byte[] masks = [.. Word(0xC0000000), .. Word(0x3FF00000), .. Word(0x00000100)];
        byte[] pixels = [.. Word(0x40000000 | 512u << 20 | 0x100 | 7)];
        Assert.Equal([85, 128, 255], Bmp.Decode(File(1, 1, 32, coding: 3, tables: masks, pixels: pixels), "fields").Pixels);
    }

    [Theory]
    [InlineData(0xFF000000, new byte[] { 1, 2, 3, 4 })]
    [InlineData(0, new byte[] { 1, 2, 3 })]
    public void An_alpha_field_in_the_header_brings_a_channel(uint alpha, byte[] expected)
    {
        byte[] v4 =
        [
            .. "BM"u8, .. new byte[8], .. Word(14 + 108), .. Word(108), .. Word(1), .. Word(1), 1, 0, 32, 0, .. Word(3), .. new byte[20],
            .. Word(0xFF0000), .. Word(0xFF00), .. Word(0xFF), .. Word(alpha), .. new byte[52], .. Word(0x04010203),
        ];
        Assert.Equal(expected, Bmp.Decode(v4, "v4").Pixels);
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
        AssertRefused(File(4, 2, 24, 0, [], new byte[23]), "4×2 pixels need 24 bytes, but the file has 23; it is cut off");
        AssertRefused(File(4, 2, 7, 0, [], new byte[64]), "the headers are damaged or of an unsupported kind");
        AssertRefused(File(4, 2, 24, 4, [], new byte[64]), "a JPEG inside a BMP is not supported");
        AssertRefused(File(30000, 4000, 8, 1, FourGrays, new byte[64]), "30000×4000 pixels are more than 64 bytes can hold");
    }

    static void AssertRefused(byte[] file, string reason) =>
        Assert.Equal($"a.bmp: {reason}", Assert.Throws<InvalidDataException>(() => Bmp.Decode(file, "a.bmp")).Message);

    static byte[] File(int width, int height, int depth, uint coding, byte[] tables, byte[] pixels) =>
    [
        .. "BM"u8, .. new byte[8], .. Word((uint)(54 + tables.Length)),
        .. Word(40), .. Word((uint)width), .. Word((uint)height), 1, 0, (byte)depth, 0, .. Word(coding), .. new byte[12],
        .. Word(depth <= 8 ? (uint)tables.Length / 4 : 0), .. new byte[4], .. tables, .. pixels,
    ];

    static byte[] Word(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }
}
