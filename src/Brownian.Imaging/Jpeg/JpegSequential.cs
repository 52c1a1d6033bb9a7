namespace Brownian.Imaging;

/// <summary>Decodes blocks of sequential scans (T.81 §F.2.2) straight into samples.</summary>
static class JpegSequential
{
    public static void Decode(ref JpegBits bits, JpegScanPart part, Span<byte> samples)
    {
        JpegComponent component = part.Component;
        ReadOnlySpan<ushort> divisors = component.Quantization;
        JpegHuffman alternating = part.Alternating!;
        ReadOnlySpan<byte> order = JpegTables.ZigZag;
        Span<int> block = stackalloc int[64];
        block.Clear();

        component.Prediction += bits.TakeSigned(part.Direct!.Decode(ref bits) & 15);
        block[0] = component.Prediction * divisors[0];
        bool flat = true;
        for (int k = 1; k < 64; k++)
        {
            int symbol = alternating.Decode(ref bits), zeros = symbol >> 4, size = symbol & 15;
            if (size == 0)
            {
                if (zeros != 15) break;                     // end of block; else a run of 16 zeros
                k += 15;
                continue;
            }
            k += zeros;
            if (k > 63) throw new InvalidDataException("a block has more than 64 coefficients; the file is damaged");
            block[order[k]] = bits.TakeSigned(size) * divisors[k];
            flat = false;
        }
        if (flat) JpegTransform.InverseFlat(block[0], samples, component.Stride);
        else JpegTransform.Inverse(block, samples, component.Stride);
    }
}
