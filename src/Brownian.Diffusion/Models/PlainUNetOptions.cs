namespace Brownian.Diffusion;

/// <summary>The size of a <see cref="PlainUNet"/>; the defaults are the tutorial's, 31,800,259 parameters for CIFAR-10.</summary>
public sealed record PlainUNetOptions
{
    /// <summary>Channels of the images.</summary>
    public int ImageChannels { get; init; } = 3;

    /// <summary>Height of the images.</summary>
    public int Height { get; init; } = 32;

    /// <summary>Width of the images.</summary>
    public int Width { get; init; } = 32;

    /// <summary>Channels of the first level; each of the four below it has twice as many as the one above.</summary>
    public int FirstChannels { get; init; } = 64;

    /// <summary>Features of the time embedding, even.</summary>
    public int TimeFeatures { get; init; } = 256;

    internal void Validate()
    {
        Require(ImageChannels >= 1, nameof(ImageChannels), ImageChannels, "at least 1");
        Require(Height >= 1, nameof(Height), Height, "at least 1");
        Require(Width >= 1, nameof(Width), Width, "at least 1");
        Require(FirstChannels >= 1, nameof(FirstChannels), FirstChannels, "at least 1");
        Require(TimeFeatures >= 4 && TimeFeatures % 2 == 0, nameof(TimeFeatures), TimeFeatures, "even and at least 4 (sines and cosines)");
    }

    static void Require(bool holds, string name, int value, string range)
    {
        if (!holds) throw new ArgumentException($"PlainUNet: {name} is {value}; it must be {range}.");
    }
}
