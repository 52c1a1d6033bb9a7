namespace Brownian.Imaging;

/// <summary>
/// The five row filters of PNG §9.2, and their inverses. A row's first pixel has zeros to its left, the first row zeros above;
/// <c>step</c> is the distance in bytes between a pixel and its left neighbour, at least 1.
/// </summary>
static class PngFilter
{
    public const int Kinds = 5;

    /// <summary>Undoes filter <paramref name="kind"/> in place; <paramref name="above"/> is the previous row, unfiltered.</summary>
    public static void Undo(int kind, Span<byte> row, ReadOnlySpan<byte> above, int step)
    {
        switch (kind)
        {
            case 0: break;
            case 1: for (int i = step; i < row.Length; i++) row[i] += row[i - step]; break;
            case 2: for (int i = 0; i < row.Length; i++) row[i] += above[i]; break;
            case 3:
                for (int i = 0; i < row.Length; i++) row[i] += (byte)((Left(row, i, step) + above[i]) / 2);
                break;
            case 4:
                for (int i = 0; i < row.Length; i++) row[i] += Paeth(Left(row, i, step), above[i], Left(above, i, step));
                break;
            default: throw new InvalidDataException($"unknown filter type {kind}");
        }
    }

    /// <summary>Writes the filtered row to <paramref name="filtered"/>, of equal length.</summary>
    public static void Apply(int kind, ReadOnlySpan<byte> row, ReadOnlySpan<byte> above, int step, Span<byte> filtered)
    {
        for (int i = 0; i < row.Length; i++)
        {
            int predicted = kind switch
            {
                0 => 0,
                1 => Left(row, i, step),
                2 => above[i],
                3 => (Left(row, i, step) + above[i]) / 2,
                _ => Paeth(Left(row, i, step), above[i], Left(above, i, step)),
            };
            filtered[i] = (byte)(row[i] - predicted);
        }
    }

    static byte Left(ReadOnlySpan<byte> row, int i, int step) => i < step ? (byte)0 : row[i - step];

    // The neighbour (left a, above b, upper left c) nearest to a + b − c; ties in that order (PNG §9.4).
    static byte Paeth(byte a, byte b, byte c)
    {
        int toA = Math.Abs(b - c), toB = Math.Abs(a - c), toC = Math.Abs(a + b - 2 * c);
        return toA <= toB && toA <= toC ? a : toB <= toC ? b : c;
    }
}
