namespace Brownian.Diffusion;

/// <summary>
/// The size of a <see cref="UNet2D"/>: the part of diffusers' <c>UNet2DModel</c> configuration that unconditional and
/// class-conditional DDPMs use. Lists run from the finest level to the coarsest. The defaults are google/ddpm-cifar10-32.
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

    /// <summary>Levels whose resnets going down are followed by attention (<c>AttnDownBlock2D</c>; the others are <c>DownBlock2D</c>).</summary>
    public IReadOnlyList<bool> DownAttention { get; init; } = [false, true, false, false];

    /// <summary>
    /// Levels whose resnets going up are followed by attention, likewise from the finest: diffusers' <c>up_block_types</c> reversed.
    /// </summary>
    public IReadOnlyList<bool> UpAttention { get; init; } = [false, true, false, false];

    /// <summary>Resnets per level going down; going up there is one more.</summary>
    public int LayersPerBlock { get; init; } = 2;

    /// <summary>Channels of one attention head; 0 for a single head over all channels (diffusers' <c>null</c>).</summary>
    public int AttentionHeadDim { get; init; }

    /// <summary>The groups of every norm.</summary>
    public int NormNumGroups { get; init; } = 32;

    /// <summary>Added to every variance.</summary>
    public float NormEps { get; init; } = 1e-6f;

    /// <summary>
    /// The padding of the down-sampling convolutions: 1, or 0 for one row and column of zeros at the bottom and right only.
    /// </summary>
    public int DownsamplePadding { get; init; }

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
        if (!(FreqShift >= 0 && FreqShift < BlockOutChannels[0] / 2)) Refuse($"FreqShift is {FreqShift}; it must be at least 0 and below half of BlockOutChannels[0].");
        if (Height % SizeMultiple != 0 || Width % SizeMultiple != 0)
            Refuse($"images of {Height}×{Width} pixels cannot be halved evenly {Levels - 1} times; use multiples of {SizeMultiple}.");
    }

    void ValidateLevels()
    {
        if (Levels is < 1 or > 20) Refuse($"BlockOutChannels has {Levels} entries; it must have 1 to 20.");
        if (DownAttention.Count != Levels) Refuse($"DownAttention has {DownAttention.Count} entries for {Levels} levels; give one each.");
        if (UpAttention.Count != Levels) Refuse($"UpAttention has {UpAttention.Count} entries for {Levels} levels; give one each.");
        for (int i = 0; i < Levels; i++)
        {
            int channels = BlockOutChannels[i];
            if (channels < 2 || channels % NormNumGroups != 0)
                Refuse($"BlockOutChannels[{i}] is {channels}; it must be at least 2 and a multiple of NormNumGroups, {NormNumGroups}.");
            bool attends = DownAttention[i] || UpAttention[i] || i == Levels - 1;
            if (attends && AttentionHeadDim != 0 && channels % AttentionHeadDim != 0)
                Refuse($"BlockOutChannels[{i}] is {channels}, which heads of {AttentionHeadDim} channels (AttentionHeadDim) do not divide.");
        }
    }

    static void AtLeast(int least, int value, string name)
    {
        if (value < least) Refuse($"{name} is {value}; it must be at least {least}.");
    }

    static void Refuse(string why) => throw new ArgumentException($"UNet2D: {why}");
}
