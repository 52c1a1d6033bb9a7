using Brownian.Tensors;

namespace Brownian.Nn;

/// <summary>Self-attention over the positions of N×…×C with one packed projection: <c>torch.nn.MultiheadAttention</c>.</summary>
public sealed class MultiheadAttention
{
    readonly Parameter _weight, _bias;
    readonly Linear _output;
    readonly int _heads;

    /// <summary>Declares <c>in_proj_weight</c>, <c>in_proj_bias</c>, <c>out_proj.weight</c> and <c>out_proj.bias</c>.</summary>
    /// <param name="scope">Where.</param>
    /// <param name="channels">C.</param>
    /// <param name="heads">Must divide the channels.</param>
    /// <exception cref="ArgumentException">The heads do not divide the channels.</exception>
    public MultiheadAttention(ParameterScope scope, int channels, int heads)
    {
        if (heads < 1 || channels % heads != 0) throw new ArgumentException($"MultiheadAttention: {heads} heads do not divide {channels} channels.");
        _heads = heads;
        _weight = scope.Declare("in_proj_weight", ParameterLayout.Linear, Initialization.Xavier(channels, 3 * channels), 3 * channels, channels);
        _weight.Packed = 3;
        _bias = scope.Declare("in_proj_bias", ParameterLayout.Plain, Initialization.Zeros, 3 * channels);
        _output = new Linear(scope.Under("out_proj"), channels, channels, Initialization.Zeros);
    }

    /// <summary>x N×…×C to the same shape, plus a residual of that shape if given.</summary>
    public Tensor Forward(Tensor x, Tensor? residual = null) =>
        _output.Forward(x.Linear(_weight.Value, _bias.Value).Attention(_heads), residual);
}
