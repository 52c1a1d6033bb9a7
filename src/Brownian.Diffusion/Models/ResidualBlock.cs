using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Diffusion;

/// <summary>What every block of one forward pass sees besides its input: SiLU of the time embedding N×F, and dropout's numbers.</summary>
readonly record struct ResidualPass(Tensor Time, Philox? Dropout);

/// <summary>
/// Two convolutions with a time embedding between them and a shortcut around them, then attention where the level has it. The 3×3
/// convolutions have multiples of 16 channels at the tutorial's size and take Winograd's way.
/// </summary>
sealed class ResidualBlock
{
    const int Heads = 4;

    static readonly ConvSpec Same = new(3, 1, 1), Pointwise = new(1);

    readonly GroupNorm _norm1, _norm2;
    readonly Conv2d _conv1, _conv2;
    readonly Conv2d? _match;
    readonly Linear _time;
    readonly GroupNorm? _attentionNorm;
    readonly MultiheadAttention? _attention;
    readonly float _dropout;
    readonly ulong _site;

    /// <param name="scope">Where the parameters are declared.</param>
    /// <param name="inputs">Channels in.</param>
    /// <param name="outputs">Channels out.</param>
    /// <param name="attention">Whether attention follows.</param>
    /// <param name="options">Dropout and the size of the time embedding.</param>
    /// <param name="site">A number that no other block of the network has, so that each drops out differently.</param>
    public ResidualBlock(ParameterScope scope, int inputs, int outputs, bool attention, ResidualUNetOptions options, int site)
    {
        (_dropout, _site) = ((float)options.DropoutRate, (ulong)site);
        _norm1 = new GroupNorm(scope.Under("normlize_1"), ResidualUNet.Groups, inputs, silu: true);
        _conv1 = new Conv2d(scope.Under("conv_1"), inputs, outputs, Same);
        _time = new Linear(scope.Under("dense_1"), options.BaseChannels * options.TimeMultiple, outputs);
        _norm2 = new GroupNorm(scope.Under("normlize_2"), ResidualUNet.Groups, outputs, silu: true);
        _conv2 = new Conv2d(scope.Under("conv_2"), outputs, outputs, Same);
        if (inputs != outputs) _match = new Conv2d(scope.Under("match_input"), inputs, outputs, Pointwise);
        if (!attention) return;
        _attentionNorm = new GroupNorm(scope.Under("attention").Under("group_norm"), ResidualUNet.Groups, outputs);
        _attention = new MultiheadAttention(scope.Under("attention").Under("mhsa"), outputs, Heads);
    }

    /// <summary>x N×H×W×inputs to N×H×W×outputs.</summary>
    public Tensor Forward(Tensor x, ResidualPass pass)
    {
        Tensor h = _conv1.Forward(_norm1, x, perSample: _time.Forward(pass.Time));
        h = Second(h, shortcut: _match is null ? x : _match.Forward(x), pass.Dropout);
        return _attention is null ? h : _attention.Forward(_attentionNorm!.Forward(h), residual: h);
    }

    // Norm, SiLU and convolution are one operation where nothing comes between them.
    Tensor Second(Tensor h, Tensor shortcut, Philox? dropout)
    {
        if (dropout is not { } random || _dropout == 0) return _conv2.Forward(_norm2, h, residual: shortcut);
        return _conv2.Forward(_norm2.Forward(h).DropoutChannels(_dropout, random.At(_site)), residual: shortcut);
    }
}
