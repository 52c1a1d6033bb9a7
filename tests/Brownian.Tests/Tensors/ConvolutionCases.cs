using Brownian.Tensors;
using Brownian.Tensors.Reference;

namespace Brownian.Tests.Tensors;

/// <summary>Convolutions and their transposes: every kernel that models use, at sizes that fit no tile.</summary>
static class ConvolutionCases
{
    [Flags]
    enum Extra
    {
        None = 0,
        Bias = 1,
        PerSample = 2,
        Residual = 4,
        All = 7,
    }

    static readonly ConvSpec Same3 = new(3, 1, 1);

    public static IEnumerable<OpCase> All => [.. Pointwise, .. Winograd, .. Direct, .. Oblong, .. Transposed, .. Random(30), .. RandomTransposed(10), .. RandomOblong(20)];

    public static IEnumerable<OpCase> Large =>
    [
        Conv(Shape.Of(3, 27, 29, 64), 64, Same3, Extra.All), Conv(Shape.Of(2, 28, 28, 17), 40, Same3, Extra.Bias),
        Conv(Shape.Of(1, 56, 56, 3), 64, Same3, Extra.Bias),
        Conv(Shape.Of(2, 28, 28, 48), 80, new(1, 1, 0), Extra.All), Conv(Shape.Of(4, 28, 28, 32), 48, new(3, 2, 1), Extra.Bias),
        Conv(Shape.Of(2, 31, 33, 20), 24, new(5, 1, 2), Extra.Bias),
        Transpose(Shape.Of(3, 14, 14, 48), 32, new(4, 2, 1), 0), Conv(Shape.Of(8, 60, 59, 16), 16, Same3, Extra.Bias),
        Conv(Shape.Of(9, 60, 5, 5), 7, new(3, 1, 1), Extra.Bias),
        Conv(Shape.Of(1, 6, 7, 320), 336, Same3, Extra.Bias), Conv(Shape.Of(1, 5, 5, 300), 200, new(3, 2, 1), Extra.Bias),
        Conv(Shape.Of(1, 9, 9, 128), 128, Same3, Extra.None),
        Conv(Shape.Of(2, 26, 28, 96), 64, Same3, Extra.All),        // Winograd by columns for one image, by tiles for two
    ];

    static IEnumerable<OpCase> Pointwise =>
    [
        Conv(Shape.Of(1, 1, 1, 1), 1, new(1, 1, 0), Extra.None), Conv(Shape.Of(2, 5, 7, 3), 8, new(1, 1, 0), Extra.All),
        Conv(Shape.Of(1, 14, 14, 80), 24, new(1, 1, 0), Extra.Residual),
        Conv(Shape.Of(1, 28, 28, 17), 5, new(1, 1, 0), Extra.Bias), Conv(Shape.Of(3, 7, 7, 16), 64, new(1, 1, 0), Extra.PerSample),
        Conv(Shape.Of(2, 9, 13, 5), 16, new(1, 2, 0), Extra.Bias),
        Conv(Shape.Of(1, 5, 7, 8), 3, new(1, 1, 1), Extra.Bias),
    ];

    // 3×3, stride 1, padding 1, channels in multiples of 16: F(4×4, 3×3) of Lavin & Gray 2016.
    static IEnumerable<OpCase> Winograd =>
    [
        Conv(Shape.Of(1, 1, 1, 16), 16, Same3, Extra.None), Conv(Shape.Of(1, 2, 3, 16), 32, Same3, Extra.Bias),
        Conv(Shape.Of(2, 4, 4, 32), 32, Same3, Extra.All), Conv(Shape.Of(1, 4, 3, 80), 48, Same3, Extra.All),
        Conv(Shape.Of(2, 5, 7, 16), 32, Same3, Extra.All), Conv(Shape.Of(3, 7, 7, 32), 16, Same3, Extra.PerSample),
        Conv(Shape.Of(1, 9, 13, 48), 48, Same3, Extra.Residual),
        Conv(Shape.Of(1, 14, 14, 64), 64, Same3, Extra.All), Conv(Shape.Of(2, 7, 7, 64), 128, Same3, Extra.Bias),
        Conv(Shape.Of(1, 5, 5, 128), 64, Same3, Extra.None),
        Conv(Shape.Of(1, 7, 7, 128), 128, Same3, Extra.All), Conv(Shape.Of(1, 28, 28, 16), 16, Same3, Extra.All),
        Conv(Shape.Of(3, 13, 9, 16), 48, Same3, Extra.All),
        Conv(Shape.Of(1, 1, 17, 80), 16, Same3, Extra.Bias), Conv(Shape.Of(1, 8, 8, 16), 80, Same3, Extra.Bias),
    ];

    static IEnumerable<OpCase> Direct =>
    [
        Conv(Shape.Of(2, 5, 7, 3), 16, Same3, Extra.All), Conv(Shape.Of(1, 9, 13, 5), 17, Same3, Extra.Bias),
        Conv(Shape.Of(1, 7, 7, 24), 48, Same3, Extra.Residual),
        Conv(Shape.Of(1, 28, 28, 1), 64, Same3, Extra.Bias), Conv(Shape.Of(1, 28, 28, 64), 1, Same3, Extra.Bias),
        Conv(Shape.Of(3, 1, 1, 8), 8, Same3, Extra.All),
        Conv(Shape.Of(2, 5, 7, 8), 5, new(3, 1, 0), Extra.Bias), Conv(Shape.Of(1, 5, 7, 16), 16, new(3, 1, 2), Extra.Bias),
        Conv(Shape.Of(1, 6, 5, 16), 16, new(3, 1, 0, 2), Extra.All),
        Conv(Shape.Of(2, 8, 6, 6), 4, new(3, 2, 0, 1), Extra.All), Conv(Shape.Of(2, 9, 13, 16), 24, new(3, 2, 1), Extra.Bias),
        Conv(Shape.Of(1, 14, 14, 16), 32, new(3, 2, 0, 1), Extra.Bias),
        Conv(Shape.Of(2, 9, 7, 6), 4, new(4, 2, 1), Extra.Bias), Conv(Shape.Of(1, 10, 10, 3), 17, new(4, 1, 1, 2), Extra.Bias),
        Conv(Shape.Of(2, 9, 7, 6), 4, new(5, 3, 2), Extra.Bias),
        Conv(Shape.Of(1, 9, 13, 3), 8, new(5, 1, 2), Extra.All), Conv(Shape.Of(1, 9, 13, 3), 16, new(7, 1, 3), Extra.All),
        Conv(Shape.Of(1, 14, 14, 5), 8, new(7, 2, 3), Extra.None),
        Conv(Shape.Of(1, 7, 7, 8), 8, new(7, 1, 0), Extra.Bias), Conv(Shape.Of(1, 2, 2, 3), 4, new(7, 1, 3), Extra.Bias),
        Conv(Shape.Of(1, 9, 13, 5), 3, new(3, 3, 0), Extra.None),
        Conv(Shape.Of(1, 7, 7, 3), 5, new(2, 3, 1), Extra.Bias), Conv(Shape.Of(1, 6, 6, 3), 5, new(2, 2, 0), Extra.Bias),
        Conv(Shape.Of(8, 33, 9, 5), 7, Same3, Extra.Bias),
    ];

    static IEnumerable<OpCase> Oblong =>
    [
        Conv(Shape.Of(2, 9, 8, 16), 16, ConvSpec.Same(1, 7), Extra.Bias), Conv(Shape.Of(2, 8, 9, 16), 16, ConvSpec.Same(7, 1), Extra.All),
        Conv(Shape.Of(5, 2, 2, 24), 17, ConvSpec.Same(1, 3), Extra.Bias), Conv(Shape.Of(5, 2, 2, 24), 17, ConvSpec.Same(3, 1), Extra.Bias),
        Conv(Shape.Of(5, 1, 1, 8), 8, ConvSpec.Same(1, 7), Extra.None), Conv(Shape.Of(1, 7, 9, 5), 3, new(new(3, 2, 1), new(2, 1, 0, 1)), Extra.All),
        Transpose(Shape.Of(2, 5, 4, 6), 4, new(new(2, 2), new(3, 1, 1)), 0), Transpose(Shape.Of(1, 3, 6, 16), 8, ConvSpec.Same(1, 3), 0),
    ];

    static IEnumerable<OpCase> Transposed =>
    [
        Transpose(Shape.Of(2, 5, 4, 6), 4, new(2, 2, 0), 0), Transpose(Shape.Of(2, 5, 7, 16), 24, new(4, 2, 1), 0),
        Transpose(Shape.Of(1, 7, 7, 17), 5, new(3, 2, 1), 1),
        Transpose(Shape.Of(2, 5, 4, 16), 16, Same3, 0), Transpose(Shape.Of(1, 1, 1, 3), 8, new(4, 2, 1), 0),
        Transpose(Shape.Of(1, 3, 5, 8), 1, new(5, 3, 2), 2),
        Transpose(Shape.Of(1, 4, 3, 5), 3, new(3, 2, 0, 1), 0), Transpose(Shape.Of(1, 5, 5, 8), 16, new(1, 1, 0), 0),
    ];

    static IEnumerable<OpCase> Random(int count)
    {
        var random = new Normals("convolution");
        for (int i = 0; i < count; i++)
        {
            int kernel = random.Pick(1, 2, 3, 3, 4, 5, 7);
            var axis = new WindowAxis(kernel, random.Pick(1, 1, 2, 3), random.Pick(0, 1, kernel / 2), random.Pick(0, 1, 2, kernel / 2));
            var spec = new ConvSpec(axis, axis);
            var shape = Shape.Of(random.Pick(1, 2, 3), Smallest(axis) + random.Pick(0, 1, 4, 9), Smallest(axis) + random.Pick(0, 2, 5, 11),
                random.Pick(1, 3, 5, 8, 16, 17, 24, 33));
            OpCase op = Conv(shape, random.Pick(1, 3, 5, 8, 16, 17, 24, 33), spec, (Extra)random.Pick(0, 1, 2, 4, 7));
            yield return new($"random {i}: {op.Name}", op.Inputs, op.Run, op.Reference, op.Work);
        }
    }

    static int Smallest(WindowAxis axis) => Math.Max(1, axis.Kernel - axis.Padding - axis.PaddingAfter);

    static IEnumerable<OpCase> RandomOblong(int count)
    {
        var random = new Normals("oblong convolution");
        for (int i = 0; i < count; i++)
        {
            WindowAxis down = Axis(), across = Axis();
            var shape = Shape.Of(random.Pick(1, 2, 5), Smallest(down) + random.Pick(0, 1, 4), Smallest(across) + random.Pick(0, 1, 6), random.Pick(1, 3, 8, 16, 33));
            OpCase op = Conv(shape, random.Pick(1, 5, 16, 24), new(down, across), (Extra)random.Pick(0, 1, 2, 4, 7));
            yield return new($"random oblong {i}: {op.Name}", op.Inputs, op.Run, op.Reference, op.Work);
        }

        WindowAxis Axis() => new(random.Pick(1, 1, 2, 3, 5, 7), random.Pick(1, 1, 2, 3), random.Pick(0, 1, 3), random.Pick(0, 1, 3));
    }

    static IEnumerable<OpCase> RandomTransposed(int count)
    {
        var random = new Normals("transposed convolution");
        for (int i = 0; i < count; i++)
        {
            int kernel = random.Pick(2, 3, 4, 5), stride = random.Pick(1, 2, 3);
            var shape = Shape.Of(random.Pick(1, 2), random.Pick(2, 3, 7), random.Pick(2, 5, 6), random.Pick(1, 3, 8, 16, 17));
            var spec = new ConvSpec(kernel, stride, random.Pick(0, 1));
            OpCase op = Transpose(shape, random.Pick(1, 5, 16, 17, 24), spec, random.Pick(0, stride - 1));
            yield return new($"random {i}: {op.Name}", op.Inputs, op.Run, op.Reference, op.Work);
        }
    }

    static OpCase Conv(Shape s, int outputs, ConvSpec spec, Extra extra)
    {
        var y = Shape.Of(s[0], spec.Down.OutputSize(s[1]), spec.Across.OutputSize(s[2]), outputs);
        int taps = spec.Down.Kernel * spec.Across.Kernel * s[3];
        List<OpInput> inputs = [new(s, PerSample: true),
            new(Shape.Of(spec.Down.Kernel, spec.Across.Kernel, s[3], outputs), Deviation: 1 / Math.Sqrt(taps))];
        int bias = Add(Extra.Bias, Shape.Of(outputs)), perSample = Add(Extra.PerSample, Shape.Of(s[0], outputs)),
            residual = Add(Extra.Residual, y);
        return new OpCase($"conv {s} to {outputs}, {Describe(spec)}, extra {extra}", [.. inputs],
            x => x[0].Conv2d(x[1], spec, Pick(x, bias), Pick(x, perSample), Pick(x, residual)),
            x => ReferenceConvolution.Conv2d(spec, x[0], s, x[1], outputs, Pick(x, bias), Pick(x, perSample), Pick(x, residual)),
            (long)y.Count * taps);

        int Add(Extra which, Shape shape)
        {
            if (!extra.HasFlag(which)) return -1;
            inputs.Add(new(shape, PerSample: which != Extra.Bias));
            return inputs.Count - 1;
        }
    }

    static OpCase Transpose(Shape s, int outputs, ConvSpec spec, int outputPadding)
    {
        var y = Shape.Of(s[0], Grown(s[1], spec.Down), Grown(s[2], spec.Across), outputs);
        OpInput[] inputs = [new(s, PerSample: true),
            new(Shape.Of(spec.Down.Kernel, spec.Across.Kernel, outputs, s[3]), Deviation: 1 / Math.Sqrt(s[3])), new(Shape.Of(outputs))];
        return new OpCase($"transposed conv {s} to {outputs}, {Describe(spec)}, output padding {outputPadding}", inputs,
            x => x[0].ConvTranspose2d(x[1], spec, x[2], outputPadding),
            x => ReferenceConvolution.ConvTranspose2d(spec, x[0], s, x[1], y, x[2]),
            (long)s.Count * spec.Down.Kernel * spec.Across.Kernel * outputs);

        int Grown(int input, WindowAxis axis) => (input - 1) * axis.Stride + axis.Kernel - axis.Padding - axis.PaddingAfter + outputPadding;
    }

    static T? Pick<T>(T[] all, int index) where T : class => index < 0 ? null : all[index];

    static string Describe(ConvSpec spec) => spec.Down == spec.Across ? Describe(spec.Down) : $"{Describe(spec.Down)} down, {Describe(spec.Across)} across";

    static string Describe(WindowAxis axis) => $"kernel {axis.Kernel} stride {axis.Stride} padding {axis.Padding} {axis.PaddingAfter}";
}
