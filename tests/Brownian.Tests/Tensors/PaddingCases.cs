using Brownian.Tensors;
using Brownian.Tensors.Reference;

namespace Brownian.Tests.Tensors;

/// <summary>Images continued by mirroring, as far as once around, and cut.</summary>
static class PaddingCases
{
    public static IReadOnlyList<OpCase> All { get; } =
    [
        .. Cases(Shape.Of(2, 5, 7, 3), 8, 8), .. Cases(Shape.Of(1, 6, 5, 16), 6, 8), .. Cases(Shape.Of(3, 3, 9, 1), 8, 9), .. Cases(Shape.Of(2, 1, 2, 5), 4, 7),
        .. Cases(Shape.Of(1, 4, 4, 2), 4, 4),
    ];

    static IEnumerable<OpCase> Cases(Shape small, int height, int width)
    {
        Shape large = Shape.Of(small[0], height, width, small[3]);
        yield return new($"mirror {small} to {height}×{width}", [new(small)],
            x => x[0].PadByMirroring(height, width), x => ReferenceReshaping.PadByMirroring(x[0], small, height, width));
        yield return new($"crop {large} to {small[1]}×{small[2]}", [new(large)],
            x => x[0].CropTo(small[1], small[2]), x => ReferenceReshaping.CropTo(x[0], large, small[1], small[2]));
        yield return new($"crop the mirrored {small} of {height}×{width}", [new(small)],
            x => x[0].PadByMirroring(height, width).CropTo(small[1], small[2]), x => x[0]);
    }
}
