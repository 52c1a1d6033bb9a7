using System.Diagnostics.CodeAnalysis;

namespace Brownian.Tensors;

/// <summary>
/// The extents of a tensor, one to four of them, outermost first. Images are N×H×W×C: channels are last and contiguous.
/// </summary>
public readonly record struct Shape
{
    readonly int _d0, _d1, _d2, _d3;

    Shape(int rank, int d0, int d1, int d2, int d3) => (Rank, _d0, _d1, _d2, _d3) = (rank, d0, d1, d2, d3);

    /// <summary>The number of extents, 1 to 4.</summary>
    public int Rank { get; }

    /// <summary>The number of elements, the product of all extents.</summary>
    public int Count => _d0 * _d1 * _d2 * _d3;

    /// <summary>The innermost extent: the channels of an image, the features of a vector.</summary>
    public int Channels => this[Rank - 1];

    /// <summary>The number of innermost rows: <see cref="Count"/> divided by <see cref="Channels"/>.</summary>
    public int Rows => Channels == 0 ? 0 : Count / Channels;

    /// <summary>One extent, counted from the outermost.</summary>
    public int this[int axis] => (uint)axis < (uint)Rank
        ? axis switch { 0 => _d0, 1 => _d1, 2 => _d2, _ => _d3 }
        : throw new ArgumentOutOfRangeException(nameof(axis), $"axis {axis} of a shape of rank {Rank}");

    /// <summary>A shape of one to four extents. Their product must be below 2³¹.</summary>
    /// <exception cref="ArgumentException">An extent is negative, there are none or more than four, or the product is too large.</exception>
    public static Shape Of(params ReadOnlySpan<int> extents)
    {
        if (extents.Length is 0 or > 4) Refuse(extents, "a tensor has one to four extents");
        long count = 1;
        foreach (int extent in extents)
        {
            if (extent < 0) Refuse(extents, "an extent is negative");
            count *= extent;
            if (count > int.MaxValue) Refuse(extents, "a tensor has at most 2^31-1 elements");
        }
        return new Shape(
            extents.Length,
            extents[0],
            extents.Length > 1 ? extents[1] : 1,
            extents.Length > 2 ? extents[2] : 1,
            extents.Length > 3 ? extents[3] : 1);
    }

    /// <summary>This shape with another innermost extent.</summary>
    public Shape WithChannels(int channels) => Rank switch
    {
        1 => Of(channels),
        2 => Of(_d0, channels),
        3 => Of(_d0, _d1, channels),
        _ => Of(_d0, _d1, _d2, channels),
    };

    /// <summary>The extents as a new array.</summary>
    public int[] ToArray()
    {
        int[] extents = new int[Rank];
        for (int i = 0; i < Rank; i++) extents[i] = this[i];
        return extents;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Join('×', ToArray());

    [DoesNotReturn]
    static void Refuse(ReadOnlySpan<int> extents, string why) =>
        throw new ArgumentException($"Shape {string.Join('×', extents.ToArray())}: {why}.");
}
