using Brownian.Tensors.Autograd;

namespace Brownian.Tensors;

/// <summary>Multi-head scaled dot-product attention (Vaswani et al. 2017), without ever storing an L×L matrix.</summary>
public static class SelfAttention
{
    /// <summary>
    /// softmax(q·kᵀ/√d)·v for every head. x is N×…×3C, each position holding its query, key and value one after the other, each
    /// divided into <paramref name="heads"/> heads of d adjacent channels, as the input projection of
    /// <c>torch.nn.MultiheadAttention</c> lays them out. The result is N×…×C; what lies between N and the channels are the positions.
    /// </summary>
    public static Tensor Attention(this Tensor x, int heads)
    {
        ArgumentNullException.ThrowIfNull(x);
        int channels = x.Shape.Channels / 3;
        if (x.Shape.Rank < 3 || x.Shape.Channels % 3 != 0) Refuse.Because($"Attention: {x.Shape} does not hold queries, keys and values (N×…×3C).");
        AttentionSpec spec = SpecOf(x, channels, heads);
        using DeviceTurn turn = x.Device.TakeTurn();
        Tensor y = Tensor.Empty(x.Shape.WithChannels(channels), x.Device);
        Tensor logSumExp = Tensor.Empty(Shape.Of(spec.Samples, heads, spec.Length), x.Device);
        x.Device.Attention(spec, x, Part(x, 1), Part(x, 2), y, logSumExp);
        return y.From(new AttentionNode(spec, x, logSumExp));
    }

    /// <summary>The geometry of attention over the positions of x, whose rows lie next to each other.</summary>
    static AttentionSpec SpecOf(Tensor x, int channels, int heads)
    {
        Refuse.IfEmpty("Attention", x);
        if (heads < 1 || channels % heads != 0) Refuse.Because($"Attention: {heads} heads do not divide {channels} channels.");
        int samples = x.Shape[0];
        return new AttentionSpec(samples, x.Shape.Rows / samples, heads, channels / heads, x.Shape.Channels);
    }

    /// <summary>The first key (1) or value (2) of a packed projection, which itself starts with the first query; the rest follow at the row stride.</summary>
    static Tensor Part(Tensor packed, int index) => packed.Slice(index * (packed.Shape.Channels / 3), Shape.Of(1));

    sealed class AttentionNode(AttentionSpec spec, Tensor x, Tensor logSumExp) : RepeatableNode(x)
    {
        public override void Compute() => x.Device.Attention(spec, x, Part(x, 1), Part(x, 2), Output, logSumExp);

        public override void Backward(Tensor dy)
        {
            if (!x.NeedsGrad) return;
            bool shared = x.Grad is not null;
            Tensor dx = shared ? Tensor.Empty(x.Shape, x.Device) : x.GradBuffer(out _);
            x.Device.AttentionGrad(spec, x, Part(x, 1), Part(x, 2), Output, logSumExp, dy, dx, Part(dx, 1), Part(dx, 2));
            if (!shared) return;
            x.Device.Affine(1, dx, 0, null, x.GradBuffer(out _), accumulate: true);
            dx.Storage.Release();
        }

        protected override bool ReadsOutput => true;
    }

    /// <summary>The same for queries, keys and values in tensors of their own, each N×…×C.</summary>
    public static Tensor Attention(Tensor q, Tensor k, Tensor v, int heads)
    {
        ArgumentNullException.ThrowIfNull(q);
        ArgumentNullException.ThrowIfNull(k);
        ArgumentNullException.ThrowIfNull(v);
        Refuse.IfShapesDiffer("Attention", q, k);
        Refuse.IfShapesDiffer("Attention", q, v);
        if (q.Shape.Rank < 3) Refuse.Because($"Attention: {q.Shape} does not hold positions (N×…×C).");
        AttentionSpec spec = SpecOf(q, q.Shape.Channels, heads);
        using DeviceTurn turn = q.Device.TakeTurn();
        Tensor y = Tensor.Empty(q.Shape, q.Device);
        Tensor logSumExp = Tensor.Empty(Shape.Of(spec.Samples, heads, spec.Length), q.Device);
        q.Device.Attention(spec, q, k, v, y, logSumExp);
        return y.From(new SeparateAttentionNode(spec, q, k, v, logSumExp));
    }

    sealed class SeparateAttentionNode(AttentionSpec spec, Tensor q, Tensor k, Tensor v, Tensor logSumExp) : RepeatableNode(q, k, v)
    {
        public override void Compute() => q.Device.Attention(spec, q, k, v, Output, logSumExp);

        public override void Backward(Tensor dy)
        {
            Tensor dq = Tensor.Empty(q.Shape, q.Device), dk = Tensor.Empty(k.Shape, k.Device), dv = Tensor.Empty(v.Shape, v.Device);
            q.Device.AttentionGrad(spec, q, k, v, Output, logSumExp, dy, dq, dk, dv);
            Deliver(q, dq);
            Deliver(k, dk);
            Deliver(v, dv);
        }

        protected override bool ReadsOutput => true;

        // The kernel overwrites, so a gradient that is there already (one tensor in two roles) needs an addition.
        static void Deliver(Tensor x, Tensor dx)
        {
            if (x is { NeedsGrad: true, Grad: null })
            {
                x.Grad = dx;
                return;
            }
            if (x.NeedsGrad) x.Device.Affine(1, dx, 0, null, x.GradBuffer(out _), accumulate: true);
            dx.Storage.Release();
        }
    }
}
