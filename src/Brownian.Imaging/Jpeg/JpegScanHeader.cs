namespace Brownian.Imaging;

/// <summary>A component in a scan, with the tables that the scan uses for it (null where its kind of scan needs none).</summary>
sealed record JpegScanPart(JpegComponent Component, JpegHuffman? Direct, JpegHuffman? Alternating);

/// <summary>The scan header, checked against the frame and against the scans before it (T.81 §B.2.3).</summary>
/// <param name="Parts">The components in the scan, interleaved when there are several.</param>
/// <param name="First">First coefficient, in the order of the file.</param>
/// <param name="Last">Last coefficient.</param>
/// <param name="Refines">The scan adds one bit to coefficients seen before.</param>
/// <param name="Bit">The lowest bit that the scan brings.</param>
sealed record JpegScanHeader(JpegScanPart[] Parts, int First, int Last, bool Refines, int Bit)
{
    const int MaxBlocksPerMcu = 10;
    const int MaxBit = 13;

    public static JpegScanHeader Parse(ReadOnlySpan<byte> body, JpegFrame frame, JpegTables tables)
    {
        if (body.IsEmpty || body.Length != 4 + 2 * body[0]) throw new InvalidDataException($"a scan header has {body.Length} bytes");
        ReadOnlySpan<byte> band = body[^3..];
        (int first, int last, int before, int bit) = frame.Progressive ? (band[0], band[1], band[2] >> 4, band[2] & 15) : (0, 63, 0, 0);
        CheckBand(first, last, before, bit, body[0], frame.Progressive);
        var parts = new JpegScanPart[body[0]];
        for (int i = 0; i < parts.Length; i++)
        {
            ReadOnlySpan<byte> fields = body.Slice(1 + 2 * i, 2);
            byte id = fields[0];
            JpegComponent component = Array.Find(frame.Components, c => c.Id == id)
                ?? throw new InvalidDataException($"a scan names component {id}, which the frame lacks");
            if (frame.Progressive) Advance(component, first, last, before, bit);
            else if (component.Quantization is not null) throw new InvalidDataException($"component {id} is scanned twice");
            component.Quantization ??= tables.Quantization(component.QuantizationSlot);
            parts[i] = new JpegScanPart(component,
                first == 0 && before == 0 ? tables.Direct(fields[1] >> 4) : null,
                last > 0 ? tables.Alternating(fields[1] & 15) : null);
        }
        if (parts.Length > 1 && parts.Sum(p => p.Component.Horizontal * p.Component.Vertical) > MaxBlocksPerMcu)
            throw new InvalidDataException($"a scan has more than {MaxBlocksPerMcu} blocks per unit");
        return new JpegScanHeader(parts, first, last, before > 0, bit);
    }

    static void CheckBand(int first, int last, int before, int bit, int components, bool progressive)
    {
        if (components is < 1 or > 4) throw new InvalidDataException($"a scan has {components} components");
        if (!progressive) return;
        bool wholeBand = first == 0 ? last == 0 : first <= last && last <= 63 && components == 1;
        if (!wholeBand || bit > MaxBit || (before > 0 && before != bit + 1))
            throw new InvalidDataException(
                $"a progressive scan of {components} components has the impossible band {first}-{last}, bits {before}-{bit}");
    }

    // Each bit of a coefficient may come once, in order. Besides catching damage this bounds the work that a small file can ask for.
    static void Advance(JpegComponent component, int first, int last, int before, int bit)
    {
        if (first > 0 && component.LowestBit[0] == JpegComponent.Unseen)
            throw new InvalidDataException($"component {component.Id} has AC coefficients before its DC coefficients");
        for (int k = first; k <= last; k++)
        {
            int expected = before == 0 ? JpegComponent.Unseen : before;
            if (component.LowestBit[k] != expected)
                throw new InvalidDataException($"the progressive scans of component {component.Id} are out of order at coefficient {k}");
            component.LowestBit[k] = (byte)bit;
        }
    }
}
