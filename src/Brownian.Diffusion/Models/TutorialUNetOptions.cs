namespace Brownian.Diffusion;

/// <summary>
/// The size of a <see cref="TutorialUNet"/>, under the names of DDPM-Pytorch's <c>model_params</c>; the defaults are its
/// <c>default.yaml</c>, 10,188,081 parameters for grey 28×28 images.
/// </summary>
public sealed record TutorialUNetOptions
{
    /// <summary>Channels of the images.</summary>
    public int ImChannels { get; init; } = 1;

    /// <summary>Height and width of the images.</summary>
    public int ImSize { get; init; } = 28;

    /// <summary>Channels before the first down block and after each: one more than there are blocks, each a multiple of 8.</summary>
    public IReadOnlyList<int> DownChannels { get; init; } = [32, 64, 128, 256];

    /// <summary>
    /// Channels before the first middle block and after each. The first is the last of <see cref="DownChannels"/>, the last is the one
    /// before that: the up blocks begin there.
    /// </summary>
    public IReadOnlyList<int> MidChannels { get; init; } = [256, 256, 128];

    /// <summary>Whether each down block halves the image at its end, and its up block doubles it again.</summary>
    public IReadOnlyList<bool> DownSample { get; init; } = [true, true, false];

    /// <summary>Features of the time embedding; even.</summary>
    public int TimeEmbDim { get; init; } = 128;

    /// <summary>Resnets, each followed by attention, per down block.</summary>
    public int NumDownLayers { get; init; } = 2;

    /// <summary>Attentions, each followed by a resnet, per middle block; a resnet comes before them.</summary>
    public int NumMidLayers { get; init; } = 2;

    /// <summary>Resnets, each followed by attention, per up block.</summary>
    public int NumUpLayers { get; init; } = 2;

    /// <summary>Heads of every attention. The original has this setting too but always uses 4.</summary>
    public int NumHeads { get; init; } = 4;

    /// <summary>How often an image is halved, as a factor: 2 to the number of down-sampling blocks.</summary>
    internal int SizeMultiple => 1 << DownSample.Count(halves => halves);

    /// <summary>Checks everything a network of this size relies on.</summary>
    /// <exception cref="ArgumentException">Names the setting, its value and what it must be.</exception>
    public void Validate()
    {
        AtLeastOne(ImChannels, nameof(ImChannels));
        AtLeastOne(ImSize, nameof(ImSize));
        AtLeastOne(NumDownLayers, nameof(NumDownLayers));
        AtLeastOne(NumMidLayers, nameof(NumMidLayers));
        AtLeastOne(NumUpLayers, nameof(NumUpLayers));
        AtLeastOne(NumHeads, nameof(NumHeads));
        if (TimeEmbDim < 2 || TimeEmbDim % 2 != 0) Refuse($"TimeEmbDim is {TimeEmbDim}; it must be even and at least 2 (sines and cosines).");
        ValidateLists();
        ValidateChannels(DownChannels, nameof(DownChannels));
        ValidateChannels(MidChannels, nameof(MidChannels));
        if (TutorialUNet.FinalChannels % NumHeads != 0)
            Refuse($"NumHeads is {NumHeads}; it must divide {TutorialUNet.FinalChannels}, the channels of the last up block.");
    }

    void ValidateLists()
    {
        if (DownChannels.Count < 2) Refuse($"DownChannels has {DownChannels.Count} entries; a network needs at least 2 (one down block).");
        if (MidChannels.Count < 2) Refuse($"MidChannels has {MidChannels.Count} entries; a network needs at least 2 (one middle block).");
        if (DownSample.Count != DownChannels.Count - 1)
            Refuse($"DownSample has {DownSample.Count} entries for {DownChannels.Count - 1} down blocks (DownChannels has {DownChannels.Count}); give one per block.");
        if (DownSample.Count(halves => halves) > 20) Refuse("DownSample halves the image more than 20 times.");
        if (MidChannels[0] != DownChannels[^1])
            Refuse($"MidChannels starts with {MidChannels[0]}; it must start with the last of DownChannels, {DownChannels[^1]}.");
        if (MidChannels[^1] != DownChannels[^2])
            Refuse($"MidChannels ends with {MidChannels[^1]}; it must end with the last but one of DownChannels, {DownChannels[^2]}.");
    }

    void ValidateChannels(IReadOnlyList<int> channels, string name)
    {
        for (int i = 0; i < channels.Count; i++)
        {
            if (channels[i] < 1 || channels[i] % TutorialUNet.Groups != 0)
                Refuse($"{name}[{i}] is {channels[i]}; it must be a multiple of {TutorialUNet.Groups}, the groups of the norms.");
            if (channels[i] % NumHeads != 0) Refuse($"{name}[{i}] is {channels[i]}, which {NumHeads} heads do not divide.");
        }
    }

    static void AtLeastOne(int value, string name)
    {
        if (value < 1) Refuse($"{name} is {value}; it must be at least 1.");
    }

    static void Refuse(string why) => throw new ArgumentException($"TutorialUNet: {why}");
}
