using Brownian.Tensors;

namespace Brownian.Nn;

/// <summary>x·W + b along the innermost axis: <c>torch.nn.Linear</c>.</summary>
public sealed class Linear
{
    readonly Parameter _weight, _bias;

    /// <summary>Declares <c>weight</c> and <c>bias</c>.</summary>
    /// <param name="scope">Where.</param>
    /// <param name="inputs">Features in, K.</param>
    /// <param name="outputs">Features out, N.</param>
    /// <param name="bias">What the bias is drawn from; as the weight if not given.</param>
    public Linear(ParameterScope scope, int inputs, int outputs, Initialization? bias = null)
    {
        _weight = scope.Declare("weight", ParameterLayout.Linear, Initialization.FanIn(inputs), outputs, inputs);
        _bias = scope.Declare("bias", ParameterLayout.Plain, bias ?? Initialization.FanIn(inputs), outputs);
    }

    /// <summary>x …×K to …×N, plus a residual of the result's shape if given.</summary>
    public Tensor Forward(Tensor x, Tensor? residual = null) => x.Linear(_weight.Value, _bias.Value, residual);
}
