using System.Buffers.Binary;

namespace Brownian.Tests;

/// <summary>
/// Writes JPEG files of one flat colour, with whatever header a test wants: each component has one level throughout, so that every block
/// is one difference code and an end-of-block code.
/// </summary>
sealed class FlatJpeg(int width, int height, params (int Id, int Horizontal, int Vertical, int Level)[] components)
{
    // A divisor of 8 makes the DC coefficient the level itself, centred.
    const int Divisor = 8;
    const int DifferenceBits = 4;           // the DC table: the sizes 0 to 11, as codes of 4 bits; the AC table: end of block, as one 0

    readonly List<byte> file = [0xFF, 0xD8];
    int window, windowBits;

    /// <summary>SOF0 baseline, SOF1 extended.</summary>
    public byte Frame { get; init; } = 0xC0;

    /// <summary>All components in one scan, or one after another.</summary>
    public bool Interleaved { get; init; } = true;

    /// <summary>MCUs between restart markers.</summary>
    public int Restart { get; init; }

    /// <summary>The transform number of an Adobe segment.</summary>
    public byte? Adobe { get; init; }

    /// <summary>More bytes of whole segments, behind the start marker.</summary>
    public byte[] Extra { get; init; } = [];

    public byte[] Build()
    {
        file.AddRange(Extra);
        if (Adobe is { } transform) Segment(0xEE, [.. "Adobe"u8, 0, 100, 0, 0, 0, 0, transform]);
        Segment(0xDB, [0x10, .. Enumerable.Range(0, 64).SelectMany(_ => new byte[] { 0, Divisor })]);     // 16-bit divisors
        Segment(Frame, [8, .. Number(height), .. Number(width), (byte)components.Length,
            .. components.SelectMany(c => new[] { (byte)c.Id, (byte)(c.Horizontal << 4 | c.Vertical), (byte)0 })]);
        Segment(0xC4, [0x00, 0, 0, 0, 12, .. new byte[12], .. Enumerable.Range(0, 12).Select(i => (byte)i)]);
        Segment(0xC4, [0x10, 1, .. new byte[15], 0]);
        if (Restart > 0) Segment(0xDD, Number(Restart));
        if (Interleaved) Scan(components);
        else foreach (var component in components) Scan(component);
        file.AddRange([0xFF, 0xD9]);
        return [.. file];
    }

    void Scan(params (int Id, int Horizontal, int Vertical, int Level)[] parts)
    {
        Segment(0xDA, [(byte)parts.Length, .. parts.SelectMany(c => new[] { (byte)c.Id, (byte)0 }), 0, 63, 0]);
        int mcuWide = components.Max(c => c.Horizontal), mcuHigh = components.Max(c => c.Vertical);
        int units = parts.Length > 1
            ? Blocks(width, 1, mcuWide) * Blocks(height, 1, mcuHigh)
            : Blocks(width, parts[0].Horizontal, mcuWide) * Blocks(height, parts[0].Vertical, mcuHigh);
        for (int unit = 0; unit < units; unit++)
        {
            bool first = unit == 0;
            if (Restart > 0 && unit > 0 && unit % Restart == 0)
            {
                Align();
                file.AddRange([0xFF, (byte)(0xD0 + (unit / Restart - 1) % 8)]);
                first = true;
            }
            foreach (var part in parts)
            {
                int blocks = parts.Length > 1 ? part.Horizontal * part.Vertical : 1;
                for (int b = 0; b < blocks; b++) Block(first && b == 0 ? part.Level - 128 : 0);
            }
        }
        Align();
    }

    static int Blocks(int size, int factor, int most) => ((size * factor + most - 1) / most + 7) / 8;

    void Block(int difference)
    {
        int size = 0;
        while (Math.Abs(difference) >> size != 0) size++;
        Bits(size, DifferenceBits);
        Bits(difference < 0 ? difference + (1 << size) - 1 : difference, size);
        Bits(0, 1);
    }

    void Bits(int value, int count)
    {
        for (int i = count - 1; i >= 0; i--)
        {
            window = window << 1 | (value >> i & 1);
            if (++windowBits < 8) continue;
            file.Add((byte)window);
            if ((byte)window == 0xFF) file.Add(0);
            windowBits = 0;
        }
    }

    void Align()
    {
        while (windowBits > 0) Bits(1, 1);
    }

    void Segment(byte marker, byte[] body) => file.AddRange([0xFF, marker, .. Number(body.Length + 2), .. body]);

    static byte[] Number(int value)
    {
        var bytes = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)value);
        return bytes;
    }
}
