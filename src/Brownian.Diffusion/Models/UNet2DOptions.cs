namespace Brownian.Diffusion;

/// <summary>
/// The size and the make of a <see cref="UNet2D"/>: the configuration of diffusers' <c>UNet2DModel</c>. Lists run from the finest
/// level to the coarsest. The defaults are google/ddpm-cifar10-32.
/// </summary>
public sealed record UNet2DOptions
{
    /// <summary>Channels of the images.</summary>
    public int InChannels { get; init; } = 3;

    /// <summary>Channels of the result.</summary>
    public int OutChannels { get; init; } = 3;

    /// <summary>Height of the images it is trained on.</summary>
    public int Height { get; init; } = 32;

    /// <summary>Width of the images it is trained on.</summary>
    public int Width { get; init; } = 32;

    /// <summary>Channels of each level.</summary>
    public IReadOnlyList<int> BlockOutChannels { get; init; } = [128, 256, 256, 256];

    /// <summary>What each level going down is made of.</summary>
    public IReadOnlyList<UNet2DBlock> DownBlocks { get; init; } = [UNet2DBlock.Plain, UNet2DBlock.Attention, UNet2DBlock.Plain, UNet2DBlock.Plain];

    /// <summary>What each level going up is made of, likewise from the finest: diffusers' <c>up_block_types</c> reversed.</summary>
    public IReadOnlyList<UNet2DBlock> UpBlocks { get; init; } = [UNet2DBlock.Plain, UNet2DBlock.Attention, UNet2DBlock.Plain, UNet2DBlock.Plain];

    /// <summary>How levels with attention are halved.</summary>
    public UNet2DSampling DownsampleType { get; init; }

    /// <summary>How levels with attention are doubled.</summary>
    public UNet2DSampling UpsampleType { get; init; }

    /// <summary>Whether there is attention between the middle's resnets.</summary>
    public bool AddAttention { get; init; } = true;

    /// <summary>What the middle's resnets and attention divide their results by.</summary>
    public float MidBlockScaleFactor { get; init; } = 1;

    /// <summary>How the time embedding enters the resnets.</summary>
    public UNet2DConditioning ResnetTimeScaleShift { get; init; }

    /// <summary>Resnets per level going down; going up there is one more.</summary>
    public int LayersPerBlock { get; init; } = 2;

    /// <summary>Channels of one attention head; 0 for a single head over all channels (diffusers' <c>null</c>).</summary>
    public int AttentionHeadDim { get; init; }

    /// <summary>The groups of every norm but those of <see cref="UNet2DBlock.Skip"/> blocks, which have a quarter of the channels, 32 at most.</summary>
    public int NormNumGroups { get; init; } = 32;

    /// <summary>
    /// The groups of the norm before the middle's attention; 0 (diffusers' <c>null</c>) for <see cref="NormNumGroups"/>, or for no norm
    /// where <see cref="ResnetTimeScaleShift"/> is <see cref="UNet2DConditioning.ScaleShift"/>.
    /// </summary>
    public int AttnNormNumGroups { get; init; }

    /// <summary>Added to every variance.</summary>
    public float NormEps { get; init; } = 1e-6f;

    /// <summary>What follows the norms of resnets, and the time embedding; the last norm is followed by SiLU in any case.</summary>
    public UNet2DActivation ActFn { get; init; }

    /// <summary>Whether the network looks at 2x − 1.</summary>
    public bool CenterInputSample { get; init; }

    /// <summary>
    /// The padding of the down-sampling convolutions: 1, or 0 for one row and column of zeros at the bottom and right only.
    /// </summary>
    public int DownsamplePadding { get; init; }

    /// <summary>What the time embedding starts from.</summary>
    public UNet2DTimeEmbedding TimeEmbeddingType { get; init; }

    /// <summary>Features of the time embedding; 0 for four times the first of <see cref="BlockOutChannels"/>.</summary>
    public int TimeEmbeddingDim { get; init; }

    /// <summary>The rows of a learned time embedding; 0 for any other.</summary>
    public int NumTrainTimesteps { get; init; }

    /// <summary>The time embedding's cosines come first.</summary>
    public bool FlipSinToCos { get; init; }

    /// <summary>See <see cref="Nn.SinusoidalEmbedding.FrequencyShift"/>.</summary>
    public float FreqShift { get; init; } = 1;

    /// <summary>The share of activations dropped between the convolutions of a resnet in training, from 0 to below 1.</summary>
    public float Dropout { get; init; }

    /// <summary>The number of classes; 0 for an unconditional network.</summary>
    public int NumClassEmbeds { get; init; }

    internal int Levels => BlockOutChannels.Count;

    /// <summary>How often an image is halved, as a factor.</summary>
    internal int SizeMultiple => 1 << (Levels - 1);

    internal int TimeFeatures => TimeEmbeddingDim == 0 ? 4 * BlockOutChannels[0] : TimeEmbeddingDim;

    /// <summary>The number of resnets in levels and in the middle: those between resolutions are counted from here on.</summary>
    internal int FirstFreeSite => Levels * (2 * LayersPerBlock + 1) + 2;

    /// <summary>The groups of the norm before the middle's attention, 0 for no norm.</summary>
    internal int MidAttentionGroups => AttnNormNumGroups > 0 ? AttnNormNumGroups
        : ResnetTimeScaleShift == UNet2DConditioning.Default ? NormNumGroups : 0;

    /// <summary>The channels that come into a level from the next finer one.</summary>
    internal int ChannelsAbove(int level) => BlockOutChannels[Math.Max(level - 1, 0)];

    /// <summary>The block whose way of halving a level has.</summary>
    internal UNet2DBlock EndOfDown(int level) => End(DownBlocks[level], DownsampleType);

    /// <summary>The block whose way of doubling a level has.</summary>
    internal UNet2DBlock EndOfUp(int level) => End(UpBlocks[level], UpsampleType);

    static UNet2DBlock End(UNet2DBlock block, UNet2DSampling sampling) =>
        block == UNet2DBlock.Attention && sampling == UNet2DSampling.Resnet ? UNet2DBlock.Resnet : block;

    internal static int QuarterGroups(int channels) => Math.Min(channels / 4, 32);

    internal int HeadsOf(int channels) => AttentionHeadDim == 0 ? 1 : channels / AttentionHeadDim;

    /// <summary>Checks everything a network of this size relies on.</summary>
    /// <exception cref="ArgumentException">Names the setting, its value and what it must be.</exception>
    public void Validate()
    {
        AtLeast(1, InChannels, nameof(InChannels));
        AtLeast(1, OutChannels, nameof(OutChannels));
        AtLeast(1, Height, nameof(Height));
        AtLeast(1, Width, nameof(Width));
        AtLeast(1, LayersPerBlock, nameof(LayersPerBlock));
        AtLeast(1, NormNumGroups, nameof(NormNumGroups));
        AtLeast(0, AttentionHeadDim, nameof(AttentionHeadDim));
        AtLeast(0, NumClassEmbeds, nameof(NumClassEmbeds));
        if (!(NormEps > 0)) Refuse($"NormEps is {NormEps}; it must be above 0.");
        if (DownsamplePadding is not (0 or 1)) Refuse($"DownsamplePadding is {DownsamplePadding}; it must be 0 or 1.");
        if (Dropout is not (>= 0 and < 1)) Refuse($"Dropout is {Dropout}; it must be at least 0 and below 1.");
        ValidateLevels();
        ValidateMiddle();
        ValidateTime();
    }

    void ValidateLevels()
    {
        if (Levels is < 1 or > 20) Refuse($"BlockOutChannels has {Levels} entries; it must have 1 to 20.");
        ValidateBlocks(nameof(DownBlocks), DownBlocks);
        ValidateBlocks(nameof(UpBlocks), UpBlocks);
        for (int i = 0; i < Levels; i++)
        {
            int channels = BlockOutChannels[i];
            if (channels < 2 || channels % NormNumGroups != 0)
                Refuse($"BlockOutChannels[{i}] is {channels}; it must be at least 2 and a multiple of NormNumGroups, {NormNumGroups}.");
            bool attends = DownBlocks[i] == UNet2DBlock.Attention || UpBlocks[i] == UNet2DBlock.Attention || (i == Levels - 1 && AddAttention);
            if (attends && AttentionHeadDim != 0 && channels % AttentionHeadDim != 0)
                Refuse($"BlockOutChannels[{i}] is {channels}, which heads of {AttentionHeadDim} channels (AttentionHeadDim) do not divide.");
        }
    }

    void ValidateBlocks(string name, IReadOnlyList<UNet2DBlock> blocks)
    {
        if (blocks.Count != Levels) Refuse($"{name} has {blocks.Count} entries for {Levels} levels; give one each.");
        for (int i = 0; i < Levels; i++)
        {
            if (!Enum.IsDefined(blocks[i])) Refuse($"{name}[{i}] is {blocks[i]}, which does not exist.");
            if (blocks[i] != UNet2DBlock.Skip) continue;
            if (i > 0 && blocks[i - 1] != UNet2DBlock.Skip)
                Refuse($"{name}[{i}] is Skip, but {name}[{i - 1}] is {blocks[i - 1]}; the image beside Skip blocks passes through all finer levels.");
            if (InChannels != 3 || OutChannels != 3) Refuse($"{name}[{i}] is Skip, which needs 3 InChannels and OutChannels, not {InChannels} and {OutChannels}.");
            if (BlockOutChannels[i] % 4 != 0 || BlockOutChannels[i] % QuarterGroups(BlockOutChannels[i]) != 0)
                Refuse($"BlockOutChannels[{i}] is {BlockOutChannels[i]}; a Skip block's must be a multiple of 4, and above 128 of 32.");
        }
    }

    void ValidateMiddle()
    {
        if (!(MidBlockScaleFactor > 0)) Refuse($"MidBlockScaleFactor is {MidBlockScaleFactor}; it must be above 0.");
        AtLeast(0, AttnNormNumGroups, nameof(AttnNormNumGroups));
        if (AddAttention && AttnNormNumGroups > 0 && BlockOutChannels[^1] % AttnNormNumGroups != 0)
            Refuse($"AttnNormNumGroups is {AttnNormNumGroups}, which does not divide {BlockOutChannels[^1]}, the last of BlockOutChannels.");
    }

    void ValidateTime()
    {
        if (TimeEmbeddingDim is < 0 or 1) Refuse($"TimeEmbeddingDim is {TimeEmbeddingDim}; it must be at least 2, or 0.");
        if (!(FreqShift >= 0 && FreqShift < BlockOutChannels[0] / 2)) Refuse($"FreqShift is {FreqShift}; it must be at least 0 and below half of BlockOutChannels[0].");
        bool learned = TimeEmbeddingType == UNet2DTimeEmbedding.Learned;
        if (learned ? NumTrainTimesteps < 1 : NumTrainTimesteps < 0)
            Refuse($"NumTrainTimesteps is {NumTrainTimesteps}; a learned time embedding needs at least 1.");
    }

    static void AtLeast(int least, int value, string name)
    {
        if (value < least) Refuse($"{name} is {value}; it must be at least {least}.");
    }

    static void Refuse(string why) => throw new ArgumentException($"UNet2D: {why}");
}
