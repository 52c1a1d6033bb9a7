using Brownian.Tensors.Autograd;

namespace Brownian.Tensors;

/// <summary>Images at another size.</summary>
public static class Resizing
{
    /// <summary>
    /// N×H×W×C to N×height×width×C, linearly between pixels whose centres lie at halves: PyTorch's <c>interpolate(mode="bilinear",
    /// align_corners=False)</c>. Two pixels along each axis decide, however small the result is. At their own size images are returned as they are.
    /// </summary>
    /// <exception cref="ArgumentException">x is no images, or height or width is below 1.</exception>
    public static Tensor ResizeBilinear(this Tensor x, int height, int width)
    {
        ArgumentNullException.ThrowIfNull(x);
        Refuse.IfNotImages("ResizeBilinear", x);
        Refuse.IfEmpty("ResizeBilinear", x);
        if (height < 1 || width < 1) Refuse.Because($"ResizeBilinear: {height}×{width} pixels are wanted; height and width must be at least 1.");
        Shape s = x.Shape;
        if ((height, width) == (s[1], s[2])) return x;
        using DeviceTurn turn = x.Device.TakeTurn();
        Tensor y = Tensor.Empty(Shape.Of(s[0], height, width, s[3]), x.Device);
        x.Device.ResizeBilinear(x, y);
        return y.From(new ResizeNode(x));
    }

    sealed class ResizeNode(Tensor x) : Node(x)
    {
        public override void Backward(Tensor dy)
        {
            if (x.NeedsGrad) x.Device.ResizeBilinearGrad(dy, x.GradBuffer(out bool accumulate), accumulate);
        }

        protected override bool Reads(Tensor input) => false;
    }
}
