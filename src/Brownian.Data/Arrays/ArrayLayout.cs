using Brownian.IO;

namespace Brownian.Data;

/// <summary>Which dimensions of an array are what.</summary>
/// <param name="Count">Images, at least 1.</param>
/// <param name="Height">Rows of each.</param>
/// <param name="Width">Pixels of a row.</param>
/// <param name="Channels">Of a pixel.</param>
/// <param name="Planes">Each channel lies by itself (N×C×H×W), instead of channels last.</param>
/// <param name="Note">What was assumed, a line for people; null where there was nothing to choose.</param>
readonly record struct ArrayLayout(int Count, int Height, int Width, int Channels, bool Planes, string? Note)
{
    /// <summary>Fewer numbers in a row without a shape than those of 8×8 pixels are no image.</summary>
    const int LeastSide = 8;

    /// <summary>Numbers of one image.</summary>
    public int ImageLength => Height * Width * Channels;

    /// <param name="name">What errors begin with.</param>
    /// <param name="shape">The extents of an array of images.</param>
    /// <param name="flatIsPlanar">Whether rows of colours without a shape have each channel by itself; asked where the extents cannot tell.</param>
    /// <exception cref="InvalidDataException">There are no images in an array of such a shape.</exception>
    public static ArrayLayout Of(string name, IReadOnlyList<long> shape, Func<int, bool> flatIsPlanar)
    {
        string extents = shape.Count == 0 ? "a single number" : string.Join('×', shape);
        if (shape.Any(extent => extent is < 1 or > int.MaxValue)) throw Bad(name, $"its shape is {extents}, which holds no images");
        return shape switch
        {
            [var n, var p] when n != p && FlatSide(p) is { } flat => Flat(n, flat, flatIsPlanar),
            [>= LeastSide, >= LeastSide, 3 or 4] => throw Bad(name, $"its shape {extents} is that of a single image; give many as N×H×W×C, or a folder of such files"),
            [var n, var h, var w] => Checked(name, extents, n, h, w, 1, false, null),
            [var n, var a, var b, var c] => OfFour(name, n, a, b, c),
            _ => throw Bad(name, $"its shape is {extents}; images are N×H×W, N×H×W×C or N×C×H×W"),
        };
    }

    /// <summary>Four extents: N×H×W×C, or N×C×H×W where that is unmistakable.</summary>
    /// <exception cref="InvalidDataException">There are no images in an array of such a shape.</exception>
    public static ArrayLayout OfFour(string name, long n, long a, long b, long c)
    {
        string extents = $"{n}×{a}×{b}×{c}";
        if (c <= 4 && (a > 4 || c is 1 or 3)) return Checked(name, extents, n, a, b, c, false, null);
        // Images are square more often than not, and have fewer channels than rows.
        bool first = a <= 4 || (b == c && a < b);
        if (first) return Checked(name, extents, n, b, c, a, true, $"the shape {extents} is taken for N×C×H×W: {Counted.Of(a, "channel")}, which come first");
        string? note = c < a && c < b ? null : $"the shape {extents} is taken for N×H×W×C: {Counted.Of(c, "channel")}";
        return Checked(name, extents, n, a, b, c, false, note);
    }

    /// <summary>The shape of a single image H×W or H×W×C, channels first where that is unmistakable; null where it is none.</summary>
    public static ArrayLayout? OfOne(IReadOnlyList<long> shape) => shape switch
    {
        [var h, var w] when Fits(h, w, 1) => new ArrayLayout(1, (int)h, (int)w, 1, false, null),
        [1 or 3 or 4, var h, var w] when w > 4 && Fits(h, w, shape[0]) => new ArrayLayout(1, (int)h, (int)w, (int)shape[0], true, null),
        [var h, var w, var c] when c < h && c < w && Fits(h, w, c) => new ArrayLayout(1, (int)h, (int)w, (int)c, false, null),
        _ => null,
    };

    /// <summary>The side of a square image whose numbers stand in a row, and its channels; null where they make no square.</summary>
    public static (int Side, int Channels)? FlatSide(long numbers)
    {
        foreach (int channels in (int[])[1, 3])
        {
            long side = (long)Math.Round(Math.Sqrt(numbers / (double)channels));
            if (side >= LeastSide && side * side * channels == numbers && side < 1 << 14) return ((int)side, channels);
        }
        return null;
    }

    /// <summary>
    /// Whether rows of side × side × 3 numbers without a shape are three planes or pixels of three. Neighbours in an image are alike: the
    /// reading that makes them more so is right.
    /// </summary>
    /// <returns>Null where neither is clearly smoother.</returns>
    public static bool? IsPlanar(IEnumerable<double[]> rows, int side)
    {
        double planar = 0, interleaved = 0;
        foreach (double[] row in rows)
        {
            for (int p = 0; p + 1 < side * side; p++)
            {
                if ((p + 1) % side == 0) continue;
                for (int c = 0; c < 3; c++)
                {
                    planar += Math.Abs(row[c * side * side + p] - row[c * side * side + p + 1]);
                    interleaved += Math.Abs(row[3 * p + c] - row[3 * p + 3 + c]);
                }
            }
        }
        const double Clearly = 0.9;
        return planar < Clearly * interleaved ? true : interleaved < Clearly * planar ? false : null;
    }

    /// <summary>Puts an image's elements in the order of pixels: channels last.</summary>
    /// <param name="stored">Elements of <paramref name="bytes"/> bytes each, as they lie in the array.</param>
    /// <param name="target">As many.</param>
    /// <param name="bytes">Of an element.</param>
    public void Interleave(ReadOnlySpan<byte> stored, Span<byte> target, int bytes)
    {
        if (!Planes || Channels == 1)
        {
            stored.CopyTo(target);
            return;
        }
        int plane = Height * Width;
        for (int c = 0; c < Channels; c++)
        {
            for (int p = 0; p < plane; p++)
                stored.Slice((c * plane + p) * bytes, bytes).CopyTo(target[((p * Channels + c) * bytes)..]);
        }
    }

    static ArrayLayout Flat(long n, (int Side, int Channels) flat, Func<int, bool> flatIsPlanar)
    {
        bool planes = flat.Channels == 3 && flatIsPlanar(flat.Side);
        string colours = flat.Channels == 1 ? "" : planes ? ", the reds first, then the greens and the blues" : ", in threes of red, green and blue";
        string note = $"rows of {flat.Side * flat.Side * flat.Channels} numbers are taken for images of {flat.Side}×{flat.Side}{(flat.Channels == 3 ? " in colour" : "")}{colours}";
        return new ArrayLayout((int)n, flat.Side, flat.Side, flat.Channels, planes, note);
    }

    static ArrayLayout Checked(string name, string extents, long n, long height, long width, long channels, bool planes, string? note)
    {
        if (!Fits(height, width, channels))
            throw Bad(name, $"its shape {extents} is that of images of {width}×{height} with {Counted.Of(channels, "channel")}, which are too large");
        return new ArrayLayout((int)n, (int)height, (int)width, (int)channels, planes, note);
    }

    // Eight bytes for a number, at most.
    static bool Fits(long height, long width, long channels) =>
        channels is >= 1 and <= Image.MaxChannels && (Int128)height * width * channels * 8 <= Array.MaxLength && height > 0 && width > 0;

    static InvalidDataException Bad(string name, string problem) => new($"{name}: {problem}.");
}
