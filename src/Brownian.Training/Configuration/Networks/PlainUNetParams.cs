using Brownian.Diffusion;
using Brownian.Tensors;

namespace Brownian.Training;

/// <summary>
/// Type <c>plain_unet</c>: <see cref="PlainUNet"/>. The initial values are the tutorial's for CIFAR-10, with 31,800,259 parameters.
/// </summary>
public sealed record PlainUNetParams : ModelParams, IModelType<PlainUNetParams>
{
    const int MaxChannels = 1 << 12;

    /// <summary><c>in_ch</c>: channels of the images, in and out.</summary>
    public int ImageChannels { get; init; } = 3;

    /// <summary><c>im_size</c>: width and height of the images in pixels, or height and width where they differ.</summary>
    public Values<int> ImageSize { get; init; } = [32];

    /// <summary><c>w</c>: channels of the first level; each of the four below it has twice as many as the one above.</summary>
    public int FirstChannels { get; init; } = 64;

    /// <summary><c>time_dim</c>: the length of the sinusoidal time embedding, even.</summary>
    public int TimeFeatures { get; init; } = 256;

    /// <inheritdoc/>
    public override int Channels => ImageChannels;

    /// <inheritdoc/>
    public override int Height => ImageSize[0];

    /// <inheritdoc/>
    public override int Width => ImageSize[^1];

    static string IModelType<PlainUNetParams>.TypeName => "plain_unet";

    static ConfigKey<PlainUNetParams>[] IModelType<PlainUNetParams>.Keys =>
    [
        new("in_ch", (s, v) => s with { ImageChannels = v.Integer() }, s => s.ImageChannels),
        new("im_size", (s, v) => s with { ImageSize = v.OneOrList(i => i.Integer()) }, s => s.ImageSize.Count == 1 ? s.ImageSize[0] : s.ImageSize),
        new("w", (s, v) => s with { FirstChannels = v.Integer() }, s => s.FirstChannels),
        new("time_dim", (s, v) => s with { TimeFeatures = v.Integer() }, s => s.TimeFeatures),
    ];

    /// <inheritdoc/>
    public override IDenoisingNetwork CreateNetwork(Device device, ulong seed = 0) => new PlainUNet(ToOptions(), device, seed);

    internal override string SizeKey => "im_size";

    internal override bool MayBeOblong => true;

    internal override IReadOnlyList<string> ChannelKeys => ["in_ch"];

    internal PlainUNetOptions ToOptions() => new()
    {
        ImageChannels = ImageChannels,
        Height = Height,
        Width = Width,
        FirstChannels = FirstChannels,
        TimeFeatures = TimeFeatures,
    };

    internal override IEnumerable<(string Key, bool Good, string Message)> Rules()
    {
        yield return ("in_ch", ImageChannels is 1 or 3 or 4, $"is {ImageChannels}; images have 1, 3 or 4");
        yield return SizeRules.Of("im_size", ImageSize);
        yield return ("w", FirstChannels is >= 1 and <= MaxChannels, $"is {FirstChannels}; it must be 1 to {MaxChannels}");
        yield return ("time_dim", TimeFeatures is >= 4 and <= 1 << 16 && TimeFeatures % 2 == 0,
            $"is {TimeFeatures}; it must be even and at least 4, for sines and cosines");
    }
}
