using System.Runtime.CompilerServices;

namespace Brownian.Imaging;

/// <summary>
/// The inverse 8×8 cosine transform after Loeffler, Ligtenberg and Moschytz (1989), with 11 multiplications per row in 13-bit fixed point.
/// Scaling and rounding follow the accurate integer method of the Independent JPEG Group ("islow"), so that pixels agree to the bit
/// with what most programs decode.
/// </summary>
static class JpegTransform
{
    const int Fraction = 13;
    const int Between = 2;          // fraction bits kept between the passes

    /// <summary>Writes 8×8 samples.</summary>
    /// <param name="block">64 dequantised coefficients, row by row; overwritten.</param>
    /// <param name="samples">The top left sample of the block, and all behind it.</param>
    /// <param name="stride">Samples from one row to the next.</param>
    public static void Inverse(Span<int> block, Span<byte> samples, int stride)
    {
        for (int x = 0; x < 8; x++) Column(block[x..]);
        for (int y = 0; y < 8; y++) Row(block.Slice(8 * y, 8), samples.Slice(y * stride, 8));
    }

    /// <summary>The same for a block without AC coefficients.</summary>
    public static void InverseFlat(int direct, Span<byte> samples, int stride)
    {
        byte level = ToSample((direct + 4) >> 3);
        for (int y = 0; y < 8; y++) samples.Slice(y * stride, 8).Fill(level);
    }

    static void Column(Span<int> column)
    {
        if ((column[8] | column[16] | column[24] | column[32] | column[40] | column[48] | column[56]) == 0)
        {
            int level = column[0] << Between;
            for (int y = 0; y < 64; y += 8) column[y] = level;
            return;
        }
        const int half = 1 << (Fraction - Between - 1);
        Even(column[0], column[16], column[32], column[48], out int e0, out int e1, out int e2, out int e3);
        Odd(column[8], column[24], column[40], column[56], out int o0, out int o1, out int o2, out int o3);
        column[0] = (e0 + o0 + half) >> (Fraction - Between);
        column[56] = (e0 - o0 + half) >> (Fraction - Between);
        column[8] = (e1 + o1 + half) >> (Fraction - Between);
        column[48] = (e1 - o1 + half) >> (Fraction - Between);
        column[16] = (e2 + o2 + half) >> (Fraction - Between);
        column[40] = (e2 - o2 + half) >> (Fraction - Between);
        column[24] = (e3 + o3 + half) >> (Fraction - Between);
        column[32] = (e3 - o3 + half) >> (Fraction - Between);
    }

    static void Row(ReadOnlySpan<int> row, Span<byte> samples)
    {
        const int shift = Fraction + Between + 3, half = 1 << (shift - 1);
        Even(row[0], row[2], row[4], row[6], out int e0, out int e1, out int e2, out int e3);
        Odd(row[1], row[3], row[5], row[7], out int o0, out int o1, out int o2, out int o3);
        samples[7] = ToSample((e0 - o0 + half) >> shift);
        samples[0] = ToSample((e0 + o0 + half) >> shift);
        samples[1] = ToSample((e1 + o1 + half) >> shift);
        samples[6] = ToSample((e1 - o1 + half) >> shift);
        samples[2] = ToSample((e2 + o2 + half) >> shift);
        samples[5] = ToSample((e2 - o2 + half) >> shift);
        samples[3] = ToSample((e3 + o3 + half) >> shift);
        samples[4] = ToSample((e3 - o3 + half) >> shift);
    }

    // Frequencies 0, 2, 4, 6: a rotation by 6π/16 (times √2) and two butterflies.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Even(int f0, int f2, int f4, int f6, out int e0, out int e1, out int e2, out int e3)
    {
        int rotated = (f2 + f6) * Fixed(0.541196100);
        int low = rotated - f6 * Fixed(1.847759065), high = rotated + f2 * Fixed(0.765366865);
        int sum = (f0 + f4) << Fraction, difference = (f0 - f4) << Fraction;
        e0 = sum + high;
        e3 = sum - high;
        e1 = difference + low;
        e2 = difference - low;
    }

    // Frequencies 1, 3, 5, 7, as in figure 1 of the paper, with the rotations written as three multiplications each.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Odd(int f1, int f3, int f5, int f7, out int o0, out int o1, out int o2, out int o3)
    {
        int z3 = f7 + f3, z4 = f5 + f1, z5 = (z3 + z4) * Fixed(1.175875602);
        int z1 = -(f7 + f1) * Fixed(0.899976223), z2 = -(f5 + f3) * Fixed(2.562915447);
        z3 = z5 - z3 * Fixed(1.961570560);
        z4 = z5 - z4 * Fixed(0.390180644);
        o3 = f7 * Fixed(0.298631336) + z1 + z3;
        o2 = f5 * Fixed(2.053119869) + z2 + z4;
        o1 = f3 * Fixed(3.072711026) + z2 + z3;
        o0 = f1 * Fixed(1.501321110) + z1 + z4;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int Fixed(double value) => (int)(value * (1 << Fraction) + 0.5);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static byte ToSample(int centered) => (byte)Math.Clamp(centered + 128, 0, 255);
}
