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
        if (heads < 1 || channels % heads != 0) Refuse.Because($"Attention: {heads} heads do not divide {channels} channels.");
        int samples = x.Shape[0], length = x.Shape.Rows / samples;
        var spec = new AttentionSpec(samples, length, heads, channels / heads, 3 * channels);
        Tensor y = Tensor.Empty(x.Shape.WithChannels(channels), x.Device);
        Tensor logSumExp = Tensor.Empty(Shape.Of(samples, heads, length), x.Device);
        x.Device.Attention(spec, Part(x, 0), Part(x, 1), Part(x, 2), y, logSumExp);
        return y.From(new AttentionNode(spec, x, logSumExp));
    }

    /// <summary>The first query, key or value of a packed projection; the rest follow at the row stride.</summary>
    static Tensor Part(Tensor packed, int index) => packed.Slice(index * (packed.Shape.Channels / 3), Shape.Of(1));

    sealed class AttentionNode(AttentionSpec spec, Tensor x, Tensor logSumExp) : Node(x)
    {
        public override void Backward(Tensor dy)
        {
            if (!x.NeedsGrad) return;
            bool shared = x.Grad is not null;
            Tensor dx = shared ? Tensor.Empty(x.Shape, x.Device) : x.GradBuffer(out _);
            x.Device.AttentionGrad(
                spec, Part(x, 0), Part(x, 1), Part(x, 2), Output, logSumExp, dy, Part(dx, 0), Part(dx, 1), Part(dx, 2));
            if (!shared) return;
            x.Device.Affine(1, dx, 0, null, x.GradBuffer(out _), accumulate: true);
            dx.Storage.Release();
        }
    }
}
