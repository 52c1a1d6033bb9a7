using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Diffusion;

/// <summary>The extents of a <see cref="TutorialBlock"/>.</summary>
readonly record struct TutorialBlockSize(int Inputs, int Outputs, int Resnets, int Attentions, int TimeFeatures, int Heads);

/// <summary>
/// What the down, middle and up blocks share: resnets with the time embedding added between their two convolutions, and an
/// attention after each, the last one excepted in middle blocks. Parameters are declared kind by kind, as the original does.
/// </summary>
sealed class TutorialBlock
{
    static readonly ConvSpec Same = new(3, 1, 1), Pointwise = new(1);

    readonly NormConv[] _first, _second;
    readonly Linear[] _time;
    readonly Conv2d[] _residual;
    readonly GroupNorm[] _norms;
    readonly MultiheadAttention[] _attentions;

    public TutorialBlock(ParameterScope scope, TutorialBlockSize size)
    {
        int outputs = size.Outputs;
        int Inputs(int layer) => layer == 0 ? size.Inputs : outputs;
        _first = List(size.Resnets, i => new NormConv(scope.Under("resnet_conv_first", i), Inputs(i), outputs));
        _time = List(size.Resnets, i => new Linear(scope.Under("t_emb_layers", i).Under("1"), size.TimeFeatures, outputs));
        _second = List(size.Resnets, i => new NormConv(scope.Under("resnet_conv_second", i), outputs, outputs));
        _norms = List(size.Attentions, i => new GroupNorm(scope.Under("attention_norms", i), TutorialUNet.Groups, outputs));
        _attentions = List(size.Attentions, i => new MultiheadAttention(scope.Under("attentions", i), outputs, size.Heads));
        _residual = List(size.Resnets, i => new Conv2d(scope.Under("residual_input_conv", i), Inputs(i), outputs, Pointwise));
    }

    /// <param name="x">N×H×W×inputs.</param>
    /// <param name="time">SiLU of the time embedding, N×time features.</param>
    /// <returns>N×H×W×outputs.</returns>
    public Tensor Forward(Tensor x, Tensor time)
    {
        for (int i = 0; i < _first.Length; i++)
        {
            Tensor h = _first[i].Forward(x, perSample: _time[i].Forward(time));
            x = _second[i].Forward(h, residual: _residual[i].Forward(x));
            if (i < _attentions.Length) x = _attentions[i].Forward(_norms[i].Forward(x), residual: x);
        }
        return x;
    }

    static T[] List<T>(int count, Func<int, T> make)
    {
        var list = new T[count];
        for (int i = 0; i < count; i++) list[i] = make(i);
        return list;
    }

    /// <summary>Group norm, SiLU and a 3×3 convolution: elements 0, (1) and 2 of a <c>torch.nn.Sequential</c>.</summary>
    sealed class NormConv(ParameterScope scope, int inputs, int outputs)
    {
        readonly GroupNorm _norm = new(scope.Under("0"), TutorialUNet.Groups, inputs, silu: true);
        readonly Conv2d _conv = new(scope.Under("2"), inputs, outputs, Same);

        public Tensor Forward(Tensor x, Tensor? perSample = null, Tensor? residual = null) =>
            _conv.Forward(_norm, x, perSample, residual);
    }
}
