using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian;

/// <summary>Attention over all pixels with separate projections and a shortcut: diffusers' <c>Attention</c>.</summary>
sealed class UNet2DAttention
{
    readonly GroupNorm? _norm;
    readonly Linear _query, _key, _value, _output;
    readonly int _heads;
    readonly float _divisor;

    /// <param name="scope">Where the parameters are declared.</param>
    /// <param name="channels">C.</param>
    /// <param name="options">Heads, ε.</param>
    /// <param name="groups">Of the norm before the projections; 0 for none.</param>
    /// <param name="divisor">The result is divided by this.</param>
    public UNet2DAttention(ParameterScope scope, int channels, UNet2DOptions options, int groups, float divisor = 1)
    {
        (_heads, _divisor) = (options.HeadsOf(channels), divisor);
        if (groups > 0) _norm = new GroupNorm(scope.Under("group_norm"), groups, channels, (float)options.NormEps);
        _query = new Linear(scope.Under("to_q"), channels, channels);
        _key = new Linear(scope.Under("to_k"), channels, channels);
        _value = new Linear(scope.Under("to_v"), channels, channels);
        _output = new Linear(scope.Under("to_out", 0), channels, channels);
    }

    /// <summary>x N×H×W×C to the same shape.</summary>
    public Tensor Forward(Tensor x)
    {
        Tensor h = _norm is null ? x : _norm.Forward(x);
        Tensor q = _query.Forward(h), k = _key.Forward(h), v = _value.Forward(h);
        Tensor y = _output.Forward(SelfAttention.Attention(q, k, v, _heads), residual: x);
        return _divisor == 1 ? y : y.Scale(1 / _divisor);
    }
}
