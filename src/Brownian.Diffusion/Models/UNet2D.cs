using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// The U-Net of Ho et al. 2020 and its descendants as diffusers' <c>UNet2DModel</c> builds them: one skip connection per resnet, levels
/// of the kinds in <see cref="UNet2DBlock"/>. Parameter names, shapes and order are those of its state dict.
/// </summary>
public sealed class UNet2D : DenoisingNetwork<UNet2DOptions>
{
    static readonly ConvSpec Same = new(3, 1, 1);

    readonly UNet2DTime _time;
    readonly Conv2d _convIn, _convOut;
    readonly UNet2DLevel[] _downs, _ups;
    readonly UNet2DMiddle _middle;
    readonly GroupNorm _normOut;

    /// <summary>Declares the parameters; they have no memory until <see cref="ParameterSet.Allocate"/>.</summary>
    /// <exception cref="ArgumentException">The options do not make a network.</exception>
    public UNet2D(UNet2DOptions options) : base(options)
    {
        ParameterScope root = Parameters.Root;
        int first = options.BlockOutChannels[0], levels = options.Levels;
        _convIn = new Conv2d(root.Under("conv_in"), options.SeenChannels, first, Same);
        _time = new UNet2DTime(root, options);
        (_downs, _ups) = (new UNet2DLevel[levels], new UNet2DLevel[levels]);
        for (int level = 0; level < levels; level++) _downs[level] = UNet2DLevel.Down(root.Under("down_blocks", level), level, options);
        for (int level = levels - 1; level >= 0; level--) _ups[level] = UNet2DLevel.Up(root.Under("up_blocks", levels - 1 - level), level, options);
        _middle = new UNet2DMiddle(root.Under("mid_block"), options);
        _normOut = new GroupNorm(root.Under("conv_norm_out"), options.NormNumGroups, first, (float)options.NormEps, silu: true);
        _convOut = new Conv2d(root.Under("conv_out"), first, options.OutChannels, Same);
    }

    /// <summary>Declares the parameters and gives them memory and first values.</summary>
    /// <param name="options">The size.</param>
    /// <param name="device">Where it computes.</param>
    /// <param name="seed">Of the first values.</param>
    /// <exception cref="ArgumentException">The options do not make a network.</exception>
    public UNet2D(UNet2DOptions options, Device device, ulong seed = 0) : this(options) => Parameters.Allocate(device, seed);

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x, NetworkPass pass)
    {
        if (Options.CenterInputSample) x = TensorOps.Affine(2, x, -1, Tensor.Full(x.Shape, 1, x.Device));
        var seen = new UNet2DPass(_time.Forward(pass.Timesteps, pass.Labels, x.Device), pass.Training);

        Tensor h = _convIn.Forward(x);
        Tensor? image = x;
        var skips = new Stack<Tensor>([h]);
        foreach (UNet2DLevel down in _downs)
        {
            for (int layer = 0; layer < down.Layers; layer++) skips.Push(h = down.Forward(layer, h, seen));
            if (down.Resample(ref h, ref image, seen)) skips.Push(h);
        }
        h = _middle.Forward(h, seen);
        image = null;
        for (int level = _ups.Length - 1; level >= 0; level--)
        {
            UNet2DLevel up = _ups[level];
            for (int layer = 0; layer < up.Layers; layer++) h = up.Forward(layer, Reshaping.ConcatChannels(h, skips.Pop()), seen);
            up.Resample(ref h, ref image, seen);
        }
        Tensor y = _convOut.Forward(_normOut, h, residual: image);
        return Options.TimeEmbeddingType == UNet2DTimeEmbedding.Fourier ? y.ScalePerSample(Inverse(pass.Timesteps)) : y;
    }

    // The result becomes a score, ∇ ln p(x): the noise over its deviation, which is what t is for these networks (Song et al. 2021).
    static float[] Inverse(ReadOnlySpan<float> times)
    {
        float[] inverse = times.ToArray();
        foreach (ref float time in inverse.AsSpan()) time = 1 / time;
        return inverse;
    }
}
