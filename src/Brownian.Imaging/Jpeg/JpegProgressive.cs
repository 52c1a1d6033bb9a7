namespace Brownian.Imaging;

/// <summary>Decodes blocks of progressive scans (T.81 annex G), which bring the coefficients band by band and bit by bit.</summary>
static class JpegProgressive
{
    public static void BeginDirect(ref JpegBits bits, JpegScanPart part, int bit, Span<short> block)
    {
        part.Component.Prediction += bits.TakeSigned(part.Direct!.Decode(ref bits) & 15);
        block[0] = (short)(part.Component.Prediction << bit);
    }

    public static void RefineDirect(ref JpegBits bits, int bit, Span<short> block)
    {
        if (bits.TakeBit()) block[0] |= (short)(1 << bit);
    }

    /// <summary>The first bits of a band (§G.1.2.2). A run of ended bands covers the blocks that follow.</summary>
    public static void BeginBand(ref JpegBits bits, JpegHuffman table, JpegScanHeader scan, Span<short> block, ref int endOfBand)
    {
        if (endOfBand > 0)
        {
            endOfBand--;
            return;
        }
        ReadOnlySpan<byte> order = JpegTables.ZigZag;
        for (int k = scan.First; k <= scan.Last; k++)
        {
            int symbol = table.Decode(ref bits), zeros = symbol >> 4, size = symbol & 15;
            if (size == 0)
            {
                if (zeros != 15)
                {
                    endOfBand = (1 << zeros) + bits.Take(zeros) - 1;
                    return;
                }
                k += 15;
                continue;
            }
            k += zeros;
            if (k > scan.Last) ThrowOutside(scan);
            block[order[k]] = (short)(bits.TakeSigned(size) << scan.Bit);
        }
    }

    /// <summary>
    /// One more bit of a band (§G.1.2.3): each code brings a coefficient that becomes ±1, placed behind a number of coefficients that
    /// stay zero; those in between that are not zero get a correction bit each.
    /// </summary>
    public static void RefineBand(ref JpegBits bits, JpegHuffman table, JpegScanHeader scan, Span<short> block, ref int endOfBand)
    {
        ReadOnlySpan<byte> order = JpegTables.ZigZag;
        short one = (short)(1 << scan.Bit);
        int k = scan.First;
        for (; endOfBand == 0 && k <= scan.Last; k++)
        {
            int symbol = table.Decode(ref bits), zeros = symbol >> 4, size = symbol & 15;
            short value = 0;
            if (size > 0) value = bits.TakeBit() ? one : (short)-one;
            else if (zeros != 15)
            {
                endOfBand = (1 << zeros) + bits.Take(zeros);
                break;
            }
            for (; k <= scan.Last; k++)
            {
                ref short coefficient = ref block[order[k]];
                if (coefficient != 0) Correct(ref bits, ref coefficient, one);
                else if (--zeros < 0) break;
            }
            if (value == 0) continue;
            if (k > scan.Last) ThrowOutside(scan);
            block[order[k]] = value;
        }
        if (endOfBand == 0) return;
        for (; k <= scan.Last; k++)
            if (block[order[k]] != 0) Correct(ref bits, ref block[order[k]], one);
        endOfBand--;
    }

    static void Correct(ref JpegBits bits, ref short coefficient, short one)
    {
        if (bits.TakeBit() && (coefficient & one) == 0) coefficient += coefficient > 0 ? one : (short)-one;
    }

    static void ThrowOutside(JpegScanHeader scan) =>
        throw new InvalidDataException($"a coefficient lies behind the band {scan.First}-{scan.Last}; the file is damaged");
}
