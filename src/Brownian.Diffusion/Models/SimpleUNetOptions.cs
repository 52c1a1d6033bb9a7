namespace Brownian.Diffusion;

/// <summary>The size of a <see cref="SimpleUNet"/>; the defaults are the tutorial's, 62,438,883 parameters for cars of 64×64 pixels.</summary>
public sealed record SimpleUNetOptions
{
    /// <summary>Channels of the images.</summary>
    public int ImageChannels { get; init; } = 3;

    /// <summary>Height of the images.</summary>
    public int Height { get; init; } = 64;

    /// <summary>Width of the images.</summary>
    public int Width { get; init; } = 64;

    /// <summary>Channels before the first down block and after each; the up blocks go back the same way.</summary>
    public IReadOnlyList<int> DownChannels { get; init; } = [64, 128, 256, 512, 1024];

    /// <summary>Features of the time embedding, even.</summary>
    public int TimeEmbDim { get; init; } = 32;

    internal int SizeMultiple => 1 << (DownChannels.Count - 1);

    internal void Validate()
    {
        if (ImageChannels < 1) Refuse($"ImageChannels is {ImageChannels}; it must be at least 1.");
        if (DownChannels.Count is < 2 or > 20) Refuse($"DownChannels has {DownChannels.Count} entries; it needs 2 (one down block) to 20.");
        foreach (int channels in DownChannels)
        {
            if (channels < 1) Refuse($"DownChannels has {channels}; each must be at least 1.");
        }
        if (TimeEmbDim < 4 || TimeEmbDim % 2 != 0) Refuse($"TimeEmbDim is {TimeEmbDim}; it must be even and at least 4 (sines and cosines).");
        if (Height < 1 || Width < 1) Refuse($"images are {Height}×{Width}; both sides must be at least 1.");
    }

    static void Refuse(string why) => throw new ArgumentException($"SimpleUNet: {why}");
}
