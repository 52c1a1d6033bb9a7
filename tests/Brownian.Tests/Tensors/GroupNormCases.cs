using Brownian.Tensors;
using Brownian.Tensors.Reference;

namespace Brownian.Tests.Tensors;

/// <summary>Groups of one channel to all channels, over few and many positions.</summary>
static class GroupNormCases
{
    static readonly (Shape Shape, int Groups)[] Chosen =
    [
        (Shape.Of(1, 1, 1, 1), 1), (Shape.Of(2, 5, 7, 3), 3), (Shape.Of(3, 7, 7, 8), 2), (Shape.Of(2, 9, 13, 24), 3),
        (Shape.Of(1, 14, 14, 32), 32), (Shape.Of(2, 5, 5, 48), 16),
        (Shape.Of(1, 14, 14, 64), 32), (Shape.Of(2, 7, 7, 80), 5), (Shape.Of(1, 5, 7, 128), 32), (Shape.Of(1, 28, 28, 16), 8),
        (Shape.Of(3, 17), 1), (Shape.Of(2, 9, 12), 4),
        (Shape.Of(1, 28, 28, 17), 1), (Shape.Of(2, 1, 1, 64), 8), (Shape.Of(2, 3, 3, 40), 2), (Shape.Of(1, 9, 13, 5), 5),
        (Shape.Of(1, 7, 7, 128), 8),
    ];

    public static IEnumerable<OpCase> All => [.. Chosen.SelectMany(c => Both(c.Shape, c.Groups)), .. Offsets, .. WithConvolution, .. WithModulation];

    // Winograd and tap by tap, with and without what is added.
    static IEnumerable<OpCase> WithConvolution =>
    [
        Convolved(Shape.Of(2, 5, 7, 16), 4, 32, addends: true, silu: true), Convolved(Shape.Of(2, 5, 7, 6), 3, 5, addends: true, silu: true),
        Convolved(Shape.Of(1, 9, 4, 48), 8, 16, addends: false, silu: false),
    ];

    static IEnumerable<OpCase> WithModulation =>
    [
        Modulated(Shape.Of(1, 1, 1, 1), 1, silu: false), Modulated(Shape.Of(3, 7, 7, 8), 2, silu: true), Modulated(Shape.Of(2, 5, 4, 17), 1, silu: true),
        Modulated(Shape.Of(2, 7, 7, 80), 5, silu: false), Modulated(Shape.Of(4, 9, 12), 4, silu: true),
        ModulatedConvolution(Shape.Of(2, 5, 7, 16), 4, 32), ModulatedConvolution(Shape.Of(3, 4, 5, 6), 3, 5),
    ];

    static OpCase Modulated(Shape s, int groups, bool silu)
    {
        var spec = new GroupNormSpec(groups, 1e-5f, silu);
        return new OpCase($"group norm {s}, {groups} groups, modulated{(silu ? ", silu" : "")}", ModulatedInputs(s),
            x => x[0].GroupNorm(x[1], x[2], groups, spec.Epsilon, silu, x[3]),
            x => ReferenceGroupNorm.Run(spec, x[0], s, x[1], x[2], x[3]),
            s.Count);
    }

    static OpCase ModulatedConvolution(Shape s, int groups, int outputs)
    {
        var norm = new GroupNormSpec(groups, 1e-5f, Silu: true);
        var conv = new ConvSpec(3, 1, 1);
        return new OpCase($"convolution of the modulated group norm of {s} in {groups} groups to {outputs}",
            [.. ModulatedInputs(s), new(Shape.Of(3, 3, s.Channels, outputs)), new(s.WithChannels(outputs), PerSample: true)],
            x => x[0].GroupNormConv2d(norm, x[1], x[2], x[4], conv, residual: x[5], modulation: x[3]),
            x => ReferenceConvolution.Conv2d(conv, ReferenceGroupNorm.Run(norm, x[0], s, x[1], x[2], x[3]), s, x[4], outputs, null, null, x[5]),
            9L * s.Count * outputs);
    }

    static OpInput[] ModulatedInputs(Shape s) =>
    [
        new(s, PerSample: true), new(Shape.Of(s.Channels), Mean: 1, Deviation: 0.3), new(Shape.Of(s.Channels), Deviation: 0.5),
        new(Shape.Of(s[0], 2 * s.Channels), Deviation: 0.5, PerSample: true),
    ];

    static OpCase Convolved(Shape s, int groups, int outputs, bool addends, bool silu)
    {
        var norm = new GroupNormSpec(groups, 1e-5f, silu);
        var conv = new ConvSpec(3, 1, 1);
        Shape y = s.WithChannels(outputs);
        OpInput[] inputs = [new(s, PerSample: true), new(Shape.Of(s.Channels), Mean: 1, Deviation: 0.3), new(Shape.Of(s.Channels), Deviation: 0.5),
            new(Shape.Of(3, 3, s.Channels, outputs)),
            .. addends ? (OpInput[])[new(Shape.Of(outputs)), new(Shape.Of(s[0], outputs), PerSample: true), new(y, PerSample: true)] : []];
        return new OpCase($"convolution of the group norm of {s} in {groups} groups to {outputs}{(silu ? ", silu" : "")}{(addends ? " +all" : "")}", inputs,
            x => x[0].GroupNormConv2d(norm, x[1], x[2], x[3], conv, At(x, 4), At(x, 5), At(x, 6)),
            x => ReferenceConvolution.Conv2d(conv, ReferenceGroupNorm.Run(norm, x[0], s, x[1], x[2]), s, x[3], outputs, At(x, 4), At(x, 5), At(x, 6)),
            9L * s.Count * outputs);

        static T? At<T>(T[] x, int index) where T : class => index < x.Length ? x[index] : null;
    }

    public static IEnumerable<OpCase> Large =>
        [.. Both(Shape.Of(4, 56, 56, 32), 8), .. Both(Shape.Of(5, 30, 30, 96), 32), .. Both(Shape.Of(3, 40, 40, 15), 1)];

    // E[x²] − E[x]² in float32 would be all noise here. The mean is kept in float32, so that results may err by 2⁻²⁴·mean/deviation.
    static IEnumerable<OpCase> Offsets
    {
        get
        {
            foreach (double deviation in new[] { 0.1, 1 })
                foreach (OpCase op in Both(Shape.Of(2, 9, 7, 24), 4, mean: 100, deviation))
                    yield return op;
        }
    }

    static IEnumerable<OpCase> Both(Shape s, int groups, double mean = 0, double deviation = 1) =>
        [GroupNorm(s, groups, false, mean, deviation), GroupNorm(s, groups, true, mean, deviation)];

    static OpCase GroupNorm(Shape s, int groups, bool silu, double mean, double deviation)
    {
        var spec = new GroupNormSpec(groups, 1e-5f, silu);
        double rounding = 2 * Math.ScaleB(mean / deviation, -24);
        OpInput[] inputs = [new(s, mean, deviation, PerSample: true), new(Shape.Of(s.Channels), Mean: 1, Deviation: 0.3),
            new(Shape.Of(s.Channels), Deviation: 0.5)];
        return new OpCase($"group norm {s}, {groups} groups{(silu ? ", silu" : "")}{(mean == 0 ? "" : $", {mean}±{deviation}")}", inputs,
            x => x[0].GroupNorm(x[1], x[2], groups, spec.Epsilon, silu),
            x => ReferenceGroupNorm.Run(spec, x[0], s, x[1], x[2]),
            s.Count)
        { Tolerance = 1e-5 + rounding, GradientTolerance = 1e-4 + 10 * rounding };
    }
}
