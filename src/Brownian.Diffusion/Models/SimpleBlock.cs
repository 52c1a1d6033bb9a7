using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Diffusion;

/// <summary>
/// Two 3×3 convolutions, each with ReLU and batch norm after it, and the time embedding added between them; then a step to half or
/// twice the resolution. Where both its channel counts are multiples of 16 a 3×3 convolution takes Winograd's way; the 4×4 ones run
/// tap by tap.
/// </summary>
sealed class SimpleBlock
{
    static readonly ConvSpec Same = new(3, 1, 1), Halving = new(4, 2, 1);

    readonly Linear _time;
    readonly Conv2d _conv1, _conv2;
    readonly BatchNorm2d _norm1, _norm2;
    readonly Conv2d? _halve;
    readonly ConvTranspose2d? _double;

    /// <param name="scope">Where the parameters are declared.</param>
    /// <param name="inputs">Channels in.</param>
    /// <param name="outputs">Channels out.</param>
    /// <param name="timeFeatures">Features of the time embedding.</param>
    /// <param name="up">Whether the resolution is doubled; else it is halved.</param>
    public SimpleBlock(ParameterScope scope, int inputs, int outputs, int timeFeatures, bool up)
    {
        _time = new Linear(scope.Under("time_mlp"), timeFeatures, outputs);
        _conv1 = new Conv2d(scope.Under("conv1"), inputs, outputs, Same);
        if (up) _double = new ConvTranspose2d(scope.Under("transform"), outputs, outputs, Halving);
        else _halve = new Conv2d(scope.Under("transform"), outputs, outputs, Halving);
        _conv2 = new Conv2d(scope.Under("conv2"), outputs, outputs, Same);
        _norm1 = new BatchNorm2d(scope.Under("bnorm1"), outputs, relu: true);
        _norm2 = new BatchNorm2d(scope.Under("bnorm2"), outputs, relu: true);
    }

    /// <param name="x">N×H×W×inputs.</param>
    /// <param name="time">The time embedding, N×features.</param>
    /// <param name="training">Whether the norms use the batch's statistics.</param>
    /// <returns>N×H/2×W/2×outputs, or N×2H×2W×outputs.</returns>
    public Tensor Forward(Tensor x, Tensor time, bool training)
    {
        Tensor h = _conv1.Forward(x);
        h = _norm1.Forward(h, training, perSample: _time.Forward(time).Relu());
        h = _norm2.Forward(_conv2.Forward(h), training);
        return _double is null ? _halve!.Forward(h) : _double.Forward(h);
    }
}
