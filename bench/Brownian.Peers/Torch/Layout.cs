using static TorchSharp.torch;

namespace Brownian.Peers;

/// <summary>The order in which libtorch keeps the numbers of images and of the convolutions' weights.</summary>
enum Layout
{
    /// <summary>N×C×H×W, as TorchSharp makes tensors.</summary>
    ChannelsFirst,

    /// <summary>The same extents, the channels adjacent in memory.</summary>
    ChannelsLast,
}

static class Layouts
{
    /// <summary>
    /// A copy of N×C×H×W in this order. TorchSharp has no argument for it; libtorch's convolutions, norms and sums follow the strides of
    /// what they are given.
    /// </summary>
    public static Tensor Order(this Layout layout, Tensor images) => layout == Layout.ChannelsFirst
        ? images.contiguous()
        : images.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);
}
