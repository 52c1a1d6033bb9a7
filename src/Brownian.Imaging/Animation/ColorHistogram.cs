using System.Numerics;

namespace Brownian.Imaging;

/// <summary>The colours of an image in 32 × 32 × 32 bins.</summary>
sealed class ColorHistogram
{
    const int Bits = 5, Bins = 1 << (3 * Bits);

    readonly int[] counts = new int[Bins];
    readonly Vector3[] means = new Vector3[Bins];

    /// <param name="rgb">Pixels of three bytes.</param>
    public ColorHistogram(ReadOnlySpan<byte> rgb)
    {
        var sums = new long[3 * Bins];
        for (int at = 0; at < rgb.Length; at += 3)
        {
            int bin = Bin(rgb, at);
            counts[bin]++;
            for (int i = 0; i < 3; i++) sums[3 * bin + i] += rgb[at + i];
        }
        for (int bin = 0; bin < Bins; bin++)
            if (counts[bin] > 0) means[bin] = new Vector3(sums[3 * bin], sums[3 * bin + 1], sums[3 * bin + 2]) / counts[bin];
        Used = [.. Enumerable.Range(0, Bins).Where(bin => counts[bin] > 0)];
    }

    /// <summary>The bins that hold pixels.</summary>
    public int[] Used { get; }

    public int Count(int bin) => counts[bin];

    /// <summary>The mean colour of a bin's pixels, 0 to 255.</summary>
    public Vector3 Mean(int bin) => means[bin];

    public static int Bin(ReadOnlySpan<byte> rgb, int at) => rgb[at] >> 3 << (2 * Bits) | rgb[at + 1] >> 3 << Bits | rgb[at + 2] >> 3;

    /// <summary>For each bin, which colour of the palette is nearest to its mean; 0 for unused bins.</summary>
    public byte[] Nearest(ReadOnlySpan<byte> palette)
    {
        var colors = new Vector3[palette.Length / 3];
        for (int i = 0; i < colors.Length; i++) colors[i] = new Vector3(palette[3 * i], palette[3 * i + 1], palette[3 * i + 2]);
        var nearest = new byte[Bins];
        foreach (int bin in Used)
        {
            float least = float.PositiveInfinity;
            for (int i = 0; i < colors.Length; i++)
            {
                float distance = Vector3.DistanceSquared(means[bin], colors[i]);
                if (distance < least) (least, nearest[bin]) = (distance, (byte)i);
            }
        }
        return nearest;
    }
}
