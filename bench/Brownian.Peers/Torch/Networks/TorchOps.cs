using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Brownian.Peers;

/// <summary>
/// What the networks share, written with care for memory: results are freed as soon as the block that made them ends, and sums are taken
/// in place where the backward pass does not need what was there.
/// </summary>
static class TorchOps
{
    /// <summary>Runs a block; what it made goes, but for its result and what the backward pass keeps.</summary>
    public static Tensor Scoped(Func<Tensor> block)
    {
        using DisposeScope scope = NewDisposeScope();
        return block().MoveToOuterDisposeScope();
    }

    /// <summary>x·σ(x), in place where no gradient will want x.</summary>
    public static Tensor Silu(Tensor x) => nn.functional.silu(x, inplace: !is_grad_enabled());

    public static Tensor Relu(Tensor x) => nn.functional.relu(x, inplace: true);

    /// <summary>h N×C×H×W plus features N×C at every pixel, in place.</summary>
    public static Tensor AddPerSample(this Tensor h, Tensor features) => h.add_(features.unsqueeze(-1).unsqueeze(-1));

    /// <summary>Twice as many pixels each way, by repeating them.</summary>
    public static Tensor Double(this Tensor x) => nn.functional.interpolate(x, scale_factor: [2, 2], mode: InterpolationMode.Nearest);

    /// <summary>x + attention(norm(x)) over all pixels, by libtorch's fused attention.</summary>
    public static Tensor Attend(this Tensor x, GroupNorm? norm, Func<Tensor, (Tensor Q, Tensor K, Tensor V)> project, Linear output, int heads)
    {
        using DisposeScope scope = NewDisposeScope();
        (long n, long c, long h, long w) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3]);
        Tensor tokens = (norm is null ? x : norm.forward(x)).flatten(2, 3).transpose(1, 2);       // N×L×C
        (Tensor q, Tensor k, Tensor v) = project(tokens);
        Tensor mixed = nn.functional.scaled_dot_product_attention(Heads(q), Heads(k), Heads(v)).transpose(1, 2).reshape(n, h * w, c);
        Tensor y = output.forward(mixed).transpose(1, 2).reshape(n, c, h, w);
        return (x + y).MoveToOuterDisposeScope();

        Tensor Heads(Tensor part) => part.reshape(n, h * w, heads, c / heads).transpose(1, 2);    // N×heads×L×d
    }

    /// <summary>Sines, then cosines, of t times each frequency.</summary>
    public static Tensor Sinusoid(Tensor timesteps, Tensor frequencies)
    {
        Tensor angles = timesteps.to(ScalarType.Float32).unsqueeze(1) * frequencies;
        return cat([angles.sin(), angles.cos()], 1);
    }

    /// <summary>10000^(−i/(half − shift)) for i below half, half of the features.</summary>
    public static Tensor Frequencies(int features, float shift)
    {
        int half = features / 2;
        float[] values = new float[half];
        for (int i = 0; i < half; i++) values[i] = (float)Math.Exp(-(float)Math.Log(10000) * i / (half - shift));
        return tensor(values).DetachFromDisposeScope();
    }
}

/// <summary><c>torch.nn.MultiheadAttention</c> with its parameters' names, for self-attention around a shortcut.</summary>
sealed class TorchAttention
{
    readonly GroupNorm _norm;
    readonly Parameter _weight, _bias;
    readonly Linear _output;
    readonly int _heads;

    public TorchAttention(TorchScope scope, GroupNorm norm, int channels, int heads)
    {
        (_norm, _heads) = (norm, heads);
        _weight = scope.Weight("in_proj_weight", randn(3 * channels, channels) / MathF.Sqrt(channels));
        _bias = scope.Weight("in_proj_bias", zeros(3 * channels));
        _output = scope.Linear("out_proj", channels, channels);
    }

    /// <summary>x + attention(norm(x)), N×C×H×W.</summary>
    public Tensor Forward(Tensor x) => x.Attend(_norm, Project, _output, _heads);

    (Tensor, Tensor, Tensor) Project(Tensor tokens)
    {
        Tensor[] parts = nn.functional.linear(tokens, _weight, _bias).chunk(3, -1);
        return (parts[0], parts[1], parts[2]);
    }
}
