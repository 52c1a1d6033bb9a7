using Brownian.Diffusion;
using Brownian.Tensors;

namespace Brownian.Training;

/// <summary>
/// Type <c>simple_unet</c>: <see cref="SimpleUNet"/>, under the names of the notebook's variables. The initial values are the tutorial's
/// for cars of 64×64 pixels, with 62,438,883 parameters.
/// </summary>
public sealed record SimpleUNetParams : ModelParams, IModelType<SimpleUNetParams>
{
    const int MaxChannels = 1 << 16;

    /// <summary><c>image_channels</c>: channels of the images, in and out.</summary>
    public int ImageChannels { get; init; } = 3;

    /// <summary><c>im_size</c>: width and height of the images in pixels, or height and width where they differ.</summary>
    public Values<int> ImageSize { get; init; } = [64];

    /// <summary><c>down_channels</c>: the width at each resolution, from the finest; the way up has the same.</summary>
    public Values<int> DownChannels { get; init; } = [64, 128, 256, 512, 1024];

    /// <summary><c>time_emb_dim</c>: the length of the sinusoidal time embedding, even.</summary>
    public int TimeEmbeddingSize { get; init; } = 32;

    /// <inheritdoc/>
    public override int Channels => ImageChannels;

    /// <inheritdoc/>
    public override int Height => ImageSize[0];

    /// <inheritdoc/>
    public override int Width => ImageSize[^1];

    static string IModelType<SimpleUNetParams>.TypeName => "simple_unet";

    static ConfigKey<SimpleUNetParams>[] IModelType<SimpleUNetParams>.Keys =>
    [
        new("image_channels", (s, v) => s with { ImageChannels = v.Integer() }, s => s.ImageChannels),
        new("im_size", (s, v) => s with { ImageSize = v.OneOrList(i => i.Integer()) }, s => s.ImageSize.Count == 1 ? s.ImageSize[0] : s.ImageSize),
        new("down_channels", (s, v) => s with { DownChannels = v.List(i => i.Integer()) }, s => s.DownChannels),
        new("time_emb_dim", (s, v) => s with { TimeEmbeddingSize = v.Integer() }, s => s.TimeEmbeddingSize),
    ];

    /// <inheritdoc/>
    public override IDenoisingNetwork CreateNetwork(Device device, ulong seed = 0) => new SimpleUNet(ToOptions(), device, seed);

    internal override string SizeKey => "im_size";

    internal override bool MayBeOblong => true;

    internal override IReadOnlyList<string> ChannelKeys => ["image_channels"];

    internal SimpleUNetOptions ToOptions() => new()
    {
        ImageChannels = ImageChannels,
        Height = Height,
        Width = Width,
        DownChannels = DownChannels,
        TimeEmbDim = TimeEmbeddingSize,
    };

    internal override IEnumerable<(string Key, bool Good, string Message)> Rules()
    {
        yield return ("image_channels", ImageChannels is 1 or 3 or 4, $"is {ImageChannels}; images have 1, 3 or 4");
        yield return ("down_channels", DownChannels.Count is >= 2 and <= 20,
            $"has {DownChannels.Count} entries; it needs at least 2, for one down block, and at most 20");
        foreach (int channels in DownChannels)
            yield return ("down_channels", channels is >= 1 and <= MaxChannels, $"has {channels}; it must be 1 to {MaxChannels}");
        yield return SizeRules.Of("im_size", ImageSize);
        yield return ("time_emb_dim", TimeEmbeddingSize is >= 4 and <= MaxChannels && TimeEmbeddingSize % 2 == 0,
            $"is {TimeEmbeddingSize}; it must be even and at least 4, for sines and cosines");
    }
}
