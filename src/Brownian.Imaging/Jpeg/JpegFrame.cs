using System.Buffers.Binary;

namespace Brownian.Imaging;

/// <summary>The frame header, checked (T.81 §B.2.2).</summary>
sealed class JpegFrame
{
    JpegFrame(bool progressive, int width, int height, JpegComponent[] components)
    {
        (Progressive, Width, Height, Components) = (progressive, width, height, components);
        Mcu = (components.Max(c => c.Horizontal), components.Max(c => c.Vertical));
        McusWide = (width + 8 * Mcu.Wide - 1) / (8 * Mcu.Wide);
        McusHigh = (height + 8 * Mcu.High - 1) / (8 * Mcu.High);
        foreach (JpegComponent component in components) component.Measure(width, height, Mcu);
    }

    public bool Progressive { get; }

    public int Width { get; }

    public int Height { get; }

    public JpegComponent[] Components { get; }

    /// <summary>Blocks in a minimal coded unit of all components, across and down, of the component with most.</summary>
    public (int Wide, int High) Mcu { get; }

    public int McusWide { get; }

    public int McusHigh { get; }

    /// <param name="marker">Tells the process: SOF0 and SOF1 sequential, SOF2 progressive; others are refused by name.</param>
    /// <param name="body">The segment.</param>
    /// <param name="bytesLeft">Bytes of the file behind the segment. Memory is taken only for what they could hold.</param>
    public static JpegFrame Parse(byte marker, ReadOnlySpan<byte> body, int bytesLeft)
    {
        if (marker > 0xC2)
            throw new InvalidDataException($"{JpegMarker.ProcessName(marker)} JPEG is not supported; save it as baseline or progressive");
        if (body.Length < 6 || body.Length != 6 + 3 * body[5]) throw new InvalidDataException($"the frame header has {body.Length} bytes");
        if (body[0] != 8) throw new InvalidDataException($"{body[0]} bits per sample are not supported, only 8");
        int height = BinaryPrimitives.ReadUInt16BigEndian(body[1..]), width = BinaryPrimitives.ReadUInt16BigEndian(body[3..]);
        if (width == 0 || height == 0) throw new InvalidDataException($"the image is empty ({width}×{height})");
        if ((long)width * height > ImageFile.MaxPixels)
            throw new InvalidDataException($"{width}×{height} exceeds the limit of {ImageFile.MaxPixels} pixels");
        if (body[5] is not (1 or 3 or 4)) throw new InvalidDataException($"{body[5]} colour components; only 1, 3 or 4 are supported");
        var frame = new JpegFrame(marker == 0xC2, width, height, ParseComponents(body[6..]));
        frame.CheckRoom(bytesLeft);
        foreach (JpegComponent component in frame.Components) component.Allocate(frame.McusWide, frame.McusHigh, frame.Progressive);
        return frame;
    }

    static JpegComponent[] ParseComponents(ReadOnlySpan<byte> body)
    {
        var components = new JpegComponent[body.Length / 3];
        for (int i = 0; i < components.Length; i++)
        {
            ReadOnlySpan<byte> fields = body.Slice(3 * i, 3);
            int horizontal = fields[1] >> 4, vertical = fields[1] & 15;
            if (horizontal is < 1 or > 4 || vertical is < 1 or > 4)
                throw new InvalidDataException(
                    $"component {fields[0]} has the sampling factors {horizontal}×{vertical}; 1 to 4 are allowed");
            if (fields[2] > 3)
                throw new InvalidDataException($"component {fields[0]} uses the quantisation table {fields[2]}; there are 0 to 3");
            components[i] = new JpegComponent(fields[0], horizontal, vertical, fields[2]);
        }
        if (components.DistinctBy(c => c.Id).Count() != components.Length)
            throw new InvalidDataException("two components have one identifier");
        return components;
    }

    // Every block takes at least a DC code, and without progression an end-of-block code too, of a bit each.
    void CheckRoom(int bytesLeft)
    {
        long blocks = Components.Sum(c => (long)c.BlocksWide * c.BlocksHigh), room = bytesLeft * (Progressive ? 8L : 4L);
        if (blocks > room)
            throw new InvalidDataException(
                $"{Width}×{Height} needs {blocks} blocks, more than the {bytesLeft} bytes left of the file can hold");
    }
}
