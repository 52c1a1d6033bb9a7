using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian;

/// <summary>How a level ends: its way to the next resolution.</summary>
abstract class UNet2DResampler
{
    protected static readonly ConvSpec Same = new(3, 1, 1);

    /// <param name="x">The level's features, N×H×W×C.</param>
    /// <param name="image">The image that <see cref="UNet2DBlock.Skip"/> blocks pass along, of x's height and width; null where none began yet.</param>
    /// <param name="pass">What all resnets see.</param>
    /// <returns>The features at the next resolution.</returns>
    public abstract Tensor Forward(Tensor x, ref Tensor? image, UNet2DPass pass);
}

/// <summary>A convolution of stride 2, or one of the image repeated 2×2.</summary>
sealed class ConvResampler(ParameterScope scope, int channels, ConvSpec spec) : UNet2DResampler
{
    readonly Conv2d _conv = new(scope.Under("conv"), channels, channels, spec);

    public static ConvResampler Down(ParameterScope scope, int channels, UNet2DOptions options) =>
        new(scope.Under("downsamplers", 0), channels, options.DownsamplePadding == 0 ? new ConvSpec(3, 2, 0, 1) : new ConvSpec(3, 2, 1));

    public static ConvResampler Up(ParameterScope scope, int channels) => new(scope.Under("upsamplers", 0), channels, Same);

    public override Tensor Forward(Tensor x, ref Tensor? image, UNet2DPass pass) => _conv.Forward(spec.Down.Stride > 1 ? x : x.UpsampleNearest());
}

/// <summary>A resnet that resamples between its first norm and its first convolution.</summary>
sealed class ResnetResampler(ParameterScope scope, ResnetPlan plan, UNet2DOptions options) : UNet2DResampler
{
    readonly UNet2DResnet _resnet = new(scope, plan, options);

    public override Tensor Forward(Tensor x, ref Tensor? image, UNet2DPass pass) => _resnet.Forward(x, pass);
}

/// <summary>The end of a <c>SkipDownBlock2D</c>: the halved image, given as many channels as the features, is added to them.</summary>
sealed class SkipHalving(ParameterScope scope, ResnetPlan plan, UNet2DOptions options) : UNet2DResampler
{
    readonly ResnetResampler _resnet = new(scope.Under("resnet_down"), plan with { Resampling = Resampling.SmoothHalve }, options);
    readonly Conv2d _conv = new(scope.Under("skip_conv"), options.InChannels, plan.Outputs, new ConvSpec(1));

    public override Tensor Forward(Tensor x, ref Tensor? image, UNet2DPass pass)
    {
        image = image!.BinomialHalve();
        return _conv.Forward(image, residual: _resnet.Forward(x, ref image, pass));
    }
}

/// <summary>The end of a <c>SkipUpBlock2D</c>: what the features say is added to the doubled image.</summary>
sealed class SkipDoubling(ParameterScope scope, ResnetPlan plan, UNet2DOptions options) : UNet2DResampler
{
    readonly ResnetResampler _resnet = new(scope.Under("resnet_up"), plan with { Resampling = Resampling.SmoothDouble }, options);
    readonly Conv2d _conv = new(scope.Under("skip_conv"), plan.Outputs, options.OutChannels, Same);
    readonly GroupNorm _norm = new(scope.Under("skip_norm"), plan.GroupsOf(plan.Outputs, options), plan.Outputs, (float)options.NormEps, silu: true);

    public override Tensor Forward(Tensor x, ref Tensor? image, UNet2DPass pass)
    {
        image = _conv.Forward(_norm, x, residual: image?.BinomialDouble());
        return _resnet.Forward(x, ref image, pass);
    }
}

/// <summary>The end of the last <c>SkipUpBlock2D</c>, at the images' own resolution: only the image came from below.</summary>
sealed class ImageDoubling : UNet2DResampler
{
    public override Tensor Forward(Tensor x, ref Tensor? image, UNet2DPass pass)
    {
        image = image?.BinomialDouble();
        return x;
    }
}
