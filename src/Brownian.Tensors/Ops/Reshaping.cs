using Brownian.Tensors.Autograd;

namespace Brownian.Tensors;

/// <summary>Operations that move numbers without computing: concatenation and up-sampling.</summary>
public static class Reshaping
{
    /// <summary>Joins tensors that differ in their channels only, along the innermost axis.</summary>
    public static Tensor ConcatChannels(params ReadOnlySpan<Tensor> parts)
    {
        if (parts.IsEmpty) Refuse.Because("ConcatChannels: no tensors are given; give one or more.");
        int channels = 0;
        foreach (Tensor part in parts)
        {
            ArgumentNullException.ThrowIfNull(part);
            Tensor x = parts[0];
            Refuse.IfElsewhere("ConcatChannels", x, part);
            if (x.Shape != part.Shape.WithChannels(x.Shape.Channels))
                Refuse.Because($"ConcatChannels: {x.Shape} and {part.Shape} differ in more than their channels.");
            channels += part.Shape.Channels;
        }
        Device device = parts[0].Device;
        using DeviceTurn turn = device.TakeTurn();
        Tensor y = Tensor.Empty(parts[0].Shape.WithChannels(channels), device);
        Join(parts, y);
        return y.From(new ConcatNode(parts.ToArray()));
    }

    static void Join(ReadOnlySpan<Tensor?> parts, Tensor y)
    {
        int at = 0;
        foreach (Tensor? part in parts)
        {
            int channels = part!.Shape.Channels;
            y.Device.CopyChannels(part, 0, y, at, channels, accumulate: false);
            at += channels;
        }
    }

    sealed class ConcatNode(Tensor[] parts) : CheapNode(parts)
    {
        public override void Compute() => Join(Inputs, Output);

        public override void Backward(Tensor dy)
        {
            int at = 0;
            foreach (Tensor? part in Inputs)
            {
                int channels = part!.Shape.Channels;
                if (part.NeedsGrad) dy.Device.CopyChannels(dy, at, part.GradBuffer(out bool accumulate), 0, channels, accumulate);
                at += channels;
            }
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
}
