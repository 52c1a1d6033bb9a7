namespace Brownian;

/// <summary>Section <c>dataset_params</c>: which images to learn from, and how they are brought to the network's size.</summary>
public sealed record DatasetParams : Settings
{
    /// <summary>What <see cref="ImagePath"/> says for the built-in set.</summary>
    public const string Digits = DrawnDigits.Name;

    /// <summary>
    /// A folder or zip of images, a folder of zips, an IDX file or the folder of MNIST's files, a file or the folder of
    /// CIFAR's binary version; <c>digits</c> for the built-in set of synthetic digits. A path that begins with <c>data/</c> is looked for
    /// beside the working folder too.
    /// </summary>
    [Key("im_path", MayBeEmpty = true)] public string ImagePath { get; init; } = Digits;

    /// <summary>
    /// What images are converted to, 1 gray, 3 RGB or 4 RGBA, or as many channels as arrays without colours have; null for what the model takes.
    /// </summary>
    [Key("im_channels")] public int? ImageChannels { get; init; }

    /// <summary>Which part is used of a set that is kept in parts: folders, files or arrays called train, test and val.</summary>
    [Key("split", Quiet = true)] public DataSplit Split { get; init; } = DataSplit.Train;

    /// <summary>What says which class an image is of: a list beside the images, folders, or what a file's name begins with.</summary>
    [Key("labels", Quiet = true)] public LabelSource Labels { get; init; } = LabelSource.Auto;

    /// <summary>Bits per sample, 8 or 16: what images of more are rounded to. The network sees [−1, 1] either way.</summary>
    [Key("bit_depth", Quiet = true)] public int BitDepth { get; init; } = 8;

    /// <summary>Which values of 16-bit samples become black and white: all, or those between the set's least and largest.</summary>
    [Key("value_range", Quiet = true)] public DepthRange ValueRange { get; init; } = DepthRange.Full;

    /// <summary>What lies behind transparent pixels where the network learns no alpha: white, black, gray or #rrggbb.</summary>
    [Key("background", Quiet = true)] public string Background { get; init; } = "white";

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

    /// <summary>The same with the whole path, where there is something: what a run keeps, so that it goes on from any folder.</summary>
    internal DatasetParams Located()
    {
        // There may be nothing: a program can give its own images.
        return !IsBuiltIn && DataPlaces.TryFind(ImagePath) is { } found ? this with { ImagePath = Path.GetFullPath(found) } : this;
    }

    /// <summary>True for the digits drawn by formula.</summary>
    public bool IsBuiltIn => ImagePath == Digits;

    /// <inheritdoc/>
    public override IEnumerable<Rule> Rules()
    {
        yield return (nameof(ImagePath), ImagePath != "", "is empty; give a path, or 'digits' for the built-in set");
        yield return (nameof(ImageChannels), ImageChannels is null or (>= 1 and <= Image.MaxChannels), $"is {ImageChannels}; images have 1 to {Image.MaxChannels}");
        yield return (nameof(BitDepth), BitDepth is 8 or 16, $"is {BitDepth}; use 8 or 16");
        yield return (nameof(Background), ImagePreparation.ColorOf(Background) is not null, $"is '{Background}'; {ImagePreparation.ColorRule}");
        yield return (nameof(Count), Count is >= 1 and <= 1_000_000, $"is {Count}; draw 1 to 1000000 digits");
        yield return (nameof(Limit), Limit is null or >= 1, $"is {Limit}; use at least 1 image");
    }

    /// <inheritdoc/>
    protected override object? Written(string property, object? value) => property == nameof(Count) && !IsBuiltIn ? null : value;
}
