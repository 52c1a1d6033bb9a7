using System.Buffers.Binary;
using System.Numerics;

namespace Brownian.Imaging;

enum BmpCoding { Plain = 0, RunLength8 = 1, RunLength4 = 2, Fields = 3, Jpeg = 4, Png = 5, AlphaFields = 6 }

/// <summary>Which bits of a pixel hold a colour.</summary>
readonly record struct BmpField(uint Mask)
{
    /// <summary>The field stretched to 0-255, rounded down; 0 of an empty field.</summary>
    public byte Of(uint pixel)
    {
        if (Mask == 0) return 0;
        int shift = BitOperations.TrailingZeroCount(Mask);
        return (byte)((ulong)((pixel & Mask) >> shift) * 255 / (Mask >> shift));
    }
}

/// <summary>The file header and the bitmap header behind it, checked, with what follows them: bit fields and palette.</summary>
sealed record BmpHeader
{
    public const int FileHeaderBytes = 14;
    public const int CoreBytes = 12;
    const int InfoBytes = 40;

    public required int Width { get; init; }

    public required int Height { get; init; }

    /// <summary>Rows are stored from the top; usually the lowest comes first.</summary>
    public required bool TopDown { get; init; }

    public required int Depth { get; init; }

    public required BmpCoding Coding { get; init; }

    /// <summary>Where the pixels begin in the file.</summary>
    public required int Offset { get; init; }

    /// <summary>Blue, green, red for each colour, as bytes; empty above 8 bits per pixel.</summary>
    public byte[] Palette { get; private init; } = [];

    /// <summary>Red, green, blue, alpha; of 16 and 32 bits per pixel.</summary>
    public BmpField[] Fields { get; private init; } = [];

    public bool IsRunLength => Coding is BmpCoding.RunLength4 or BmpCoding.RunLength8;

    public int Channels => Fields is [.., { Mask: not 0 }] ? 4 : 3;

    /// <exception cref="InvalidDataException">Says what is wrong, without the file's name.</exception>
    public static BmpHeader Parse(ReadOnlySpan<byte> data)
    {
        ReadOnlySpan<byte> body = data[FileHeaderBytes..];
        int bytes = (int)Math.Min(int.MaxValue, U32(body, 0));
        bool core = bytes == CoreBytes;
        if (bytes > body.Length || (!core && bytes < 16))
            throw new InvalidDataException($"the header has {bytes} bytes, the file {body.Length} left");
        // Headers shorter than 40 bytes (OS/2) leave out the fields at their end, which are then zero.
        Span<byte> info = stackalloc byte[InfoBytes];
        body[..Math.Min(bytes, InfoBytes)].CopyTo(info);
        int width = core ? U16(body, 4) : (int)U32(info, 4), height = core ? U16(body, 6) : (int)U32(info, 8);
        int depth = core ? U16(body, 10) : U16(info, 14);
        uint coding = core ? 0 : U32(info, 16), colors = core ? 0 : U32(info, 32), offset = U32(data, 10);
        CheckSize(width, height);
        CheckCoding(depth, coding, topDown: height < 0);
        if (offset < FileHeaderBytes + bytes || offset > data.Length)
            throw new InvalidDataException(
                $"the pixels cannot begin at byte {offset} of {data.Length}, behind {FileHeaderBytes + bytes} of headers");
        var header = new BmpHeader
        {
            Width = width,
            Height = Math.Abs(height),
            TopDown = height < 0,
            Depth = depth,
            Coding = (BmpCoding)coding,
            Offset = (int)offset,
        };
        int fieldBytes = bytes != InfoBytes ? 0 : header.Coding switch { BmpCoding.Fields => 12, BmpCoding.AlphaFields => 16, _ => 0 };
        ReadOnlySpan<byte> between = data[(FileHeaderBytes + bytes)..(int)offset];
        if (depth <= 8) return header with { Palette = ParsePalette(header, between, colors, entryBytes: core ? 3 : 4) };
        return header with { Fields = ParseFields(header, body[..Math.Min(body.Length, bytes + fieldBytes)]) };
    }

    static void CheckSize(int width, int height)
    {
        if (width <= 0 || height is 0 or int.MinValue) throw new InvalidDataException($"the size {width}×{height} is impossible");
        if ((long)width * Math.Abs(height) > ImageFile.MaxPixels)
            throw new InvalidDataException($"{width}×{Math.Abs(height)} exceeds the limit of {ImageFile.MaxPixels} pixels");
    }

    static void CheckCoding(int depth, uint coding, bool topDown)
    {
        if (depth is not (1 or 2 or 4 or 8 or 16 or 24 or 32)) throw new InvalidDataException($"{depth} bits per pixel are not supported");
        if ((BmpCoding)coding is BmpCoding.Jpeg or BmpCoding.Png)
            throw new InvalidDataException($"a {((BmpCoding)coding).ToString().ToUpperInvariant()} inside a BMP is not supported");
        bool fits = (BmpCoding)coding switch
        {
            BmpCoding.Plain => true,
            BmpCoding.RunLength8 => depth == 8 && !topDown,
            BmpCoding.RunLength4 => depth == 4 && !topDown,
            BmpCoding.Fields or BmpCoding.AlphaFields => depth is 16 or 32,
            _ => false,
        };
        if (!fits) throw new InvalidDataException($"{depth} bits per pixel with compression {coding} are not supported");
    }

    // As many colours as the header says and as there is room for before the pixels.
    static byte[] ParsePalette(BmpHeader header, ReadOnlySpan<byte> rest, uint colors, int entryBytes)
    {
        int most = 1 << header.Depth, count = colors == 0 ? most : (int)Math.Min(colors, (uint)most);
        count = Math.Min(count, rest.Length / entryBytes);
        var palette = new byte[3 * count];
        for (int i = 0; i < count; i++) rest.Slice(i * entryBytes, 3).CopyTo(palette.AsSpan(3 * i));
        return palette;
    }

    // Masks stand at byte 40 of the header, inside it (versions 2 to 5) or behind it (version 1).
    static BmpField[] ParseFields(BmpHeader header, ReadOnlySpan<byte> body)
    {
        if (header.Depth == 24) return [];
        if (header.Coding == BmpCoding.Plain)
            return header.Depth == 16 ? [new(0x7C00), new(0x3E0), new(0x1F), new(0)] : [new(0xFF0000), new(0xFF00), new(0xFF), new(0)];
        if (body.Length < InfoBytes + 12) throw new InvalidDataException("the bit fields of the colours are missing");
        bool alpha = body.Length >= InfoBytes + 16;
        BmpField[] fields =
        [
            new(U32(body, InfoBytes)), new(U32(body, InfoBytes + 4)), new(U32(body, InfoBytes + 8)),
            new(alpha ? U32(body, InfoBytes + 12) : 0),
        ];
        foreach (BmpField field in fields)
            if (!BitOperations.IsPow2((ulong)(field.Mask >> BitOperations.TrailingZeroCount(field.Mask | 1u << 31)) + 1))
                throw new InvalidDataException($"the bit field {field.Mask:X8} is not contiguous");
        return fields;
    }

    static int U16(ReadOnlySpan<byte> data, int at) => BinaryPrimitives.ReadUInt16LittleEndian(data[at..]);

    static uint U32(ReadOnlySpan<byte> data, int at) => BinaryPrimitives.ReadUInt32LittleEndian(data[at..]);
}
