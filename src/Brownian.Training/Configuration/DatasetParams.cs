using Brownian.Diffusion;
using Brownian.Imaging;

namespace Brownian.Training;

/// <summary>Section <c>dataset_params</c>: which images to learn from, and how they are brought to the network's size.</summary>
public sealed record DatasetParams : Settings
{
    /// <summary>What <see cref="ImagePath"/> says for the built-in set.</summary>
    public const string Digits = DrawnDigits.Name;

    /// <summary>
    /// A folder or zip of images, a folder of zips, an IDX file or the folder of MNIST's files, a file or the folder of
    /// CIFAR's binary version; <c>digits</c>, which it is when absent, for those that <see cref="DrawnDigits"/> draws. A path that begins
    /// with <c>data/</c> is looked for beside the working folder too (<see cref="DataPlaces"/>).
    /// </summary>
    [Key("im_path", MayBeEmpty = true)] public string ImagePath { get; init; } = Digits;

    /// <summary>What images are converted to, 1 gray, 3 RGB or 4 RGBA; null for what the model takes.</summary>
    [Key("im_channels")] public int? ImageChannels { get; init; }

    /// <summary>How many digits to draw, for the built-in set.</summary>
    [Key("count")] public int Count { get; init; } = 10_000;

    /// <summary>Use the first so many images only; null for all.</summary>
    [Key("limit")] public int? Limit { get; init; }

    /// <summary>How images of another size are scaled to the network's.</summary>
    [Key("resize")] public ResizeMode Resize { get; init; } = ResizeMode.Cover;

    /// <summary>How pixels are weighted when an image is scaled, antialiased as Pillow does it.</summary>
    [Key("interpolation")] public ResizeFilter Interpolation { get; init; } = ResizeFilter.Bicubic;

    /// <summary>Which part is kept of a scaled image that is larger than the network's.</summary>
    [Key("crop")] public CropMode Crop { get; init; } = CropMode.Center;

    /// <summary>
    /// Mirror each image left to right with probability 1/2. Null decides by the images: pictures in colour are
    /// mirrored, digits, which do not survive it, and other gray images are not.
    /// </summary>
    [Key("horizontal_flip")] public bool? HorizontalFlip { get; init; }

    /// <summary>Where images wait, decoded and scaled. The result does not depend on it.</summary>
    [Key("cache")] public CacheMode Cache { get; init; } = CacheMode.Auto;

    /// <summary>Stop at the first image that cannot be read; otherwise such are listed and skipped.</summary>
    [Key("strict")] public bool Strict { get; init; }

    /// <summary>True for the digits drawn by formula.</summary>
    public bool IsBuiltIn => ImagePath == Digits;

    /// <inheritdoc/>
    public override IEnumerable<Rule> Rules()
    {
        yield return (nameof(ImagePath), ImagePath != "", "is empty; give a path, or 'digits' for the built-in set");
        yield return (nameof(ImageChannels), ImageChannels is null or 1 or 3 or 4, $"is {ImageChannels}; images have 1, 3 or 4");
        yield return (nameof(Count), Count is >= 1 and <= 1_000_000, $"is {Count}; draw 1 to 1000000 digits");
        yield return (nameof(Limit), Limit is null or >= 1, $"is {Limit}; use at least 1 image");
    }

    /// <inheritdoc/>
    protected override object? Written(string property, object? value) => property == nameof(Count) && !IsBuiltIn ? null : value;
}
