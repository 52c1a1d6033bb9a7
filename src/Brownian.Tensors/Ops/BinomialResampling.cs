using Brownian.Tensors.Autograd;

namespace Brownian.Tensors;

/// <summary>
/// Resampling of images by 2 with the separable filter (1, 3, 3, 1)/8, which aliases less than means over 2×2 pixels (Zhang 2019; the
/// <c>fir</c> kernel of score SDE's NCSN++, Song et al. 2021). Outside of an image there are zeros.
/// </summary>
public static class BinomialResampling
{
    /// <summary>x N×2H×2W×C to N×H×W×C.</summary>
    /// <exception cref="ArgumentException">A height or width is odd, or x is no images.</exception>
    public static Tensor BinomialHalve(this Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        Refuse.IfNotImages("BinomialHalve", x);
        Refuse.IfEmpty("BinomialHalve", x);
        Shape s = x.Shape;
        if (s[1] % 2 != 0 || s[2] % 2 != 0) Refuse.Because($"BinomialHalve: {s[1]}×{s[2]} pixels cannot be halved; height and width must be even.");
        using DeviceTurn turn = x.Device.TakeTurn();
        Tensor y = Tensor.Empty(Shape.Of(s[0], s[1] / 2, s[2] / 2, s[3]), x.Device);
        x.Device.BinomialHalve(x, 1, y, accumulate: false);
        return y.From(new HalveNode(x));
    }

    sealed class HalveNode(Tensor x) : RepeatableNode(x)
    {
        public override void Compute() => x.Device.BinomialHalve(x, 1, Output, accumulate: false);

        public override void Backward(Tensor dy)
        {
            if (x.NeedsGrad) x.Device.BinomialDouble(dy, 1, x.GradBuffer(out bool accumulate), accumulate);
        }

        protected override bool Reads(Tensor input) => false;
    }

    /// <summary>x N×H×W×C to N×2H×2W×C. A constant image stays what it is, but for its border.</summary>
    /// <exception cref="ArgumentException">x is no images.</exception>
    public static Tensor BinomialDouble(this Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        Refuse.IfNotImages("BinomialDouble", x);
        Refuse.IfEmpty("BinomialDouble", x);
        Shape s = x.Shape;
        using DeviceTurn turn = x.Device.TakeTurn();
        Tensor y = Tensor.Empty(Shape.Of(s[0], 2 * s[1], 2 * s[2], s[3]), x.Device);
        x.Device.BinomialDouble(x, 4, y, accumulate: false);
        return y.From(new DoubleNode(x));
    }

    sealed class DoubleNode(Tensor x) : RepeatableNode(x)
    {
        public override void Compute() => x.Device.BinomialDouble(x, 4, Output, accumulate: false);

        public override void Backward(Tensor dy)
        {
            if (x.NeedsGrad) x.Device.BinomialHalve(dy, 4, x.GradBuffer(out bool accumulate), accumulate);
        }

        protected override bool Reads(Tensor input) => false;
    }
}
