using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Diffusion;

/// <summary>What every resnet of one forward pass sees besides its input: SiLU of the time embedding N×F, and dropout's numbers.</summary>
readonly record struct UNet2DPass(Tensor Time, Philox? Dropout);

/// <summary>Two convolutions with a time embedding between them and a shortcut around them: diffusers' <c>ResnetBlock2D</c>.</summary>
sealed class UNet2DResnet
{
    static readonly ConvSpec Same = new(3, 1, 1), Pointwise = new(1);

    readonly GroupNorm _norm1, _norm2;
    readonly Conv2d _conv1, _conv2;
    readonly Conv2d? _shortcut;
    readonly Linear _time;
    readonly float _dropout;
    readonly ulong _site;

    /// <param name="scope">Where the parameters are declared.</param>
    /// <param name="inputs">Channels in.</param>
    /// <param name="outputs">Channels out.</param>
    /// <param name="options">Norms, dropout.</param>
    /// <param name="site">A number that no other resnet of the network has, so that each drops out differently.</param>
    public UNet2DResnet(ParameterScope scope, int inputs, int outputs, UNet2DOptions options, int site)
    {
        (_dropout, _site) = (options.Dropout, (ulong)site);
        _norm1 = new GroupNorm(scope.Under("norm1"), options.NormNumGroups, inputs, options.NormEps, silu: true);
        _conv1 = new Conv2d(scope.Under("conv1"), inputs, outputs, Same);
        _time = new Linear(scope.Under("time_emb_proj"), 4 * options.BlockOutChannels[0], outputs);
        _norm2 = new GroupNorm(scope.Under("norm2"), options.NormNumGroups, outputs, options.NormEps, silu: true);
        _conv2 = new Conv2d(scope.Under("conv2"), outputs, outputs, Same);
        if (inputs != outputs) _shortcut = new Conv2d(scope.Under("conv_shortcut"), inputs, outputs, Pointwise);
    }

    public Tensor Forward(Tensor x, UNet2DPass pass)
    {
        Tensor h = _conv1.Forward(_norm1, x, perSample: _time.Forward(pass.Time));
        Tensor shortcut = _shortcut is null ? x : _shortcut.Forward(x);
        Tensor y = pass.Dropout is { } random && _dropout > 0 ? Dropped(h, random, shortcut) : _conv2.Forward(_norm2, h, residual: shortcut);
        h.Discard();
        if (_shortcut is not null) shortcut.Discard();
        return y;
    }

    Tensor Dropped(Tensor h, Philox random, Tensor shortcut)
    {
        Tensor normalized = _norm2.Forward(h), thinned = normalized.Dropout(_dropout, random.At(_site));
        normalized.Discard();
        Tensor y = _conv2.Forward(thinned, residual: shortcut);
        thinned.Discard();
        return y;
    }

    public long MultiplyAdds(int height, int width) =>
        _conv1.MultiplyAdds(height, width) + _conv2.MultiplyAdds(height, width)
        + (_shortcut?.MultiplyAdds(height, width) ?? 0) + _time.MultiplyAdds(1);
}

/// <summary>Attention over all pixels with separate projections: diffusers' <c>Attention</c>.</summary>
sealed class UNet2DAttention
{
    readonly GroupNorm _norm;
    readonly Linear _query, _key, _value, _output;
    readonly int _heads, _channels;

    public UNet2DAttention(ParameterScope scope, int channels, UNet2DOptions options)
    {
        (_heads, _channels) = (options.HeadsOf(channels), channels);
        _norm = new GroupNorm(scope.Under("group_norm"), options.NormNumGroups, channels, options.NormEps);
        _query = new Linear(scope.Under("to_q"), channels, channels);
        _key = new Linear(scope.Under("to_k"), channels, channels);
        _value = new Linear(scope.Under("to_v"), channels, channels);
        _output = new Linear(scope.Under("to_out", 0), channels, channels);
    }

    public Tensor Forward(Tensor x)
    {
        Tensor h = _norm.Forward(x);
        Tensor q = _query.Forward(h), k = _key.Forward(h), v = _value.Forward(h);
        h.Discard();
        Tensor mixed = SelfAttention.Attention(q, k, v, _heads);
        foreach (Tensor part in (ReadOnlySpan<Tensor>)[q, k, v]) part.Discard();
        Tensor y = _output.Forward(mixed, residual: x);
        mixed.Discard();
        return y;
    }

    public long MultiplyAdds(int height, int width)
    {
        long positions = (long)height * width;
        return 4 * _output.MultiplyAdds(positions) + 2 * positions * positions * _channels;
    }
}

/// <summary>One resolution on the way down or up: resnets, each followed by attention where the level has it.</summary>
sealed class UNet2DLevel
{
    readonly UNet2DAttention[] _attentions;
    readonly UNet2DResnet[] _resnets;

    /// <param name="scope">Where the parameters are declared.</param>
    /// <param name="inputs">Channels into each resnet.</param>
    /// <param name="outputs">Channels out of each.</param>
    /// <param name="attention">Whether attention follows each resnet.</param>
    /// <param name="options">The network's options.</param>
    /// <param name="site">The number of the first resnet.</param>
    public UNet2DLevel(ParameterScope scope, ReadOnlySpan<int> inputs, int outputs, bool attention, UNet2DOptions options, int site)
    {
        // Attentions come first in diffusers' state dict, though they run second.
        _attentions = new UNet2DAttention[attention ? inputs.Length : 0];
        for (int i = 0; i < _attentions.Length; i++) _attentions[i] = new UNet2DAttention(scope.Under("attentions", i), outputs, options);
        _resnets = new UNet2DResnet[inputs.Length];
        for (int i = 0; i < _resnets.Length; i++) _resnets[i] = new UNet2DResnet(scope.Under("resnets", i), inputs[i], outputs, options, site + i);
    }

    public int Layers => _resnets.Length;

    public Tensor Forward(int layer, Tensor x, UNet2DPass pass)
    {
        x = _resnets[layer].Forward(x, pass);
        if (_attentions.Length == 0) return x;
        Tensor y = _attentions[layer].Forward(x);
        x.Discard();
        return y;
    }

    public long MultiplyAdds(int height, int width) =>
        _resnets.Sum(r => r.MultiplyAdds(height, width)) + _attentions.Sum(a => a.MultiplyAdds(height, width));
}
