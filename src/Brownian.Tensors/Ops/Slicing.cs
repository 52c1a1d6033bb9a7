using Brownian.Tensors.Autograd;

namespace Brownian.Tensors;

/// <summary>Parts of tensors and their reunion, along the innermost axis (channels) and the outermost (samples).</summary>
public static class Slicing
{
    /// <summary>The channels from <paramref name="first"/> on of a tensor …×C: …×count.</summary>
    /// <exception cref="ArgumentException">The tensor has no such channels.</exception>
    public static Tensor TakeChannels(this Tensor x, int first, int count)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (first < 0 || count < 1 || first > x.Shape.Channels - count)
            Refuse.Because($"TakeChannels: channels {first} to {(long)first + count - 1} of a tensor of {x.Shape}, which has {x.Shape.Channels}.");
        using DeviceTurn turn = x.Device.TakeTurn();
        Tensor y = Tensor.Empty(x.Shape.WithChannels(count), x.Device);
        x.Device.CopyChannels(x, first, y, 0, count, accumulate: false);
        return y.From(new TakeChannelsNode(x, first, count));
    }

    sealed class TakeChannelsNode(Tensor x, int first, int count) : RepeatableNode(x)
    {
        public override void Compute() => x.Device.CopyChannels(x, first, Output, 0, count, accumulate: false);

        public override void Backward(Tensor dy)
        {
            if (!x.NeedsGrad) return;
            Tensor dx = x.GradBuffer(out bool accumulate);
            if (!accumulate) x.Device.Fill(dx, 0);
            x.Device.CopyChannels(dy, 0, dx, first, count, accumulate: true);
        }

        protected override bool Reads(Tensor input) => false;
    }

    /// <summary>Two batches as one: N×… and M×… become (N+M)×…. No gradient flows through it.</summary>
    /// <exception cref="ArgumentException">The shapes differ in more than the number of samples.</exception>
    public static Tensor ConcatSamples(Tensor x, Tensor z)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(z);
        Refuse.IfElsewhere("ConcatSamples", x, z);
        if (x.Shape.WithSamples(1) != z.Shape.WithSamples(1)) Refuse.Because($"ConcatSamples: {x.Shape} and {z.Shape} differ in more than their samples.");
        using DeviceTurn turn = x.Device.TakeTurn();
        Tensor y = Tensor.Empty(x.Shape.WithSamples(x.Shape[0] + z.Shape[0]), x.Device);
        x.Device.Affine(1, x, 0, null, y.Slice(0, x.Shape), accumulate: false);
        x.Device.Affine(1, z, 0, null, y.Slice(x.Shape.Count, z.Shape), accumulate: false);
        return y.From(x, z);
    }

    /// <summary>A copy of some samples of N×…: count×…. No gradient flows through it.</summary>
    /// <exception cref="ArgumentException">The tensor has no such samples.</exception>
    public static Tensor TakeSamples(this Tensor x, int first, int count)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (first < 0 || count < 1 || first > x.Shape[0] - count)
            Refuse.Because($"TakeSamples: samples {first} to {(long)first + count - 1} of a tensor of {x.Shape}, which has {x.Shape[0]}.");
        Shape part = x.Shape.WithSamples(count);
        using DeviceTurn turn = x.Device.TakeTurn();
        Tensor y = Tensor.Empty(part, x.Device);
        x.Device.Affine(1, x.Slice(first * (part.Count / count), part), 0, null, y, accumulate: false);
        return y.From(x);
    }

    /// <summary>Samples of N×… in any order, as they are: sample i of the result is sample samples[i], or zeros for −1. No gradient flows through it.</summary>
    /// <exception cref="ArgumentException">There are none to pick, or the tensor has no such sample.</exception>
    public static Tensor PickSamples(this Tensor x, ReadOnlySpan<int> samples)
    {
        ArgumentNullException.ThrowIfNull(x);
        Refuse.IfEmpty("PickSamples", x);
        if (samples.IsEmpty) Refuse.Because("PickSamples: there are no samples to pick.");
        Shape one = x.Shape.WithSamples(1);
        using DeviceTurn turn = x.Device.TakeTurn();
        Tensor y = Tensor.Empty(x.Shape.WithSamples(samples.Length), x.Device);
        for (int i = 0; i < samples.Length; i++)
        {
            if (samples[i] < -1 || samples[i] >= x.Shape[0]) Refuse.Because($"PickSamples: sample {samples[i]} of {x.Shape}; there are 0 to {x.Shape[0] - 1}, and -1 for zeros.");
            Tensor target = y.Slice(i * one.Count, one);
            if (samples[i] < 0) x.Device.Fill(target, 0);
            else x.Device.Affine(1, x.Slice(samples[i] * one.Count, one), 0, null, target, accumulate: false);
        }
        return y.From(x);
    }

    /// <summary>Standard normal numbers, N×…, sample n from generator n alone: it does not see the batch around it.</summary>
    /// <exception cref="ArgumentException">The number of generators is not N.</exception>
    public static Tensor NormalPerSample(Shape shape, ReadOnlySpan<Philox> generators, Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        if (generators.Length != shape[0]) Refuse.Because($"NormalPerSample: {generators.Length} generators for the {shape[0]} samples of {shape}.");
        using DeviceTurn turn = device.TakeTurn();
        Tensor y = Tensor.Empty(shape, device);
        Shape one = shape.WithSamples(1);
        for (int n = 0; n < generators.Length; n++) device.Normal(generators[n], 0, y.Slice(n * one.Count, one));
        return y;
    }

    static Shape WithSamples(this Shape shape, int samples)
    {
        int[] extents = shape.ToArray();
        extents[0] = samples;
        return Shape.Of(extents);
    }
}
