using Brownian.Tensors;
using Brownian.Tensors.Reference;

namespace Brownian.Tests.Tensors;

/// <summary>Images at a larger and a smaller size, along one axis or both, and as one pixel.</summary>
static class ResizingCases
{
    public static IEnumerable<OpCase> Of(Shape s)
    {
        foreach ((int height, int width) in new[] { (s[1], 2 * s[2]), (2 * s[1] + 1, s[2] + 3), (1, 1), (s[1] / 2 + 1, 3 * s[2]) })
        {
            yield return new($"resize {s} to {height}×{width}", [new(s)],
                x => x[0].ResizeBilinear(height, width), x => ReferenceReshaping.ResizeBilinear(x[0], s, height, width));
        }
    }
}
