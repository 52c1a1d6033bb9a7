using Brownian.Tensors.Autograd;

namespace Brownian.Tensors;

/// <summary>Means and largest numbers of the pixels in windows, channel by channel.</summary>
public static class Pooling
{
    /// <summary>The mean over blocks of factor×factor pixels; a remainder at the right and bottom is dropped.</summary>
    public static Tensor AveragePool(this Tensor x, int factor = 2) => Blocks("AveragePool", PoolOp.Average, x, factor);

    /// <summary>The largest of blocks of factor×factor pixels, channel by channel; a remainder at the right and bottom is dropped.</summary>
    public static Tensor MaxPool(this Tensor x, int factor = 2) => Blocks("MaxPool", PoolOp.Max, x, factor);

    /// <summary>
    /// The mean over each window, N×H×W×C to N×H'×W'×C; beside the border over those of its pixels that are in the image: PyTorch's
    /// <c>avg_pool2d(count_include_pad=False)</c>.
    /// </summary>
    /// <exception cref="ArgumentException">x is no images, the window does not fit, or one of them would see padding alone.</exception>
    public static Tensor AveragePool(this Tensor x, ConvSpec window) => Pool("AveragePool", PoolOp.Average, x, window);

    /// <summary>The largest of each window, channel by channel, N×H×W×C to N×H'×W'×C.</summary>
    /// <exception cref="ArgumentException">As for <see cref="AveragePool(Tensor, ConvSpec)"/>.</exception>
    public static Tensor MaxPool(this Tensor x, ConvSpec window) => Pool("MaxPool", PoolOp.Max, x, window);

    /// <summary>The mean over whole images, N×H×W×C to N×1×1×C.</summary>
    /// <exception cref="ArgumentException">x is no images.</exception>
    public static Tensor MeanOverImage(this Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        Refuse.IfNotImages("MeanOverImage", x);
        Refuse.IfEmpty("MeanOverImage", x);
        return Pool("MeanOverImage", PoolOp.Average, x, new ConvSpec(new WindowAxis(x.Shape[1]), new WindowAxis(x.Shape[2])));
    }

    static Tensor Blocks(string operation, PoolOp op, Tensor x, int factor)
    {
        ArgumentNullException.ThrowIfNull(x);
        Refuse.IfNotImages(operation, x);
        Shape s = x.Shape;
        if (factor < 1 || factor > s[1] || factor > s[2])
            Refuse.Because($"{operation}: cannot pool {s[1]}×{s[2]} pixels by {factor}; use a factor from 1 to {Math.Min(s[1], s[2])}.");
        return Pool(operation, op, x, new ConvSpec(factor, factor));
    }

    static Tensor Pool(string operation, PoolOp op, Tensor x, ConvSpec window)
    {
        ArgumentNullException.ThrowIfNull(x);
        Refuse.IfNotImages(operation, x);
        Refuse.IfInvalid(operation, window);
        Refuse.IfTooLarge(operation, x.Shape, window);
        if (SeesPadding(window.Down) || SeesPadding(window.Across))
            Refuse.Because($"{operation}: a window of {window.Down.Kernel}×{window.Across.Kernel} with {window.Steps} sees padding alone; pad by less than its size.");
        Shape s = x.Shape;
        using DeviceTurn turn = x.Device.TakeTurn();
        Tensor y = Tensor.Empty(Shape.Of(s[0], window.Down.OutputSize(s[1]), window.Across.OutputSize(s[2]), s[3]), x.Device);
        x.Device.Pool(op, window, x, y);
        return y.From(op == PoolOp.Max ? new MaxNode(window, x) : new MeanNode(window, x));

        static bool SeesPadding(WindowAxis axis) => axis.Padding >= axis.Kernel || axis.PaddingAfter >= axis.Kernel;
    }

    sealed class MeanNode(ConvSpec window, Tensor x) : RepeatableNode(x)
    {
        public override void Compute() => x.Device.Pool(PoolOp.Average, window, x, Output);

        public override void Backward(Tensor dy)
        {
            if (x.NeedsGrad) x.Device.PoolGrad(PoolOp.Average, window, null, dy, x.GradBuffer(out bool accumulate), accumulate);
        }

        protected override bool Reads(Tensor input) => false;
    }

    sealed class MaxNode(ConvSpec window, Tensor x) : CheapNode(x)
    {
        public override void Compute() => x.Device.Pool(PoolOp.Max, window, x, Output);

        public override void Backward(Tensor dy)
        {
            if (x.NeedsGrad) x.Device.PoolGrad(PoolOp.Max, window, x, dy, x.GradBuffer(out bool accumulate), accumulate);
        }
    }
}
