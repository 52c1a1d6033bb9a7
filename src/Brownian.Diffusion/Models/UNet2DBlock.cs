using Brownian.Tensors;

namespace Brownian;

/// <summary>What a level of a <see cref="UNet2D"/> is made of, going down or up. Every kind has resnets; see <see cref="UNet2DBlockNames"/>.</summary>
public enum UNet2DBlock
{
    /// <summary>Resnets, then a convolution of stride 2, or one of the image repeated 2×2.</summary>
    Plain,

    /// <summary>The same with attention after each resnet.</summary>
    Attention,

    /// <summary>Resnets, then a resnet that averages over 2×2 pixels, or repeats them, before its first convolution.</summary>
    Resnet,

    /// <summary>
    /// That of NCSN++ (Song et al. 2021, appendix H): resnets, then one that resamples with a smooth filter, and beside them a pyramid of
    /// images, added to the features going down and gathered from them going up.
    /// </summary>
    Skip,
}

/// <summary>How diffusers calls the blocks; the one place that knows.</summary>
public static class UNet2DBlockNames
{
    static readonly (UNet2DBlock Block, string Down, string Up)[] Names =
    [
        (UNet2DBlock.Plain, "DownBlock2D", "UpBlock2D"),
        (UNet2DBlock.Attention, "AttnDownBlock2D", "AttnUpBlock2D"),
        (UNet2DBlock.Resnet, "ResnetDownsampleBlock2D", "ResnetUpsampleBlock2D"),
        (UNet2DBlock.Skip, "SkipDownBlock2D", "SkipUpBlock2D"),
    ];

    /// <summary>The names that <c>down_block_types</c> may hold.</summary>
    public static IEnumerable<string> Down => Names.Select(names => names.Down);

    /// <summary>The names that <c>up_block_types</c> may hold.</summary>
    public static IEnumerable<string> Up => Names.Select(names => names.Up);

    /// <summary>The block with this name in either list.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static UNet2DBlock Block(string name)
    {
        foreach ((UNet2DBlock block, string down, string up) in Names)
        {
            if (name == down || name == up) return block;
        }
        throw new ArgumentException($"UNet2D: there is no block '{name}'; there are {string.Join(", ", Down.Concat(Up))}.");
    }
}

/// <summary>How the blocks with attention reach the next resolution.</summary>
public enum UNet2DSampling
{
    /// <summary>As <see cref="UNet2DBlock.Plain"/> ones do.</summary>
    Conv,

    /// <summary>As <see cref="UNet2DBlock.Resnet"/> ones do.</summary>
    Resnet,
}

/// <summary>How the time embedding enters a resnet.</summary>
public enum UNet2DConditioning
{
    /// <summary>Added after the first convolution (Ho et al. 2020).</summary>
    Default,

    /// <summary>Scales and shifts what the second norm gives (Dhariwal &amp; Nichol 2021, eq. 11).</summary>
    ScaleShift,
}

/// <summary>What the time embedding starts from.</summary>
public enum UNet2DTimeEmbedding
{
    /// <summary>Sines and cosines of fixed frequencies.</summary>
    Positional,

    /// <summary>Sines and cosines of ln t times random frequencies. The network's result is divided by t (Song et al. 2021).</summary>
    Fourier,

    /// <summary>A learned row for each timestep.</summary>
    Learned,
}

/// <summary>The function that follows the norms of resnets.</summary>
public enum UNet2DActivation
{
    /// <summary>x·σ(x), which diffusers also calls swish.</summary>
    Silu,

    /// <summary>x·tanh(ln(1 + eˣ)).</summary>
    Mish,

    /// <summary>x·Φ(x), the exact form.</summary>
    Gelu,

    /// <summary>max(x, 0)</summary>
    Relu,
}

static class UNet2DActivations
{
    public static Tensor Of(this UNet2DActivation activation, Tensor x) => activation switch
    {
        UNet2DActivation.Mish => x.Mish(),
        UNet2DActivation.Gelu => x.Gelu(),
        UNet2DActivation.Relu => x.Relu(),
        _ => x.Silu(),
    };
}
