using Brownian.IO;
using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// The make of a <see cref="UNet2D"/>, under the keys of a diffusers model's <c>config.json</c>. The defaults are google/ddpm-cifar10-32,
/// 35,746,307 parameters.
/// </summary>
public sealed record UNet2DOptions : NetworkOptions
{
    const int MaxChannels = 1 << 16;
    const string MiddleName = "UNetMidBlock2D";

    /// <inheritdoc/>
    [Key("sample_size", OneOrMany = true)] public override Values<int> ImageSize { get; init; } = [32];

    /// <summary>Channels of the images.</summary>
    [Key("in_channels")] public int InChannels { get; init; } = 3;

    /// <summary>Channels of the result: as many, or twice as many for a learned variance.</summary>
    [Key("out_channels")] public int OutChannels { get; init; } = 3;

    /// <summary>Whether the network looks at 2x − 1.</summary>
    [Key("center_input_sample")] public bool CenterInputSample { get; init; }

    /// <summary>What the time embedding starts from.</summary>
    [Key("time_embedding_type")] public UNet2DTimeEmbedding TimeEmbeddingType { get; init; }

    /// <summary>Features of the time embedding; null for four times the first of <see cref="BlockOutChannels"/>.</summary>
    [Key("time_embedding_dim")] public int? TimeEmbeddingDim { get; init; }

    /// <summary>Subtracted from half the features in the divisor of the time embedding's exponents: 1 as Ho et al. 2020 do, or 0.</summary>
    [Key("freq_shift")] public double FreqShift { get; init; } = 1;

    /// <summary>The time embedding's cosines come first.</summary>
    [Key("flip_sin_to_cos")] public bool FlipSinToCos { get; init; }

    /// <summary>The block of each level going down, from the finest: DownBlock2D, AttnDownBlock2D, ResnetDownsampleBlock2D or SkipDownBlock2D.</summary>
    [Key("down_block_types")] public Values<string> DownBlockTypes { get; init; } = ["DownBlock2D", "AttnDownBlock2D", "DownBlock2D", "DownBlock2D"];

    /// <summary>The block in the middle; UNetMidBlock2D is the only one.</summary>
    [Key("mid_block_type")] public string MidBlockType { get; init; } = MiddleName;

    /// <summary>The block of each level going up, from the coarsest: as <see cref="DownBlockTypes"/>, with Up for Down.</summary>
    [Key("up_block_types")] public Values<string> UpBlockTypes { get; init; } = ["UpBlock2D", "UpBlock2D", "AttnUpBlock2D", "UpBlock2D"];

    /// <summary>The channels of each level, from the finest.</summary>
    [Key("block_out_channels")] public Values<int> BlockOutChannels { get; init; } = [128, 256, 256, 256];

    /// <summary>Resnets per level going down; going up there is one more.</summary>
    [Key("layers_per_block")] public int LayersPerBlock { get; init; } = 2;

    /// <summary>What the middle's resnets and attention divide their results by.</summary>
    [Key("mid_block_scale_factor")] public double MidBlockScaleFactor { get; init; } = 1;

    /// <summary>The padding of the down-sampling convolutions: 1, or 0 for one row and column of zeros at the bottom and right only.</summary>
    [Key("downsample_padding")] public int DownsamplePadding { get; init; }

    /// <summary>How levels with attention are halved.</summary>
    [Key("downsample_type")] public UNet2DSampling DownsampleType { get; init; }

    /// <summary>How levels with attention are doubled.</summary>
    [Key("upsample_type")] public UNet2DSampling UpsampleType { get; init; }

    /// <summary>The share of activations dropped between the convolutions of a resnet in training, from 0 to below 1.</summary>
    [Key("dropout")] public double Dropout { get; init; }

    /// <summary>
    /// What follows the norms of resnets, and the time embedding: silu, also called swish, mish, gelu or relu. The last norm is followed by SiLU
    /// in any case.
    /// </summary>
    [Key("act_fn")] public string ActFn { get; init; } = "silu";

    /// <summary>Channels of one attention head; null for a single head over all channels.</summary>
    [Key("attention_head_dim")] public int? AttentionHeadDim { get; init; }

    /// <summary>The groups of every norm but those of <see cref="UNet2DBlock.Skip"/> blocks, which have a quarter of the channels, 32 at most.</summary>
    [Key("norm_num_groups")] public int NormNumGroups { get; init; } = 32;

    /// <summary>
    /// The groups of the norm before the middle's attention; null for <see cref="NormNumGroups"/>, or for no norm where
    /// <see cref="ResnetTimeScaleShift"/> is <see cref="UNet2DConditioning.ScaleShift"/>.
    /// </summary>
    [Key("attn_norm_num_groups")] public int? AttnNormNumGroups { get; init; }

    /// <summary>What every norm adds to the variance before it divides by its root.</summary>
    [Key("norm_eps")] public double NormEps { get; init; } = 1e-6;

    /// <summary>How the time embedding enters the resnets.</summary>
    [Key("resnet_time_scale_shift")] public UNet2DConditioning ResnetTimeScaleShift { get; init; }

    /// <summary>Whether there is attention between the middle's resnets.</summary>
    [Key("add_attention")] public bool AddAttention { get; init; } = true;

    /// <summary>How labels are embedded; null, for the learned rows of <see cref="NumClassEmbeds"/>, is the only way.</summary>
    [Key("class_embed_type")] public string? ClassEmbedType { get; init; }

    /// <summary>The number of classes; null for an unconditional network.</summary>
    [Key("num_class_embeds")] public int? NumClassEmbeds { get; init; }

    /// <summary>The rows of a learned time embedding; null for any other.</summary>
    [Key("num_train_timesteps")] public int? NumTrainTimesteps { get; init; }

    /// <summary>What each level going down is made of, from the finest.</summary>
    public IReadOnlyList<UNet2DBlock> DownBlocks => [.. DownBlockTypes.Select(UNet2DBlockNames.Block)];

    /// <summary>What each level going up is made of, likewise from the finest: <see cref="UpBlockTypes"/> reversed.</summary>
    public IReadOnlyList<UNet2DBlock> UpBlocks => [.. UpBlockTypes.Reverse().Select(UNet2DBlockNames.Block)];

    /// <summary><see cref="ActFn"/>.</summary>
    public UNet2DActivation Activation => ActFn switch
    {
        "mish" => UNet2DActivation.Mish,
        "gelu" => UNet2DActivation.Gelu,
        "relu" => UNet2DActivation.Relu,
        _ => UNet2DActivation.Silu,
    };

    /// <inheritdoc/>
    public override int Channels => InChannels;

    /// <inheritdoc/>
    public override int OutputChannels => OutChannels;

    /// <inheritdoc/>
    public override int Classes => NumClassEmbeds ?? 0;

    /// <inheritdoc/>
    public override int SizeMultiple => 1 << (Levels - 1);

    /// <inheritdoc/>
    public override IReadOnlyList<string> ChannelProperties => [nameof(InChannels), nameof(OutChannels)];

    /// <inheritdoc/>
    public override string? ClassesProperty => nameof(NumClassEmbeds);

    /// <inheritdoc/>
    public override (string Property, int Most)? TimestepLimit =>
        TimeEmbeddingType == UNet2DTimeEmbedding.Learned && NumTrainTimesteps is { } rows ? (nameof(NumTrainTimesteps), rows) : null;

    /// <inheritdoc/>
    public override Rule? TrainingRule => new(
        nameof(TimeEmbeddingType), TimeEmbeddingType != UNet2DTimeEmbedding.Fourier,
        "is fourier, for times above 0; training counts them from 0, so use positional");

    /// <inheritdoc/>
    public override NetworkOptions? WithClasses(int classes) => this with { NumClassEmbeds = classes == 0 ? null : classes };

    /// <inheritdoc/>
    public override IDenoisingNetwork CreateNetwork(Device device, ulong seed = 0) => new UNet2D(this, device, seed);

    internal int Levels => BlockOutChannels.Count;

    internal int TimeFeatures => TimeEmbeddingDim ?? 4 * BlockOutChannels[0];

    /// <summary>The number of resnets in levels and in the middle: those between resolutions are counted from here on.</summary>
    internal int FirstFreeSite => Levels * (2 * LayersPerBlock + 1) + 2;

    /// <summary>The groups of the norm before the middle's attention, 0 for no norm.</summary>
    internal int MidAttentionGroups => AttnNormNumGroups ?? (ResnetTimeScaleShift == UNet2DConditioning.Default ? NormNumGroups : 0);

    /// <summary>The channels that come into a level from the next finer one.</summary>
    internal int ChannelsAbove(int level) => BlockOutChannels[Math.Max(level - 1, 0)];

    /// <summary>The block whose way of halving a level has.</summary>
    internal UNet2DBlock EndOfDown(int level) => End(DownBlocks[level], DownsampleType);

    /// <summary>The block whose way of doubling a level has.</summary>
    internal UNet2DBlock EndOfUp(int level) => End(UpBlocks[level], UpsampleType);

    static UNet2DBlock End(UNet2DBlock block, UNet2DSampling sampling) =>
        block == UNet2DBlock.Attention && sampling == UNet2DSampling.Resnet ? UNet2DBlock.Resnet : block;

    internal static int QuarterGroups(int channels) => Math.Min(channels / 4, 32);

    internal int HeadsOf(int channels) => channels / (AttentionHeadDim ?? channels);

    /// <inheritdoc/>
    public override IEnumerable<Rule> Rules() => ImageRules().Concat(LevelRules()).Concat(MiddleRules()).Concat(TimeAndRest());

    IEnumerable<Rule> ImageRules()
    {
        yield return SizeRule;
        yield return (nameof(InChannels), InChannels >= 1, $"is {InChannels}; it must be at least 1");
        yield return (nameof(OutChannels), OutChannels == InChannels || OutChannels == 2 * InChannels,
            $"is {OutChannels}; it must be {nameof(InChannels)}, {InChannels}, or twice that for a learned variance");
        yield return (nameof(BlockOutChannels), Levels is >= 1 and <= 20, $"has {Counted.Of(Levels, "entry", "entries")}; it must have 1 to 20");
        yield return (nameof(NormNumGroups), NormNumGroups is >= 1 and <= MaxChannels, $"is {NormNumGroups}; it must be at least 1");
        yield return (nameof(AttentionHeadDim), AttentionHeadDim is null or >= 1, $"is {AttentionHeadDim}; it must be at least 1");
    }

    IEnumerable<Rule> LevelRules()
    {
        foreach (int channels in BlockOutChannels)
        {
            yield return (nameof(BlockOutChannels), channels is >= 2 and <= MaxChannels && channels % NormNumGroups == 0,
                $"has {channels}; it must be at least 2 and a multiple of {nameof(NormNumGroups)}, {NormNumGroups}");
        }
        int[] fromCoarsest = [.. BlockOutChannels.Reverse()];
        foreach (Rule rule in BlockRules(nameof(DownBlockTypes), DownBlockTypes, UNet2DBlockNames.Down, BlockOutChannels)) yield return rule;
        foreach (Rule rule in BlockRules(nameof(UpBlockTypes), UpBlockTypes, UNet2DBlockNames.Up, fromCoarsest)) yield return rule;
        foreach (Rule rule in SkipRules(nameof(DownBlockTypes), [.. DownBlockTypes])) yield return rule;
        foreach (Rule rule in SkipRules(nameof(UpBlockTypes), [.. UpBlockTypes.Reverse()])) yield return rule;
    }

    IEnumerable<Rule> BlockRules(string property, Values<string> types, IEnumerable<string> known, IReadOnlyList<int> channels)
    {
        yield return (property, types.Count == channels.Count,
            $"has {Counted.Of(types.Count, "entry", "entries")} for {Counted.Of(channels.Count, "level")}; give one for each of {nameof(BlockOutChannels)}");
        foreach (string type in types) yield return (property, known.Contains(type), $"has '{type}'; there are {string.Join(", ", known)}");
        for (int i = 0; i < types.Count; i++)
        {
            UNet2DBlock block = UNet2DBlockNames.Block(types[i]);
            if (block == UNet2DBlock.Attention) yield return HeadRule(channels[i]);
            if (block != UNet2DBlock.Skip) continue;
            yield return (property, InChannels == 3 && OutChannels == 3,
                $"has {types[i]}, which knows images of 3 channels only; {nameof(InChannels)} and {nameof(OutChannels)} are {InChannels} and {OutChannels}");
            yield return (nameof(SelfConditioned), !SelfConditioned,
                $"is true, but {nameof(DownBlockTypes)} or {nameof(UpBlockTypes)} has {types[i]}, which passes the image alone on; remove one");
            yield return (nameof(BlockOutChannels), channels[i] % 4 == 0 && (channels[i] <= 128 || channels[i] % 32 == 0),
                $"has {channels[i]}; a {types[i]}'s must be a multiple of 4, and above 128 of 32");
        }
    }

    Rule HeadRule(int channels) => new(
        nameof(AttentionHeadDim), AttentionHeadDim is null || channels % AttentionHeadDim == 0,
        $"is {AttentionHeadDim}, which does not divide {channels}, one of {nameof(BlockOutChannels)}");

    /// <summary>The image beside Skip blocks comes from, or goes to, the finest level: all between must pass it on.</summary>
    static IEnumerable<Rule> SkipRules(string property, IReadOnlyList<string> fromFinest)
    {
        for (int i = 1; i < fromFinest.Count; i++)
        {
            bool skip = UNet2DBlockNames.Block(fromFinest[i]) == UNet2DBlock.Skip, finer = UNet2DBlockNames.Block(fromFinest[i - 1]) == UNet2DBlock.Skip;
            yield return (property, !skip || finer,
                $"has {fromFinest[i]} where the next finer level has {fromFinest[i - 1]}; all finer levels must be {fromFinest[i]} too");
        }
    }

    IEnumerable<Rule> MiddleRules()
    {
        int channels = BlockOutChannels[^1];
        yield return (nameof(MidBlockType), MidBlockType == MiddleName, $"is '{MidBlockType}'; there is {MiddleName}");
        if (AddAttention) yield return HeadRule(channels);
        yield return (nameof(MidBlockScaleFactor), MidBlockScaleFactor is > 0 and < 1e6, $"is {MidBlockScaleFactor}; it must be above 0");
        yield return (nameof(AttnNormNumGroups), AttnNormNumGroups is null || (AttnNormNumGroups >= 1 && channels % AttnNormNumGroups == 0),
            $"is {AttnNormNumGroups}; it must be at least 1 and divide {channels}, the last of {nameof(BlockOutChannels)}");
    }

    IEnumerable<Rule> TimeAndRest()
    {
        yield return (nameof(LayersPerBlock), LayersPerBlock is >= 1 and <= 100, $"is {LayersPerBlock}; it must be at least 1");
        yield return (nameof(NormEps), NormEps is > 0 and < 1, $"is {NormEps}; it must be above 0 and below 1");
        yield return (nameof(ActFn), ActFn is "silu" or "swish" or "mish" or "gelu" or "relu",
            $"is '{ActFn}'; there are silu, swish (the same), mish, gelu and relu");
        yield return (nameof(DownsamplePadding), DownsamplePadding is 0 or 1, $"is {DownsamplePadding}; it must be 0 or 1");
        yield return (nameof(TimeEmbeddingDim), TimeEmbeddingDim is null or (>= 2 and <= MaxChannels), $"is {TimeEmbeddingDim}; it must be at least 2");
        yield return (nameof(NumTrainTimesteps), NumTrainTimesteps is null or (>= 1 and <= 1_000_000), $"is {NumTrainTimesteps}; it must be 1 to 1000000");
        yield return (nameof(NumTrainTimesteps), TimeEmbeddingType != UNet2DTimeEmbedding.Learned || NumTrainTimesteps is not null,
            "is missing; a learned time embedding needs it");
        yield return (nameof(FreqShift), FreqShift >= 0 && FreqShift < BlockOutChannels[0] / 2,
            $"is {FreqShift}; it must be at least 0 and below half of the first of {nameof(BlockOutChannels)}, {BlockOutChannels[0]}");
        yield return (nameof(Dropout), Dropout is >= 0 and < 1, $"is {Dropout}; it must be at least 0 and below 1");
        yield return (nameof(ClassEmbedType), ClassEmbedType is null, $"is '{ClassEmbedType}'; there is null, for learned rows");
        yield return (nameof(NumClassEmbeds), NumClassEmbeds is null or >= 1, $"is {NumClassEmbeds}; it must be at least 1");
    }
}
