namespace Brownian.Diffusion;

/// <summary>
/// The size of a <see cref="ResidualUNet"/>, under the names of the tutorial's arguments; the defaults are the tutorial's, 25,636,483
/// trained parameters.
/// </summary>
public sealed record ResidualUNetOptions
{
    /// <summary>Channels of the images.</summary>
    public int InputChannels { get; init; } = 3;

    /// <summary>Height of the images.</summary>
    public int Height { get; init; } = 32;

    /// <summary>Width of the images.</summary>
    public int Width { get; init; } = 32;

    /// <summary>Channels of the first convolution, a multiple of 8, and features of the time table.</summary>
    public int BaseChannels { get; init; } = 64;

    /// <summary>The channels of each level in <see cref="BaseChannels"/>, from the finest.</summary>
    public IReadOnlyList<int> BaseChannelsMultiples { get; init; } = [1, 2, 4, 4];

    /// <summary>Whether attention follows each block of a level, from the finest.</summary>
    public IReadOnlyList<bool> ApplyAttention { get; init; } = [false, true, true, false];

    /// <summary>Blocks per level on the way down; there is one more on the way up.</summary>
    public int NumResBlocks { get; init; } = 2;

    /// <summary>The share of channels that are dropped in each block in training, from 0 to below 1.</summary>
    public float DropoutRate { get; init; } = 0.1f;

    /// <summary>Features of the time embedding in <see cref="BaseChannels"/>.</summary>
    public int TimeMultiple { get; init; } = 4;

    /// <summary>Rows of the frozen table: timesteps go from 0 to one below.</summary>
    public int TotalTimeSteps { get; init; } = 1000;

    internal int SizeMultiple => 1 << (BaseChannelsMultiples.Count - 1);

    internal void Validate()
    {
        AtLeastOne(InputChannels, nameof(InputChannels));
        AtLeastOne(NumResBlocks, nameof(NumResBlocks));
        AtLeastOne(TimeMultiple, nameof(TimeMultiple));
        AtLeastOne(TotalTimeSteps, nameof(TotalTimeSteps));
        if (BaseChannels < 1 || BaseChannels % ResidualUNet.Groups != 0)
            Refuse($"BaseChannels is {BaseChannels}; it must be a multiple of {ResidualUNet.Groups}, the groups of the norms.");
        if (BaseChannelsMultiples.Count is < 1 or > 20) Refuse($"BaseChannelsMultiples has {BaseChannelsMultiples.Count} entries; it must have 1 to 20.");
        foreach (int multiple in BaseChannelsMultiples) AtLeastOne(multiple, nameof(BaseChannelsMultiples));
        if (ApplyAttention.Count != BaseChannelsMultiples.Count)
            Refuse($"ApplyAttention has {ApplyAttention.Count} entries for {BaseChannelsMultiples.Count} levels; give one for each.");
        if (DropoutRate is not (>= 0 and < 1)) Refuse($"DropoutRate is {DropoutRate}; it must be at least 0 and below 1.");
        AtLeastOne(Height, nameof(Height));
        AtLeastOne(Width, nameof(Width));
    }

    static void AtLeastOne(int value, string name)
    {
        if (value < 1) Refuse($"{name} is {value}; it must be at least 1.");
    }

    static void Refuse(string why) => throw new ArgumentException($"ResidualUNet: {why}");
}
