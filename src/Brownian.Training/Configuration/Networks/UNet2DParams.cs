using Brownian.Diffusion;
using Brownian.Tensors;

namespace Brownian.Training;

/// <summary>
/// Type <c>unet2d</c>: <see cref="UNet2D"/>, under the keys of a diffusers model's <c>config.json</c>. The initial values are those of
/// google/ddpm-cifar10-32, with 35,746,307 parameters.
/// </summary>
public sealed record UNet2DParams : ModelParams, IModelType<UNet2DParams>
{
    internal const string MiddleName = "UNetMidBlock2D";

    /// <summary><c>sample_size</c>: width and height of the images in pixels, or height and width where they differ.</summary>
    public Values<int> SampleSize { get; init; } = [32];

    /// <summary><c>in_channels</c>: channels of the images.</summary>
    public int InChannels { get; init; } = 3;

    /// <summary><c>out_channels</c>: as many, or twice as many for a learned variance.</summary>
    public int OutChannels { get; init; } = 3;

    /// <summary><c>block_out_channels</c>: the width of each level, from the finest.</summary>
    public Values<int> BlockOutChannels { get; init; } = [128, 256, 256, 256];

    /// <summary><c>center_input_sample</c>: the network looks at 2x − 1.</summary>
    public bool CenterInputSample { get; init; }

    /// <summary><c>time_embedding_type</c>: what the time embedding starts from.</summary>
    public UNet2DTimeEmbedding TimeEmbeddingType { get; init; }

    /// <summary><c>time_embedding_dim</c>: its features; null for four times the first of <see cref="BlockOutChannels"/>.</summary>
    public int? TimeEmbeddingDim { get; init; }

    /// <summary><c>num_train_timesteps</c>: the rows of a learned time embedding; null for any other.</summary>
    public int? NumTrainTimesteps { get; init; }

    /// <summary><c>down_block_types</c>: a name of <see cref="UNet2DBlockNames.Down"/> for each level, from the finest.</summary>
    public Values<string> DownBlockTypes { get; init; } = ["DownBlock2D", "AttnDownBlock2D", "DownBlock2D", "DownBlock2D"];

    /// <summary><c>mid_block_type</c>: UNetMidBlock2D is what there is.</summary>
    public string MidBlockType { get; init; } = MiddleName;

    /// <summary><c>up_block_types</c>: a name of <see cref="UNet2DBlockNames.Up"/> for each level, from the coarsest.</summary>
    public Values<string> UpBlockTypes { get; init; } = ["UpBlock2D", "UpBlock2D", "AttnUpBlock2D", "UpBlock2D"];

    /// <summary><c>layers_per_block</c>: ResNets in each down block; an up block has one more.</summary>
    public int LayersPerBlock { get; init; } = 2;

    /// <summary><c>mid_block_scale_factor</c>: what the middle's resnets and attention divide their results by.</summary>
    public double MidBlockScaleFactor { get; init; } = 1;

    /// <summary><c>add_attention</c>: the middle has attention.</summary>
    public bool AddAttention { get; init; } = true;

    /// <summary><c>downsample_type</c>: how AttnDownBlock2D halves.</summary>
    public UNet2DSampling DownsampleType { get; init; }

    /// <summary><c>upsample_type</c>: how AttnUpBlock2D doubles.</summary>
    public UNet2DSampling UpsampleType { get; init; }

    /// <summary><c>resnet_time_scale_shift</c>: how the time embedding enters the resnets.</summary>
    public UNet2DConditioning ResnetTimeScaleShift { get; init; }

    /// <summary><c>attention_head_dim</c>: channels of one head; null for a single head over all channels.</summary>
    public int? AttentionHeadDim { get; init; }

    /// <summary><c>norm_num_groups</c>: groups of every norm.</summary>
    public int NormNumGroups { get; init; } = 32;

    /// <summary><c>attn_norm_num_groups</c>: groups of the norm before the middle's attention; see <see cref="UNet2DOptions.AttnNormNumGroups"/>.</summary>
    public int? AttnNormNumGroups { get; init; }

    /// <summary><c>norm_eps</c>: added to every variance.</summary>
    public double NormEps { get; init; } = 1e-6;

    /// <summary><c>act_fn</c>: silu, also called swish, or mish.</summary>
    public string ActFn { get; init; } = "silu";

    /// <summary><c>downsample_padding</c>: 1, or 0 for zeros at the bottom and right only.</summary>
    public int DownsamplePadding { get; init; }

    /// <summary><c>flip_sin_to_cos</c>: the time embedding's cosines come first.</summary>
    public bool FlipSinToCos { get; init; }

    /// <summary><c>freq_shift</c>: of the time embedding's frequencies.</summary>
    public double FreqShift { get; init; } = 1;

    /// <summary><c>dropout</c>: the share of activations dropped in training.</summary>
    public double Dropout { get; init; }

    /// <summary><c>class_embed_type</c>: null, for the learned rows of <see cref="NumClassEmbeds"/>, is what there is.</summary>
    public string? ClassEmbedType { get; init; }

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
        new("center_input_sample", (s, v) => s with { CenterInputSample = v.Flag() }, s => s.CenterInputSample),
        new("time_embedding_type", (s, v) => s with { TimeEmbeddingType = v.OneOf<UNet2DTimeEmbedding>() }, s => s.TimeEmbeddingType),
        new("time_embedding_dim", (s, v) => s with { TimeEmbeddingDim = v.IsNull ? null : v.Integer() }, s => s.TimeEmbeddingDim, MayBeNull: true),
        new("freq_shift", (s, v) => s with { FreqShift = v.Number() }, s => s.FreqShift),
        new("flip_sin_to_cos", (s, v) => s with { FlipSinToCos = v.Flag() }, s => s.FlipSinToCos),
        new("down_block_types", (s, v) => s with { DownBlockTypes = v.List(i => i.Text()) }, s => s.DownBlockTypes),
        new("mid_block_type", (s, v) => s with { MidBlockType = v.Text() }, s => s.MidBlockType),
        new("up_block_types", (s, v) => s with { UpBlockTypes = v.List(i => i.Text()) }, s => s.UpBlockTypes),
        new("block_out_channels", (s, v) => s with { BlockOutChannels = v.List(i => i.Integer()) }, s => s.BlockOutChannels),
        new("layers_per_block", (s, v) => s with { LayersPerBlock = v.Integer() }, s => s.LayersPerBlock),
        new("mid_block_scale_factor", (s, v) => s with { MidBlockScaleFactor = v.Number() }, s => s.MidBlockScaleFactor),
        new("downsample_padding", (s, v) => s with { DownsamplePadding = v.Integer() }, s => s.DownsamplePadding),
        new("downsample_type", (s, v) => s with { DownsampleType = v.OneOf<UNet2DSampling>() }, s => s.DownsampleType),
        new("upsample_type", (s, v) => s with { UpsampleType = v.OneOf<UNet2DSampling>() }, s => s.UpsampleType),
        new("dropout", (s, v) => s with { Dropout = v.Number() }, s => s.Dropout),
        new("act_fn", (s, v) => s with { ActFn = v.Text() }, s => s.ActFn),
        new("attention_head_dim", (s, v) => s with { AttentionHeadDim = v.IsNull ? null : v.Integer() }, s => s.AttentionHeadDim, MayBeNull: true),
        new("norm_num_groups", (s, v) => s with { NormNumGroups = v.Integer() }, s => s.NormNumGroups),
        new("attn_norm_num_groups", (s, v) => s with { AttnNormNumGroups = v.IsNull ? null : v.Integer() }, s => s.AttnNormNumGroups, MayBeNull: true),
        new("norm_eps", (s, v) => s with { NormEps = v.Number() }, s => s.NormEps),
        new("resnet_time_scale_shift", (s, v) => s with { ResnetTimeScaleShift = v.OneOf<UNet2DConditioning>() }, s => s.ResnetTimeScaleShift),
        new("add_attention", (s, v) => s with { AddAttention = v.Flag() }, s => s.AddAttention),
        new("class_embed_type", (s, v) => s with { ClassEmbedType = v.IsNull ? null : v.Text() }, s => s.ClassEmbedType, MayBeNull: true),
        new("num_class_embeds", (s, v) => s with { NumClassEmbeds = v.IsNull ? null : v.Integer() }, s => s.NumClassEmbeds, MayBeNull: true),
        new("num_train_timesteps", (s, v) => s with { NumTrainTimesteps = v.IsNull ? null : v.Integer() }, s => s.NumTrainTimesteps, MayBeNull: true),
    ];

    /// <inheritdoc/>
    public override IDenoisingNetwork CreateNetwork(Device device, ulong seed = 0) => new UNet2D(ToOptions(), device, seed);

    internal UNet2DOptions ToOptions() => new()
    {
        Height = Height,
        Width = Width,
        InChannels = InChannels,
        OutChannels = OutChannels,
        CenterInputSample = CenterInputSample,
        TimeEmbeddingType = TimeEmbeddingType,
        TimeEmbeddingDim = TimeEmbeddingDim ?? 0,
        FreqShift = (float)FreqShift,
        FlipSinToCos = FlipSinToCos,
        BlockOutChannels = BlockOutChannels,
        DownBlocks = [.. DownBlockTypes.Select(UNet2DBlockNames.Block)],
        UpBlocks = [.. UpBlockTypes.Reverse().Select(UNet2DBlockNames.Block)],
        LayersPerBlock = LayersPerBlock,
        MidBlockScaleFactor = (float)MidBlockScaleFactor,
        DownsamplePadding = DownsamplePadding,
        DownsampleType = DownsampleType,
        UpsampleType = UpsampleType,
        Dropout = (float)Dropout,
        ActFn = ActFn == "mish" ? UNet2DActivation.Mish : UNet2DActivation.Silu,
        AttentionHeadDim = AttentionHeadDim ?? 0,
        NormNumGroups = NormNumGroups,
        AttnNormNumGroups = AttnNormNumGroups ?? 0,
        NormEps = (float)NormEps,
        ResnetTimeScaleShift = ResnetTimeScaleShift,
        AddAttention = AddAttention,
        NumClassEmbeds = NumClassEmbeds ?? 0,
        NumTrainTimesteps = NumTrainTimesteps ?? 0,
    };

    internal override string SizeKey => "sample_size";

    internal override bool MayBeOblong => true;

    internal override IReadOnlyList<string> ChannelKeys => ["in_channels", "out_channels"];

    internal override ModelParams WithClasses(int classes) => this with { NumClassEmbeds = classes };

    internal override (string Key, int Most)? TimestepLimit =>
        TimeEmbeddingType == UNet2DTimeEmbedding.Learned && NumTrainTimesteps is { } rows ? ("num_train_timesteps", rows) : null;

    internal override ConfigProblem? WhyNotTrainable => TimeEmbeddingType == UNet2DTimeEmbedding.Fourier
        ? new("model_params", "time_embedding_type", "is fourier, for times above 0; training counts them from 0, so use positional.")
        : null;

    internal override IEnumerable<(string Key, bool Good, string Message)> Rules() => UNet2DRules.Of(this);
}
