using Brownian.Tensors;

namespace Brownian.Nn;

/// <summary>A convolution of images: <c>torch.nn.Conv2d</c>.</summary>
public sealed class Conv2d
{
    readonly Parameter _weight, _bias;
    readonly ConvSpec _spec;

    /// <summary>Declares <c>weight</c> and <c>bias</c>.</summary>
    /// <param name="scope">Where.</param>
    /// <param name="inputs">Channels in, I.</param>
    /// <param name="outputs">Channels out, O.</param>
    /// <param name="spec">Kernel, stride and padding.</param>
    public Conv2d(ParameterScope scope, int inputs, int outputs, ConvSpec spec)
    {
        _spec = spec;
        int height = spec.Down.Kernel, width = spec.Across.Kernel, fanIn = inputs * height * width;
        _weight = scope.Declare("weight", ParameterLayout.Conv, Initialization.FanIn(fanIn), outputs, inputs, height, width);
        _bias = scope.Declare("bias", ParameterLayout.Plain, Initialization.FanIn(fanIn), outputs);
    }

    /// <summary>x N×H×W×I to N×H'×W'×O, plus perSample N×O repeated over pixels and a residual of the result's shape where given.</summary>
    public Tensor Forward(Tensor x, Tensor? perSample = null, Tensor? residual = null) =>
        x.Conv2d(_weight.Value, _spec, _bias.Value, perSample, residual);

    /// <summary>
    /// The same of norm(x), which is computed again in the backward pass instead of being kept; for the modulation see
    /// <see cref="GroupNorm.Forward"/>.
    /// </summary>
    public Tensor Forward(GroupNorm norm, Tensor x, Tensor? perSample = null, Tensor? residual = null, Tensor? modulation = null)
    {
        ArgumentNullException.ThrowIfNull(norm);
        return x.GroupNormConv2d(norm.Spec, norm.Weight, norm.Bias, _weight.Value, _spec, _bias.Value, perSample, residual, modulation);
    }
}
