using Brownian.Tensors;
using Brownian.Tensors.Reference;

namespace Brownian.Tests.Tensors;

/// <summary>Batch norm in training and with constant statistics, with what may surround it.</summary>
static class BatchNormCases
{
    static readonly Shape[] Chosen =
    [
        Shape.Of(2, 1), Shape.Of(2, 5, 7, 3), Shape.Of(3, 7, 7, 17), Shape.Of(2, 9, 13, 48), Shape.Of(1, 14, 14, 32), Shape.Of(5, 2, 2, 64),
    ];

    public static IEnumerable<OpCase> All =>
    [
        .. Chosen.SelectMany(s => Variants(s)), BatchNorm(Shape.Of(2, 9, 7, 24), new(), training: true, addend: false, mean: 100),
        BatchNorm(Shape.Of(2, 9, 7, 24), new(), training: true, addend: false, mean: -100, deviation: 0.1),
    ];

    /// <summary>Several blocks of rows, and more channels than one job joins.</summary>
    public static IEnumerable<OpCase> Large => [.. Variants(Shape.Of(5, 30, 30, 96)), .. Variants(Shape.Of(3, 40, 40, 15))];

    static IEnumerable<OpCase> Variants(Shape s) =>
    [
        BatchNorm(s, new(), training: true, addend: false), BatchNorm(s, new(Silu: true), training: true, addend: s.Rank > 2),
        BatchNorm(s, new(Relu: true, Epsilon: 0.1f), training: true, addend: s.Rank > 2),
        BatchNorm(s, new(Silu: true, Relu: true), training: false, addend: s.Rank > 2), BatchNorm(s, new(), training: false, addend: false),
    ];

    static OpCase BatchNorm(Shape s, BatchNormSpec spec, bool training, bool addend, double mean = 0, double deviation = 1)
    {
        Shape channels = Shape.Of(s.Channels);
        double rounding = 2 * Math.ScaleB(Math.Abs(mean) / deviation, -24);
        var random = new Normals($"running statistics {s}");
        float[] runningMean = random.Floats(s.Channels, 0, 1), runningVariance = Array.ConvertAll(random.Floats(s.Channels, 0, 1), v => v * v + 0.1f);
        OpInput[] inputs = [new(s, mean, deviation, PerSample: !training, Kink: spec.Relu), new(channels, Mean: 1, Deviation: 0.3), new(channels, Deviation: 0.5),
            .. addend ? (OpInput[])[new(Shape.Of(s[0], s.Channels), PerSample: true)] : []];
        return new OpCase($"batch norm {s}, {(training ? "training" : "constant")}{(spec.Relu ? ", relu" : "")}{(spec.Silu ? ", silu" : "")}"
            + $"{(addend ? ", +row" : "")}{(mean == 0 ? "" : $", {mean}±{deviation}")}", inputs, Run, Reference, s.Count)
        { Tolerance = 1e-5 + rounding, GradientTolerance = 1e-4 + 10 * rounding };

        Tensor Run(Tensor[] x)
        {
            Device device = x[0].Device;
            var running = new RunningStatistics(Tensor.From(runningMean, channels, device), Tensor.From(runningVariance, channels, device));
            return x[0].BatchNorm(spec, x[1], x[2], running, training, addend ? x[3] : null);
        }

        double[] Reference(double[][] x)
        {
            (double[] m, double[] v) = training
                ? ReferenceBatchNorm.Moments(spec, x[0], s.Channels)
                : (Compare.Doubles(runningMean), Compare.Doubles(runningVariance));
            return ReferenceBatchNorm.Run(spec, x[0], s, x[1], x[2], m, v, addend ? x[3] : null);
        }
    }
}
