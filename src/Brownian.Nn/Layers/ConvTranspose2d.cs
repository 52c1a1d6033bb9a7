using Brownian.Tensors;

namespace Brownian.Nn;

/// <summary>The transpose of a convolution: <c>torch.nn.ConvTranspose2d</c>.</summary>
public sealed class ConvTranspose2d
{
    readonly Parameter _weight, _bias;
    readonly ConvSpec _spec;

    /// <summary>Declares <c>weight</c> and <c>bias</c>.</summary>
    /// <param name="scope">Where.</param>
    /// <param name="inputs">Channels in, I.</param>
    /// <param name="outputs">Channels out, O.</param>
    /// <param name="spec">Kernel, stride and padding of the convolution that this is the transpose of.</param>
    public ConvTranspose2d(ParameterScope scope, int inputs, int outputs, ConvSpec spec)
    {
        _spec = spec;
        // PyTorch takes the second extent of the weight for its inputs, which here are the outputs.
        int height = spec.Down.Kernel, width = spec.Across.Kernel, fanIn = outputs * height * width;
        _weight = scope.Declare("weight", ParameterLayout.ConvTranspose, Initialization.FanIn(fanIn), inputs, outputs, height, width);
        _bias = scope.Declare("bias", ParameterLayout.Plain, Initialization.FanIn(fanIn), outputs);
    }

    /// <summary>x N×H×W×I to N×H'×W'×O with H' = (H − 1)·stride − 2·padding + kernel.</summary>
    public Tensor Forward(Tensor x) => x.ConvTranspose2d(_weight.Value, _spec, _bias.Value);
}
