using Brownian.Diffusion;
using Brownian.Tensors;

namespace Brownian.Training;

/// <summary>
/// Type <c>unet2d</c>: <see cref="UNet2D"/>, under the keys of a diffusers model's <c>config.json</c>. The initial values are those of
/// google/ddpm-cifar10-32, with 35,746,307 parameters.
/// </summary>
public sealed record UNet2DParams : ModelParams, IModelType<UNet2DParams>
{
    const int MaxChannels = 1 << 16;
    const string Plain = "Block2D", Attending = "Attn";

    /// <summary><c>sample_size</c>: width and height of the images in pixels, or height and width where they differ.</summary>
    public Values<int> SampleSize { get; init; } = [32];

    /// <summary><c>in_channels</c>: channels of the images.</summary>
    public int InChannels { get; init; } = 3;

    /// <summary><c>out_channels</c>: as many, or twice as many for a learned variance.</summary>
    public int OutChannels { get; init; } = 3;

    /// <summary><c>block_out_channels</c>: the width of each level, from the finest.</summary>
    public Values<int> BlockOutChannels { get; init; } = [128, 256, 256, 256];

    /// <summary><c>down_block_types</c>: DownBlock2D or AttnDownBlock2D for each level, from the finest.</summary>
    public Values<string> DownBlockTypes { get; init; } = ["DownBlock2D", "AttnDownBlock2D", "DownBlock2D", "DownBlock2D"];

    /// <summary><c>up_block_types</c>: UpBlock2D or AttnUpBlock2D for each level, from the coarsest.</summary>
    public Values<string> UpBlockTypes { get; init; } = ["UpBlock2D", "UpBlock2D", "AttnUpBlock2D", "UpBlock2D"];

    /// <summary><c>layers_per_block</c>: ResNets in each down block; an up block has one more.</summary>
    public int LayersPerBlock { get; init; } = 2;

    /// <summary><c>attention_head_dim</c>: channels of one head; null for a single head over all channels.</summary>
    public int? AttentionHeadDim { get; init; }

    /// <summary><c>norm_num_groups</c>: groups of every norm.</summary>
    public int NormNumGroups { get; init; } = 32;

    /// <summary><c>norm_eps</c>: added to every variance.</summary>
    public double NormEps { get; init; } = 1e-6;

    /// <summary><c>act_fn</c>: silu, also called swish, is what there is.</summary>
    public string ActFn { get; init; } = "silu";

    /// <summary><c>downsample_padding</c>: 1, or 0 for zeros at the bottom and right only.</summary>
    public int DownsamplePadding { get; init; }

    /// <summary><c>flip_sin_to_cos</c>: the time embedding's cosines come first.</summary>
    public bool FlipSinToCos { get; init; }

    /// <summary><c>freq_shift</c>: of the time embedding's frequencies.</summary>
    public double FreqShift { get; init; } = 1;

    /// <summary><c>dropout</c>: the share of activations dropped in training.</summary>
    public double Dropout { get; init; }

    /// <summary><c>num_class_embeds</c>: the number of classes; null for an unconditional network.</summary>
    public int? NumClassEmbeds { get; init; }

    /// <inheritdoc/>
    public override int Channels => InChannels;

    /// <inheritdoc/>
    public override int OutputChannels => OutChannels;

    /// <inheritdoc/>
    public override int Classes => NumClassEmbeds ?? 0;

    /// <inheritdoc/>
    public override int Height => SampleSize[0];

    /// <inheritdoc/>
    public override int Width => SampleSize[^1];

    static string IModelType<UNet2DParams>.TypeName => "unet2d";

    static ConfigKey<UNet2DParams>[] IModelType<UNet2DParams>.Keys =>
    [
        new("sample_size", (s, v) => s with { SampleSize = v.OneOrList(i => i.Integer()) },
            s => s.SampleSize.Count == 1 ? s.SampleSize[0] : s.SampleSize),
        new("in_channels", (s, v) => s with { InChannels = v.Integer() }, s => s.InChannels),
        new("out_channels", (s, v) => s with { OutChannels = v.Integer() }, s => s.OutChannels),
        new("block_out_channels", (s, v) => s with { BlockOutChannels = v.List(i => i.Integer()) }, s => s.BlockOutChannels),
        new("down_block_types", (s, v) => s with { DownBlockTypes = v.List(i => i.Text()) }, s => s.DownBlockTypes),
        new("up_block_types", (s, v) => s with { UpBlockTypes = v.List(i => i.Text()) }, s => s.UpBlockTypes),
        new("layers_per_block", (s, v) => s with { LayersPerBlock = v.Integer() }, s => s.LayersPerBlock),
        new("attention_head_dim", (s, v) => s with { AttentionHeadDim = v.IsNull ? null : v.Integer() },
            s => s.AttentionHeadDim, MayBeNull: true),
        new("norm_num_groups", (s, v) => s with { NormNumGroups = v.Integer() }, s => s.NormNumGroups),
        new("norm_eps", (s, v) => s with { NormEps = v.Number() }, s => s.NormEps),
        new("act_fn", (s, v) => s with { ActFn = v.Text() }, s => s.ActFn),
        new("downsample_padding", (s, v) => s with { DownsamplePadding = v.Integer() }, s => s.DownsamplePadding),
        new("flip_sin_to_cos", (s, v) => s with { FlipSinToCos = v.Flag() }, s => s.FlipSinToCos),
        new("freq_shift", (s, v) => s with { FreqShift = v.Number() }, s => s.FreqShift),
        new("dropout", (s, v) => s with { Dropout = v.Number() }, s => s.Dropout),
        new("num_class_embeds", (s, v) => s with { NumClassEmbeds = v.IsNull ? null : v.Integer() },
            s => s.NumClassEmbeds, MayBeNull: true),
    ];

    /// <inheritdoc/>
    public override IDenoisingNetwork CreateNetwork(Device device, ulong seed = 0) => new UNet2D(
        new UNet2DOptions
        {
            Height = Height,
            Width = Width,
            InChannels = InChannels,
            OutChannels = OutChannels,
            BlockOutChannels = BlockOutChannels,
            DownAttention = [.. DownBlockTypes.Select(Attends)],
            UpAttention = [.. UpBlockTypes.Reverse().Select(Attends)],
            LayersPerBlock = LayersPerBlock,
            AttentionHeadDim = AttentionHeadDim ?? 0,
            NormNumGroups = NormNumGroups,
            NormEps = (float)NormEps,
            DownsamplePadding = DownsamplePadding,
            FlipSinToCos = FlipSinToCos,
            FreqShift = (float)FreqShift,
            Dropout = (float)Dropout,
            NumClassEmbeds = NumClassEmbeds ?? 0,
        },
        device, seed);

    internal override string SizeKey => "sample_size";

    internal override bool MayBeOblong => true;

    internal override IReadOnlyList<string> ChannelKeys => ["in_channels", "out_channels"];

    internal override ModelParams WithClasses(int classes) => this with { NumClassEmbeds = classes };

    internal override IEnumerable<(string Key, bool Good, string Message)> Rules()
    {
        int levels = BlockOutChannels.Count, multiple = 1 << Math.Clamp(levels - 1, 0, 20);
        yield return ("sample_size", SampleSize.Count is 1 or 2 && SampleSize.All(side => side is >= 1 and <= 4096),
            $"is {SampleSize}; it must be one number, or [height, width], of 1 to 4096");
        yield return ("in_channels", InChannels is 1 or 3 or 4, $"is {InChannels}; images have 1, 3 or 4");
        yield return ("out_channels", OutChannels == InChannels || OutChannels == 2 * InChannels,
            $"is {OutChannels}; it must be in_channels, {InChannels}, or twice that for a learned variance");
        yield return ("block_out_channels", levels is >= 1 and <= 20, $"has {levels} entries; it must have 1 to 20");
        yield return ("sample_size", SampleSize.All(side => side % multiple == 0),
            $"is {SampleSize}, which cannot be halved {levels - 1} times; use multiples of {multiple}");
        yield return ("norm_num_groups", NormNumGroups is >= 1 and <= MaxChannels, $"is {NormNumGroups}; it must be at least 1");
        yield return ("attention_head_dim", AttentionHeadDim is null or >= 1, $"is {AttentionHeadDim}; it must be at least 1");
        foreach (int channels in BlockOutChannels)
        {
            yield return ("block_out_channels", channels is >= 2 and <= MaxChannels && channels % NormNumGroups == 0,
                $"has {channels}; it must be at least 2 and a multiple of norm_num_groups, {NormNumGroups}");
        }
        foreach ((string, bool, string) rule in BlockRules("down_block_types", DownBlockTypes, "Down")) yield return rule;
        foreach ((string, bool, string) rule in BlockRules("up_block_types", UpBlockTypes, "Up")) yield return rule;
        for (int i = 0; i < levels; i++)
        {
            // The middle, at the coarsest level, attends in any case.
            bool attends = Attends(DownBlockTypes[i]) || Attends(UpBlockTypes[levels - 1 - i]) || i == levels - 1;
            yield return ("attention_head_dim", AttentionHeadDim is null || !attends || BlockOutChannels[i] % AttentionHeadDim == 0,
                $"is {AttentionHeadDim}, which does not divide {BlockOutChannels[i]}, one of block_out_channels");
        }
        yield return ("layers_per_block", LayersPerBlock is >= 1 and <= 100, $"is {LayersPerBlock}; it must be at least 1");
        yield return ("norm_eps", NormEps is > 0 and < 1, $"is {NormEps}; it must be above 0 and below 1");
        yield return ("act_fn", ActFn is "silu" or "swish", $"is '{ActFn}'; there is silu");
        yield return ("downsample_padding", DownsamplePadding is 0 or 1, $"is {DownsamplePadding}; it must be 0 or 1");
        yield return ("freq_shift", FreqShift >= 0 && FreqShift < BlockOutChannels[0] / 2,
            $"is {FreqShift}; it must be at least 0 and below half of the first of block_out_channels, {BlockOutChannels[0]}");
        yield return ("dropout", Dropout is >= 0 and < 1, $"is {Dropout}; it must be at least 0 and below 1");
        yield return ("num_class_embeds", NumClassEmbeds is null or >= 1, $"is {NumClassEmbeds}; it must be at least 1");
    }

    IEnumerable<(string Key, bool Good, string Message)> BlockRules(string key, Values<string> types, string direction)
    {
        string plain = $"{direction}{Plain}";
        yield return (key, types.Count == BlockOutChannels.Count,
            $"has {types.Count} entries for {BlockOutChannels.Count} levels; give one for each of block_out_channels");
        foreach (string type in types)
            yield return (key, type == plain || type == Attending + plain, $"has '{type}'; there are {plain} and {Attending}{plain}");
    }

    static bool Attends(string blockType) => blockType.StartsWith(Attending, StringComparison.Ordinal);
}
