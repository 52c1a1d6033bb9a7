using Brownian.Tensors;

namespace Brownian;

/// <summary>How far a network's answer is from its target, pixel by pixel.</summary>
public sealed record PixelLoss
{
    PixelLoss(LossSpec spec) => Spec = spec;

    /// <summary>The same as devices know it.</summary>
    public LossSpec Spec { get; }

    /// <summary>d² (Ho et al. 2020, eq. 14): L2.</summary>
    public static PixelLoss Squared { get; } = new(new LossSpec(LossOp.Squared));

    /// <summary>|d|: L1, which is less bothered by outliers and makes smoother images.</summary>
    public static PixelLoss Absolute { get; } = new(new LossSpec(LossOp.Absolute));

    /// <summary>½d² up to a threshold δ and δ·(|d| − ½δ) beyond (Huber 1964); with δ = 1, the smooth L1 of PyTorch.</summary>
    /// <param name="threshold">δ, above 0.</param>
    /// <exception cref="ArgumentException">The threshold is not positive.</exception>
    public static PixelLoss Huber(double threshold = 1) => threshold > 0
        ? new PixelLoss(new LossSpec(LossOp.Huber, (float)threshold))
        : throw new ArgumentException($"The threshold of the Huber loss is {threshold}; it must be above 0, such as 1.");

    /// <summary>√(d² + c²) − c: a Huber loss without a kink (Song &amp; Dhariwal 2023, eq. 8).</summary>
    /// <param name="scale">c, above 0.</param>
    /// <exception cref="ArgumentException">The scale is not positive.</exception>
    public static PixelLoss PseudoHuber(double scale = 0.03) => scale > 0
        ? new PixelLoss(new LossSpec(LossOp.PseudoHuber, (float)scale))
        : throw new ArgumentException($"The scale of the pseudo-Huber loss is {scale}; it must be above 0, such as 0.03.");

    /// <summary>The loss of a kind.</summary>
    /// <param name="kind">Which.</param>
    /// <param name="scale">δ or c, above 0; null for the usual one.</param>
    public static PixelLoss Of(LossOp kind, double? scale = null) => kind switch
    {
        LossOp.Absolute => Absolute,
        LossOp.Huber => Huber(scale ?? 1),
        LossOp.PseudoHuber => PseudoHuber(scale ?? 0.03),
        LossOp.Squared => Squared,
        _ => new PixelLoss(new LossSpec(kind, (float)(scale ?? 1))),
    };
}
