using System.Buffers.Binary;
using Brownian.IO;

namespace Brownian.Imaging;

/// <summary>
/// Follows the segments of a JPEG file (ITU-T T.81 §B.1.1) to the end of the image. libjpeg makes up what a damaged file lacks and calls it
/// a success; this refuses such files, and images larger than their files could hold.
/// </summary>
ref struct JpegStructure
{
    const byte Start = 0xD8, End = 0xD9, Scan = 0xDA, Restart0 = 0xD0, Restart7 = 0xD7;
    const byte HuffmanTables = 0xC4, QuantizationTables = 0xDB, RestartInterval = 0xDD;

    // Encoders make about ten. Every scan visits every block, while its own bytes may be few, so hostile files have thousands. Skia stops
    // at the hundredth.
    const int MaxScans = 99;

    readonly record struct Component(byte Id, int Horizontal, int Vertical, int Quantization);

    readonly ReadOnlySpan<byte> data;
    ReadOnlySpan<byte> body;
    byte marker;
    int position;                                   // of the next marker

    Component[] components;
    bool progressive;
    int width, height, across, down;                // across and down: blocks in a unit of all components
    int scans, restartInterval;
    int quantization, direct, alternating;          // bit n: table n is defined
    int scanned;                                    // bit n: component n has had a scan

    JpegStructure(ReadOnlySpan<byte> data)
    {
        this.data = data;
        components = [];
    }

    /// <summary>How many bytes of the file belong to the image.</summary>
    public readonly int Length => position;

    /// <summary>All components lie in one sequential scan.</summary>
    public readonly bool IsSingleScan => !progressive && scans == 1;

    /// <summary>The file ends with the scan: only the end marker is missing, or the scan is cut off.</summary>
    public readonly bool LacksEnd => position + 1 >= data.Length;

    /// <exception cref="InvalidDataException">Says what is wrong, without the file's name.</exception>
    public static JpegStructure Check(ReadOnlySpan<byte> data)
    {
        var structure = new JpegStructure(data);
        while (!structure.IsComplete()) structure.TakeSegment();
        return structure;
    }

    // A progressive image says when it ends, a sequential one ends with its last component. Behind a single scan the end marker may be missing.
    readonly bool IsComplete() => components.Length > 0 && scanned == (1 << components.Length) - 1
        && (progressive ? marker == End : scans == 1 || !LacksEnd);

    void TakeSegment()
    {
        byte previous = marker;
        int at = position;
        while (at < data.Length && data[at] == 0xFF) at++;          // any number of FF may lead a marker
        if (at == data.Length) throw new InvalidDataException($"the file ends after the segment FF{previous:X2}; the image is not complete");
        if (at == position || data[at] == 0)
            throw new InvalidDataException($"no marker follows the segment FF{previous:X2} at byte {position}; the file is damaged");
        (marker, position) = (data[at], at + 1);
        if (marker == End && !IsComplete()) throw new InvalidDataException("the file ends before the image");
        if (marker is Start or End or 0x01 or (>= Restart0 and <= Restart7)) return;
        TakeBody();
        switch (marker)
        {
            case QuantizationTables: TakeQuantization(); break;
            case HuffmanTables: TakeHuffman(); break;
            case RestartInterval: TakeRestartInterval(); break;
            case Scan: TakeScan(); break;
            case 0xF7 or (>= 0xC0 and <= 0xCF and not 0xC8 and not 0xCC): TakeFrame(); break;
        }
    }

    void TakeBody()
    {
        int left = data.Length - position, length = left < 2 ? int.MaxValue : BinaryPrimitives.ReadUInt16BigEndian(data[position..]);
        if (length > left) throw new InvalidDataException($"the file is cut off in the segment FF{marker:X2}");
        if (length < 2) throw new InvalidDataException($"the segment FF{marker:X2} has the impossible length {length}");
        body = data.Slice(position + 2, length - 2);
        position += length;
    }

    void TakeQuantization()
    {
        for (int bytes; !body.IsEmpty; body = body[bytes..])
        {
            bytes = 1 + 64 * (1 + (body[0] >> 4));
            if (body.Length < bytes) throw new InvalidDataException("a quantisation table is cut off");
            quantization |= 1 << (body[0] & 15);
        }
    }

    void TakeHuffman()
    {
        for (int bytes; !body.IsEmpty; body = body[bytes..])
        {
            bytes = 17;
            for (int i = 1; i <= 16 && i < body.Length; i++) bytes += body[i];
            if (body.Length < bytes) throw new InvalidDataException("a Huffman table is cut off");
            (body[0] >> 4 == 0 ? ref direct : ref alternating) |= 1 << (body[0] & 15);
        }
    }

    void TakeRestartInterval()
    {
        if (body.Length != 2) throw new InvalidDataException($"the restart interval has {Counted.Of(body.Length, "byte")} instead of 2");
        restartInterval = BinaryPrimitives.ReadUInt16BigEndian(body);
    }

    void TakeFrame()
    {
        if (components.Length > 0) throw new InvalidDataException("the file has two frame headers");
        if (marker > 0xC2) throw new InvalidDataException($"{ProcessName(marker)} JPEG is not supported; save it as baseline or progressive");
        if (body.Length < 6 || body.Length != 6 + 3 * body[5]) throw new InvalidDataException($"the frame header has {Counted.Of(body.Length, "byte")}");
        if (body[0] != 8) throw new InvalidDataException($"{body[0]} bits per sample are not supported, only 8");
        (height, width) = (BinaryPrimitives.ReadUInt16BigEndian(body[1..]), BinaryPrimitives.ReadUInt16BigEndian(body[3..]));
        if (width == 0 || height == 0) throw new InvalidDataException($"the image is empty ({width}×{height})");
        if ((long)width * height > ImageFile.MaxPixels)
            throw new InvalidDataException($"{width}×{height} exceeds the limit of {ImageFile.MaxPixels} pixels");
        if (body[5] is not (1 or 3 or 4)) throw new InvalidDataException($"{body[5]} colour components; only 1, 3 or 4 are supported");
        progressive = marker == 0xC2;
        components = new Component[body[5]];
        for (int i = 0; i < components.Length; i++)
        {
            ReadOnlySpan<byte> fields = body[(6 + 3 * i)..];
            components[i] = new Component(fields[0], fields[1] >> 4, fields[1] & 15, fields[2]);
            if (components[i] is { Horizontal: < 1 or > 4 } or { Vertical: < 1 or > 4 })
                throw new InvalidDataException($"component {fields[0]} has impossible sampling factors; 1 to 4 are allowed");
        }
        (across, down) = (components.Max(c => c.Horizontal), components.Max(c => c.Vertical));
        CheckRoom(data.Length - position);
    }

    // Every block takes at least a DC code, and without progression an end-of-block code too, of a bit each.
    readonly void CheckRoom(int bytesLeft)
    {
        long blocks = 0, room = bytesLeft * (progressive ? 8L : 4L);
        foreach (Component component in components) blocks += Blocks(component);
        if (blocks > room)
            throw new InvalidDataException($"{width}×{height} needs {blocks} blocks, more than the {bytesLeft} bytes left of the file can hold");
    }

    // In a scan of one component; it leaves out the padding to whole units (T.81 §A.2.2).
    readonly long Blocks(Component alone) =>
        (long)Ceiling(Ceiling(width * alone.Horizontal, across), 8) * Ceiling(Ceiling(height * alone.Vertical, down), 8);

    void TakeScan()
    {
        if (components.Length == 0) throw new InvalidDataException("a scan comes before the frame header");
        if (++scans > MaxScans) throw new InvalidDataException($"the file has more than {MaxScans} scans");
        int count = body.IsEmpty ? 0 : body[0];
        if (count is < 1 or > 4 || body.Length != 4 + 2 * count) throw new InvalidDataException($"a scan header has {Counted.Of(body.Length, "byte")}");
        bool first = body[^3] == 0, refines = body[^1] >> 4 != 0;
        long units = 0;
        for (int i = 0; i < count; i++)
        {
            byte id = body[1 + 2 * i], tables = body[2 + 2 * i];
            int index = Array.FindIndex(components, c => c.Id == id);
            if (index < 0) throw new InvalidDataException($"a scan names component {id}, which the frame lacks");
            if (!progressive && (scanned >> index & 1) != 0) throw new InvalidDataException($"component {id} is scanned twice");
            scanned |= 1 << index;
            units = count == 1 ? Blocks(components[index]) : (long)Ceiling(width, 8 * across) * Ceiling(height, 8 * down);
            Require(quantization, components[index].Quantization, "quantisation table");
            if (!progressive || (first && !refines)) Require(direct, tables >> 4, "Huffman table of DC coefficients");
            if (!progressive || !first) Require(alternating, tables & 15, "Huffman table of AC coefficients");
        }
        SkipScan(restartInterval == 0 ? 0 : (units - 1) / restartInterval);
    }

    // Moves to the marker behind the scan. FF 00 stands for a byte FF; numbered markers lie between the intervals.
    void SkipScan(long restarts)
    {
        for (long passed = 0; ; position += 2)
        {
            int ff = data[position..].IndexOf((byte)0xFF);
            position = ff < 0 ? data.Length : position + ff;
            while (position + 1 < data.Length && data[position + 1] == 0xFF) position++;
            int next = position + 1 < data.Length ? data[position + 1] : -1;
            if (next == 0) continue;
            if (passed == restarts) return;
            if (next != Restart0 + passed % 8)
                throw new InvalidDataException(
                    $"the restart marker RST{passed % 8} is missing ({(next < 0 ? "the file ends" : $"FF{next:X2} comes instead")})");
            passed++;
        }
    }

    static void Require(int defined, int table, string what)
    {
        if ((defined >> table & 1) == 0) throw new InvalidDataException($"the {what} {table} is used but not defined");
    }

    static int Ceiling(int value, int divisor) => (value + divisor - 1) / divisor;

    static string ProcessName(byte frame) => frame switch
    {
        0xC3 => "lossless",
        0xC5 or 0xC6 or 0xC7 => "hierarchical",
        0xC9 or 0xCA => "arithmetic-coded",
        0xCB => "arithmetic-coded lossless",
        0xCD or 0xCE or 0xCF => "arithmetic-coded hierarchical",
        _ => "JPEG-LS",
    };
}
