using Brownian.Tensors;
using Brownian.Tensors.Reference;

namespace Brownian.Tests.Tensors;

/// <summary>Losses, weighted or not, and the variational bound.</summary>
static class LossCases
{
    public static readonly LossSpec[] Specs =
        [new(LossOp.Squared), new(LossOp.Absolute), new(LossOp.Huber, 0.7f), new(LossOp.PseudoHuber, 0.03f), new(LossOp.PseudoHuber, 2)];

    public static IEnumerable<OpCase> Of(Shape s)
    {
        yield return new($"squared error {s}", [new(s), new(s, GetsGradient: false)],
            x => x[0].MeanSquaredError(x[1]), x => [ReferenceLosses.MeanSquaredError(x[0], x[1])]);
        double[] ones = [.. Enumerable.Repeat(1.0, s[0])], weights = [.. Enumerable.Range(0, s[0]).Select(n => 0.3 + n % 5)];
        foreach (LossSpec spec in Specs)
        {
            // Where targets are far away, hardly a difference is so small that the test's step crosses the kink of |d|.
            OpInput target = new(s, Deviation: spec.Op == LossOp.Absolute ? 10 : 1, GetsGradient: false);
            yield return new($"{spec} {s}", [new(s), target],
                x => x[0].MeanLoss(x[1], spec, [], out _), x => [ReferenceLosses.Mean(spec, x[0], x[1], ones)]);
            yield return new($"weighted {spec} {s}", [new(s), target],
                x => x[0].MeanLoss(x[1], spec, weights, out _), x => [ReferenceLosses.Mean(spec, x[0], x[1], weights)]);
        }
    }

    public static IEnumerable<OpCase> Entropies(Shape s)
    {
        int[] classes = [.. Enumerable.Range(0, s[0]).Select(n => (3 * n + 1) % s[1])];
        yield return new($"cross entropy {s}", [new(s, Mean: -3, Deviation: 4)], x => x[0].CrossEntropy(classes), x => [ReferenceLosses.CrossEntropy(x[0], classes)]);
        yield return new($"cross entropy as part of a loss {s}", [new(s)],
            x => TensorOps.Affine(-2, x[0].CrossEntropy(classes), 1, x[0].Sum()), x => [x[0].Sum() - 2 * ReferenceLosses.CrossEntropy(x[0], classes)]);
    }

    public static IEnumerable<OpCase> Bounds(Shape s)
    {
        int channels = s.Channels;
        PixelBound[] bounds = BoundsOf(s[0]), fixedVariance = Array.ConvertAll(bounds, b => b with { LogVariance = (b.LogVariance.AtZero, 0) });
        OpInput image = new(s, GetsGradient: false);
        yield return new($"bound {s}", [new(s), image, image],
            x => x[0].MeanBound(x[1], x[2], fixedVariance, trainsPrediction: true, out _),
            x => [ReferenceLosses.Bounds(fixedVariance, x[1], x[2], x[0], channels, channels).Average()]);
        yield return new($"bound with variance {s}", [new(s.WithChannels(2 * channels)), image, image],
            x => x[0].MeanBound(x[1], x[2], bounds, trainsPrediction: true, out _),
            x => [ReferenceLosses.Bounds(bounds, x[1], x[2], x[0], channels, 2 * channels).Average()]);
        // The prediction counts as a constant; Clamp keeps its zeros from becoming a gradient of the leaf.
        yield return new($"bound of the variance alone {s}", [new(s), image, image, image],
            x => Reshaping.ConcatChannels(x[1].Clamp(-100, 100), x[0]).MeanBound(x[2], x[3], bounds, trainsPrediction: false, out _),
            x => [ReferenceLosses.Bounds(bounds, x[2], x[3], ReferenceReshaping.ConcatChannels(x[1], channels, x[0], channels), channels, 2 * channels)
                .Average()]);
    }

    /// <summary>Steps of all kinds, the last one among them, for images of deviation 1: a deviation of about as much leaves no term at its limit.</summary>
    public static PixelBound[] BoundsOf(int samples) => [.. Enumerable.Range(0, samples).Select(n => new PixelBound
    {
        Posterior = (0.4, 0.5),
        LogPosteriorVariance = -1.5 - 0.1 * (n % 7),
        Mean = (0.7, -0.3 + 0.05 * (n % 3)),
        LogVariance = (0.2 * (n % 4), 0.3),
        IsLast = n % 3 == 0,
    })];
}
