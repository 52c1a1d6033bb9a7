using Brownian.Tensors.Autograd;

namespace Brownian.Tensors;

/// <summary>Operations that move numbers without computing: concatenation, up-sampling, pooling.</summary>
public static class Reshaping
{
    /// <summary>Joins two tensors that differ in their channels only: [x, z] along the innermost axis.</summary>
    public static Tensor ConcatChannels(Tensor x, Tensor z)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(z);
        int first = x.Shape.Channels, second = z.Shape.Channels;
        Refuse.IfElsewhere("ConcatChannels", x, z);
        if (x.Shape != z.Shape.WithChannels(first)) Refuse.Because($"ConcatChannels: {x.Shape} and {z.Shape} differ in more than their channels.");
        using DeviceTurn turn = x.Device.TakeTurn();
        Tensor y = Tensor.Empty(x.Shape.WithChannels(first + second), x.Device);
        Join(x, z, y);
        return y.From(new ConcatNode(x, z));
    }

    static void Join(Tensor x, Tensor z, Tensor y)
    {
        int first = x.Shape.Channels, second = z.Shape.Channels;
        x.Device.CopyChannels(x, 0, y, 0, first, accumulate: false);
        x.Device.CopyChannels(z, 0, y, first, second, accumulate: false);
    }

    sealed class ConcatNode(Tensor x, Tensor z) : CheapNode(x, z)
    {
        public override void Compute() => Join(x, z, Output);

        public override void Backward(Tensor dy)
        {
            int first = x.Shape.Channels, second = z.Shape.Channels;
            if (x.NeedsGrad) x.Device.CopyChannels(dy, 0, x.GradBuffer(out bool accumulate), 0, first, accumulate);
            if (z.NeedsGrad) x.Device.CopyChannels(dy, first, z.GradBuffer(out bool accumulate), 0, second, accumulate);
        }
    }

    /// <summary>Repeats every pixel of N×H×W×C <paramref name="factor"/> times along both axes.</summary>
    public static Tensor UpsampleNearest(this Tensor x, int factor = 2)
    {
        ArgumentNullException.ThrowIfNull(x);
        Refuse.IfNotImages("UpsampleNearest", x);
        if (factor < 1) Refuse.Because($"UpsampleNearest: the factor is {factor}; it must be at least 1.");
        Shape s = x.Shape;
        using DeviceTurn turn = x.Device.TakeTurn();
        Tensor y = Tensor.Empty(Shape.Of(s[0], s[1] * factor, s[2] * factor, s[3]), x.Device);
        x.Device.UpsampleNearest(x, factor, y);
        return y.From(new UpsampleNode(x, factor));
    }

    sealed class UpsampleNode(Tensor x, int factor) : CheapNode(x)
    {
        public override void Compute() => x.Device.UpsampleNearest(x, factor, Output);

        public override void Backward(Tensor dy)
        {
            if (x.NeedsGrad) x.Device.UpsampleNearestGrad(dy, factor, x.GradBuffer(out bool accumulate), accumulate);
        }
    }

    /// <summary>The mean over blocks of factor×factor pixels; a remainder at the right and bottom is dropped.</summary>
    public static Tensor AveragePool(this Tensor x, int factor = 2)
    {
        ArgumentNullException.ThrowIfNull(x);
        using DeviceTurn turn = x.Device.TakeTurn();
        Tensor y = Tensor.Empty(Pooled("AveragePool", x, factor), x.Device);
        x.Device.AveragePool(x, factor, y);
        return y.From(new AveragePoolNode(x, factor));
    }

    sealed class AveragePoolNode(Tensor x, int factor) : Node(x)
    {
        public override void Backward(Tensor dy)
        {
            if (x.NeedsGrad) x.Device.AveragePoolGrad(dy, factor, x.GradBuffer(out bool accumulate), accumulate);
        }

        protected override bool Reads(Tensor input) => false;
    }

    /// <summary>The largest of blocks of factor×factor pixels, channel by channel; a remainder at the right and bottom is dropped.</summary>
    public static Tensor MaxPool(this Tensor x, int factor = 2)
    {
        ArgumentNullException.ThrowIfNull(x);
        using DeviceTurn turn = x.Device.TakeTurn();
        Tensor y = Tensor.Empty(Pooled("MaxPool", x, factor), x.Device);
        x.Device.MaxPool(x, factor, y);
        return y.From(new MaxPoolNode(x, factor));
    }

    sealed class MaxPoolNode(Tensor x, int factor) : CheapNode(x)
    {
        public override void Compute() => x.Device.MaxPool(x, factor, Output);

        public override void Backward(Tensor dy)
        {
            if (x.NeedsGrad) x.Device.MaxPoolGrad(x, dy, factor, x.GradBuffer(out bool accumulate), accumulate);
        }
    }

    /// <summary>The numbers of each sample of x N×… as one row, N×K: what a linear map of whole images takes.</summary>
    public static Tensor Flatten(this Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        Refuse.IfEmpty("Flatten", x);
        using DeviceTurn turn = x.Device.TakeTurn();
        Tensor y = Tensor.Empty(Shape.Of(x.Shape[0], x.Shape.Count / x.Shape[0]), x.Device);
        x.Device.Affine(1, x, 0, null, y.View(x.Shape), accumulate: false);      // a copy: each result owns its memory
        return y.From(new FlattenNode(x));
    }

    sealed class FlattenNode(Tensor x) : Node(x)
    {
        public override void Backward(Tensor dy)
        {
            if (x.NeedsGrad) x.Device.Affine(1, dy.View(x.Shape), 0, null, x.GradBuffer(out bool accumulate), accumulate);
        }

        protected override bool Reads(Tensor input) => false;
    }

    static Shape Pooled(string operation, Tensor x, int factor)
    {
        Refuse.IfNotImages(operation, x);
        Shape s = x.Shape;
        if (factor < 1 || factor > s[1] || factor > s[2])
            Refuse.Because($"{operation}: cannot pool {s[1]}×{s[2]} pixels by {factor}; use a factor from 1 to {Math.Min(s[1], s[2])}.");
        return Shape.Of(s[0], s[1] / factor, s[2] / factor, s[3]);
    }
}
