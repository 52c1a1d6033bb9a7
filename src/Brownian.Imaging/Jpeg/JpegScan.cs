namespace Brownian.Imaging;

/// <summary>Visits the blocks of one scan in the order of the file (T.81 §A.2) and hands each to the decoder of its kind.</summary>
ref struct JpegScan
{
    readonly JpegFrame frame;
    readonly JpegScanHeader header;
    readonly int restartInterval;
    JpegBits bits;
    int endOfBand;              // blocks that an end-of-band run still covers

    JpegScan(JpegFrame frame, JpegScanHeader header, int restartInterval, JpegBits bits)
    {
        this.frame = frame;
        this.header = header;
        this.restartInterval = restartInterval;
        this.bits = bits;
    }

    /// <summary>Decodes the scan whose data starts at <paramref name="position"/>; returns where the marker behind it lies.</summary>
    public static int Decode(JpegFrame frame, JpegScanHeader header, int restartInterval, ReadOnlySpan<byte> data, int position)
    {
        var scan = new JpegScan(frame, header, restartInterval, new JpegBits(data, position));
        scan.ResetPredictions();
        if (header.Parts is [JpegScanPart alone]) scan.DecodeAlone(alone);
        else scan.DecodeInterleaved();
        return scan.bits.FindEnd();
    }

    void DecodeAlone(JpegScanPart part)
    {
        int unit = 0;
        for (int y = 0; y < part.Component.BlocksHigh; y++)
        {
            for (int x = 0; x < part.Component.BlocksWide; x++)
            {
                RestartBefore(unit++);
                DecodeBlock(part, x, y);
            }
        }
    }

    void DecodeInterleaved()
    {
        for (int unit = 0; unit < frame.McusWide * frame.McusHigh; unit++)
        {
            RestartBefore(unit);
            foreach (JpegScanPart part in header.Parts)
            {
                JpegComponent component = part.Component;
                int left = unit % frame.McusWide * component.Horizontal, top = unit / frame.McusWide * component.Vertical;
                for (int y = 0; y < component.Vertical; y++)
                    for (int x = 0; x < component.Horizontal; x++) DecodeBlock(part, left + x, top + y);
            }
        }
    }

    void RestartBefore(int unit)
    {
        if (restartInterval == 0 || unit == 0 || unit % restartInterval != 0) return;
        bits.Restart((unit / restartInterval - 1) % 8);
        ResetPredictions();
        endOfBand = 0;
    }

    readonly void ResetPredictions()
    {
        foreach (JpegScanPart part in header.Parts) part.Component.Prediction = 0;
    }

    void DecodeBlock(JpegScanPart part, int x, int y)
    {
        JpegComponent component = part.Component;
        if (!frame.Progressive)
        {
            JpegSequential.Decode(ref bits, part, component.Block(x, y));
            return;
        }
        Span<short> block = component.Coefficients.AsSpan(component.BlockOffset(x, y), 64);
        if (header.First == 0)
        {
            if (header.Refines) JpegProgressive.RefineDirect(ref bits, header.Bit, block);
            else JpegProgressive.BeginDirect(ref bits, part, header.Bit, block);
        }
        else if (header.Refines) JpegProgressive.RefineBand(ref bits, part.Alternating!, header, block, ref endOfBand);
        else JpegProgressive.BeginBand(ref bits, part.Alternating!, header, block, ref endOfBand);
    }
}
