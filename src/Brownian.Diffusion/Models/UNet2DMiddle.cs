using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian;

/// <summary>Between down and up, at the coarsest level: a resnet, attention where there is one, a resnet.</summary>
sealed class UNet2DMiddle
{
    readonly UNet2DAttention? _attention;
    readonly UNet2DResnet _first, _second;

    public UNet2DMiddle(ParameterScope scope, UNet2DOptions options)
    {
        int channels = options.BlockOutChannels[^1], site = options.FirstFreeSite - 2;
        float divisor = (float)options.MidBlockScaleFactor;
        if (options.AddAttention)
            _attention = new UNet2DAttention(scope.Under("attentions", 0), channels, options, options.MidAttentionGroups, divisor);
        _first = new UNet2DResnet(scope.Under("resnets", 0), new ResnetPlan(channels, channels, site) { Divisor = divisor }, options);
        _second = new UNet2DResnet(scope.Under("resnets", 1), new ResnetPlan(channels, channels, site + 1) { Divisor = divisor }, options);
    }

    /// <summary>x N×H×W×C to the same shape.</summary>
    public Tensor Forward(Tensor x, UNet2DPass pass)
    {
        Tensor h = _first.Forward(x, pass);
        if (_attention is not null) h = _attention.Forward(h);
        return _second.Forward(h, pass);
    }
}
