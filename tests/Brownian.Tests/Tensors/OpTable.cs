using Brownian.Tensors;
using Brownian.Tensors.Reference;

namespace Brownian.Tests.Tensors;

/// <summary>All cases. Sizes are chosen to be no multiple of any vector width or tile, and each of them.</summary>
static class OpTable
{
    static readonly Shape[] AnyShapes =
    [
        Shape.Of(1), Shape.Of(17), Shape.Of(3, 5), Shape.Of(2, 3, 21), Shape.Of(1, 1, 1, 128), Shape.Of(3, 5, 7, 8),
        Shape.Of(2, 14, 14, 24),
    ];

    static readonly Shape[] ImageShapes =
    [
        Shape.Of(1, 1, 1, 1), Shape.Of(2, 5, 7, 3), Shape.Of(3, 7, 7, 17), Shape.Of(2, 9, 13, 48), Shape.Of(1, 14, 14, 80),
        Shape.Of(1, 28, 28, 5),
    ];

    /// <summary>Cases that are quick at every width.</summary>
    public static IReadOnlyList<OpCase> Small { get; } =
    [
        .. AnyShapes.SelectMany(Pointwise), .. AnyShapes.SelectMany(LossCases.Of), .. AnyShapes.SelectMany(LossCases.Bounds), .. AnyShapes.Where(s => s.Rank == 2).SelectMany(LossCases.Entropies), .. LossCases.Entropies(Shape.Of(13, 10)),
        .. AnyShapes.Where(s => s.Rank > 1).SelectMany(Rows), .. ImageShapes.SelectMany(Images),
        .. PaddingCases.All, .. ImageShapes.SelectMany(PoolingCases.Of), .. ImageShapes.SelectMany(ResizingCases.Of), .. LinearCases.All, .. ConvolutionCases.All, .. GroupNormCases.All, .. BatchNormCases.All, .. AttentionCases.All,
    ];

    /// <summary>Cases large enough to be cut into several tasks.</summary>
    public static IReadOnlyList<OpCase> Large { get; } =
    [
        .. Pointwise(Shape.Of(4, 64, 64, 20)), .. LossCases.Of(Shape.Of(4, 64, 64, 20)), .. LossCases.Bounds(Shape.Of(4, 29, 31, 3)), .. Rows(Shape.Of(4, 64, 64, 20)), .. Images(Shape.Of(4, 63, 65, 20)), .. PoolingCases.Large, .. ResizingCases.Of(Shape.Of(4, 23, 25, 20)),
        .. LinearCases.Large, .. ConvolutionCases.Large, .. GroupNormCases.Large, .. BatchNormCases.Large, .. AttentionCases.Large,
    ];

    static readonly Dictionary<string, OpCase> ByName = Small.Concat(Large).ToDictionary(op => op.Name);

    public static OpCase Find(string name) => ByName[name];

    static IEnumerable<OpCase> Pointwise(Shape s)
    {
        yield return new($"silu {s}", [new(s, Deviation: 4)], x => x[0].Silu(), x => ReferencePointwise.Silu(x[0]));
        yield return new($"mish {s}", [new(s, Deviation: 4)], x => x[0].Mish(), x => ReferencePointwise.Mish(x[0]));
        yield return new($"gelu {s}", [new(s, Deviation: 4)], x => x[0].Gelu(), x => ReferencePointwise.Gelu(x[0]));
        yield return new($"relu {s}", [new(s, Kink: true)], x => x[0].Relu(), x => ReferencePointwise.Relu(x[0]));
        yield return new($"affine {s}", [new(s), new(s)], x => TensorOps.Affine(0.75f, x[0], -2.5f, x[1]), x =>
            ReferencePointwise.Affine(0.75, x[0], -2.5, x[1]));
        yield return new($"add {s}", [new(s), new(s)], x => x[0].Add(x[1]), x => ReferencePointwise.Affine(1, x[0], 1, x[1]));
        yield return new($"add to itself {s}", [new(s)], x => x[0].Add(x[0]), x => ReferencePointwise.Scale(x[0], 2));
        yield return new($"scale {s}", [new(s)], x => x[0].Scale(-1.25f), x => ReferencePointwise.Scale(x[0], -1.25));
        yield return new($"multiply {s}", [new(s), new(s)], x => x[0].Multiply(x[1]), x => ReferencePointwise.Multiply(x[0], x[1]));
        yield return new($"square {s}", [new(s)], x => x[0].Multiply(x[0]), x => ReferencePointwise.Multiply(x[0], x[0]));
        yield return new($"clamp {s}", [new(s)], x => x[0].Clamp(-0.5f, 1), x =>
            ReferencePointwise.Clamp(x[0], -0.5, 1))
        { Differentiable = false };
        yield return new($"sum {s}", [new(s, Mean: 1)], x => x[0].Sum(), x => [ReferenceReductions.Sum(x[0])]);
        float[] a = new Normals($"a {s}").Floats(s[0], 0, 1), b = new Normals($"b {s}").Floats(s[0], 0, 1);
        yield return new($"scale per sample {s}", [new(s)],
            x => x[0].ScalePerSample(a), x => ReferencePointwise.MixPerSample(Compare.Doubles(a), x[0], new double[s[0]], x[0]));
        yield return new($"mix per sample {s}", [new(s), new(s)],
            x => TensorOps.MixPerSample(a, x[0], b, x[1]), x =>
                ReferencePointwise.MixPerSample(Compare.Doubles(a), x[0], Compare.Doubles(b), x[1]))
        { Differentiable = false };
    }

    static IEnumerable<OpCase> Rows(Shape s)
    {
        foreach (Shape v in new[] { Shape.Of(s.Channels), Shape.Of(s[0], s.Channels) })
            yield return new($"add rows {v} to {s}", [new(s), new(v)], x => x[0].AddRows(x[1]), x =>
                ReferenceReductions.AddRows(x[0], s, x[1], v));
        yield return new($"dropout of channels {s}", [new(s)],
            x => x[0].DropoutChannels(0.3f, new Philox(7, 9)), x => ReferencePointwise.DropoutChannels(x[0], s, 0.3f, new Philox(7, 9)));
        foreach (int other in new[] { 1, 13, 16 })
            yield return new($"concat {other} to {s}", [new(s), new(s.WithChannels(other))],
                x => Reshaping.ConcatChannels(x[0], x[1]), x => ReferenceReshaping.ConcatChannels(x[0], s.Channels, x[1], other));
        int more = s.Channels + 5;
        yield return new($"concat 5 and 2 to {s}", [new(s), new(s.WithChannels(5)), new(s.WithChannels(2))], x => Reshaping.ConcatChannels(x[0], x[1], x[2]),
            x => ReferenceReshaping.ConcatChannels(ReferenceReshaping.ConcatChannels(x[0], s.Channels, x[1], 5), more, x[2], 2));
    }

    static IEnumerable<OpCase> Images(Shape s)
    {
        // Two times, so that gradients meet in what was flattened.
        yield return new($"flatten {s}", [new(s)], x => TensorOps.Affine(2, x[0].Flatten(), 1, x[0].Flatten()), x => ReferencePointwise.Scale(x[0], 3));
        for (int f = 1; f <= 3; f++)
        {
            int factor = f;
            yield return new($"upsample {s} by {factor}", [new(s)],
                x => x[0].UpsampleNearest(factor), x => ReferenceReshaping.UpsampleNearest(x[0], s, factor));
            if (factor > s[1]) continue;
            yield return new($"pool {s} by {factor}", [new(s)],
                x => x[0].AveragePool(factor), x => ReferencePooling.Average(x[0], s, new ConvSpec(factor, factor)));
            yield return new($"max pool {s} by {factor}", [new(s, Apart: true)],
                x => x[0].MaxPool(factor), x => ReferencePooling.Max(x[0], s, new ConvSpec(factor, factor)));
        }
        yield return new($"double {s} smoothly", [new(s)], x => x[0].BinomialDouble(), x => ReferenceReshaping.BinomialDouble(x[0], s));
        Shape even = Shape.Of(s[0], 2 * s[1], 2 * s[2], s[3]);
        yield return new($"halve {even} smoothly", [new(even)], x => x[0].BinomialHalve(), x => ReferenceReshaping.BinomialHalve(x[0], even));
    }
}
