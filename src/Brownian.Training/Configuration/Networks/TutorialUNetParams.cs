using Brownian.Diffusion;
using Brownian.Tensors;

namespace Brownian.Training;

/// <summary>
/// Type <c>tutorial_unet</c>: <see cref="TutorialUNet"/>. The initial values are those of the tutorial's default.yaml, with 10,188,081
/// parameters.
/// </summary>
public sealed record TutorialUNetParams : ModelParams, IModelType<TutorialUNetParams>
{
    const int NormGroups = 8;
    const int LastUpChannels = 16;
    const int MaxChannels = 1 << 16;

    /// <summary><c>im_channels</c>: channels of the images, in and out.</summary>
    public int ImageChannels { get; init; } = 1;

    /// <summary><c>im_size</c>: width and height of the images in pixels.</summary>
    public int ImageSize { get; init; } = 28;

    /// <summary><c>down_channels</c>: the width at each resolution, from the finest; one more than there are down blocks.</summary>
    public Values<int> DownChannels { get; init; } = [32, 64, 128, 256];

    /// <summary><c>mid_channels</c>: from the last of <see cref="DownChannels"/> to the last but one.</summary>
    public Values<int> MidChannels { get; init; } = [256, 256, 128];

    /// <summary><c>down_sample</c>: whether each down block halves the image.</summary>
    public Values<bool> DownSample { get; init; } = [true, true, false];

    /// <summary><c>time_emb_dim</c>: the length of the sinusoidal time embedding, even.</summary>
    public int TimeEmbeddingSize { get; init; } = 128;

    /// <summary><c>num_down_layers</c>: ResNet and attention layers in each down block.</summary>
    public int DownLayers { get; init; } = 2;

    /// <summary><c>num_mid_layers</c>: the same in each middle block.</summary>
    public int MidLayers { get; init; } = 2;

    /// <summary><c>num_up_layers</c>: the same in each up block.</summary>
    public int UpLayers { get; init; } = 2;

    /// <summary><c>num_heads</c>: heads of every attention.</summary>
    public int Heads { get; init; } = 4;

    /// <inheritdoc/>
    public override int Channels => ImageChannels;

    /// <inheritdoc/>
    public override int Height => ImageSize;

    /// <inheritdoc/>
    public override int Width => ImageSize;

    static string IModelType<TutorialUNetParams>.TypeName => "tutorial_unet";

    static ConfigKey<TutorialUNetParams>[] IModelType<TutorialUNetParams>.Keys =>
    [
        new("im_channels", (s, v) => s with { ImageChannels = v.Integer() }, s => s.ImageChannels),
        new("im_size", (s, v) => s with { ImageSize = v.Integer() }, s => s.ImageSize),
        new("down_channels", (s, v) => s with { DownChannels = v.List(i => i.Integer()) }, s => s.DownChannels),
        new("mid_channels", (s, v) => s with { MidChannels = v.List(i => i.Integer()) }, s => s.MidChannels),
        new("down_sample", (s, v) => s with { DownSample = v.List(i => i.Flag()) }, s => s.DownSample),
        new("time_emb_dim", (s, v) => s with { TimeEmbeddingSize = v.Integer() }, s => s.TimeEmbeddingSize),
        new("num_down_layers", (s, v) => s with { DownLayers = v.Integer() }, s => s.DownLayers),
        new("num_mid_layers", (s, v) => s with { MidLayers = v.Integer() }, s => s.MidLayers),
        new("num_up_layers", (s, v) => s with { UpLayers = v.Integer() }, s => s.UpLayers),
        new("num_heads", (s, v) => s with { Heads = v.Integer() }, s => s.Heads),
    ];

    /// <inheritdoc/>
    public override IDenoisingNetwork CreateNetwork(Device device, ulong seed = 0) => new TutorialUNet(
        new TutorialUNetOptions
        {
            ImChannels = ImageChannels,
            ImSize = ImageSize,
            DownChannels = DownChannels,
            MidChannels = MidChannels,
            DownSample = DownSample,
            TimeEmbDim = TimeEmbeddingSize,
            NumDownLayers = DownLayers,
            NumMidLayers = MidLayers,
            NumUpLayers = UpLayers,
            NumHeads = Heads,
        },
        device, seed);

    internal override string SizeKey => "im_size";

    internal override IReadOnlyList<string> ChannelKeys => ["im_channels"];

    internal override IEnumerable<(string Key, bool Good, string Message)> Rules()
    {
        yield return ("im_channels", ImageChannels is 1 or 3 or 4, $"is {ImageChannels}; images have 1, 3 or 4");
        yield return ("im_size", ImageSize is >= 1 and <= 4096, $"is {ImageSize}; it must be 1 to 4096");
        yield return ("down_channels", DownChannels.Count is >= 2 and <= 20,
            $"has {DownChannels.Count} entries; it needs at least 2, for one down block");
        yield return ("mid_channels", MidChannels.Count is >= 2 and <= 100,
            $"has {MidChannels.Count} entries; it needs at least 2, for one middle block");
        yield return ("down_sample", DownSample.Count == DownChannels.Count - 1,
            $"has {DownSample.Count} entries for {DownChannels.Count - 1} down blocks; give one fewer than down_channels has");
        yield return ("num_heads", Heads >= 1 && LastUpChannels % Heads == 0,
            $"is {Heads}; it must divide {LastUpChannels}, the channels of the last up block");
        foreach ((string, bool, string) rule in ChannelRules("down_channels", DownChannels)) yield return rule;
        foreach ((string, bool, string) rule in ChannelRules("mid_channels", MidChannels)) yield return rule;
        yield return ("mid_channels", MidChannels[0] == DownChannels[^1],
            $"starts with {MidChannels[0]}; it must start with the last of down_channels, {DownChannels[^1]}");
        yield return ("mid_channels", MidChannels[^1] == DownChannels[^2],
            $"ends with {MidChannels[^1]}; it must end with the last but one of down_channels, {DownChannels[^2]}");
        yield return ("time_emb_dim", TimeEmbeddingSize >= 2 && TimeEmbeddingSize <= MaxChannels && TimeEmbeddingSize % 2 == 0,
            $"is {TimeEmbeddingSize}; it must be even, for sines and cosines");
        yield return ("num_down_layers", DownLayers is >= 1 and <= 100, $"is {DownLayers}; it must be at least 1");
        yield return ("num_mid_layers", MidLayers is >= 1 and <= 100, $"is {MidLayers}; it must be at least 1");
        yield return ("num_up_layers", UpLayers is >= 1 and <= 100, $"is {UpLayers}; it must be at least 1");
    }

    IEnumerable<(string Key, bool Good, string Message)> ChannelRules(string key, Values<int> channels)
    {
        foreach (int count in channels)
        {
            yield return (key, count >= 1 && count <= MaxChannels && count % NormGroups == 0,
                $"has {count}; it must be a multiple of {NormGroups}, the groups of the norms");
            yield return (key, count % Heads == 0, $"has {count}, which num_heads, {Heads}, does not divide");
        }
    }
}
