using Brownian.Tensors;

namespace Brownian.Nn;

/// <summary>Group normalisation (Wu &amp; He 2018): <c>torch.nn.GroupNorm</c>, with an optional SiLU on its result.</summary>
public sealed class GroupNorm
{
    readonly Parameter _weight, _bias;

    /// <summary>Declares <c>weight</c> and <c>bias</c>.</summary>
    /// <param name="scope">Where.</param>
    /// <param name="groups">Must divide the channels.</param>
    /// <param name="channels">C.</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <param name="silu">Whether x·σ(x) follows.</param>
    /// <exception cref="ArgumentException">The groups do not divide the channels.</exception>
    public GroupNorm(ParameterScope scope, int groups, int channels, float epsilon = 1e-5f, bool silu = false)
    {
        if (groups < 1 || channels % groups != 0) throw new ArgumentException($"GroupNorm: {groups} groups do not divide {channels} channels.");
        Spec = new GroupNormSpec(groups, epsilon, silu);
        _weight = scope.Declare("weight", ParameterLayout.Plain, Initialization.Ones, channels);
        _bias = scope.Declare("bias", ParameterLayout.Plain, Initialization.Zeros, channels);
    }

    /// <summary>
    /// x N×…×C to the same shape. With a modulation N×2C, rows [s, t], the result z becomes z·(1 + s) + t before SiLU.
    /// </summary>
    public Tensor Forward(Tensor x, Tensor? modulation = null) => x.GroupNorm(Weight, Bias, Spec.Groups, Spec.Epsilon, Spec.Silu, modulation);

    internal GroupNormSpec Spec { get; }

    internal Tensor Weight => _weight.Value;

    internal Tensor Bias => _bias.Value;
}
