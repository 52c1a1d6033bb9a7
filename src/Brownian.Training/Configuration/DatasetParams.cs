using Brownian.Imaging;

namespace Brownian.Training;

/// <summary>Section <c>dataset_params</c>: which images to learn from, and how they are brought to the network's size.</summary>
public sealed record DatasetParams
{
    /// <summary>What <see cref="ImagePath"/> says for the built-in set.</summary>
    public const string Digits = DrawnDigits.Name;

    /// <summary>
    /// <c>im_path</c>: a folder or zip of images, a folder of zips, an IDX file or the folder of MNIST's files, a file or the folder of
    /// CIFAR's binary version; <c>digits</c>, which it is when absent, for those that <see cref="DrawnDigits"/> draws. A path that begins
    /// with <c>data/</c> is looked for beside the working folder too (<see cref="DataPlaces"/>).
    /// </summary>
    public string ImagePath { get; init; } = Digits;

    /// <summary><c>im_channels</c>: what images are converted to, 1 gray, 3 RGB or 4 RGBA; null for what the model takes.</summary>
    public int? ImageChannels { get; init; }

    /// <summary><c>count</c>: how many digits to draw, for the built-in set.</summary>
    public int Count { get; init; } = 10_000;

    /// <summary><c>limit</c>: use the first so many images only; null for all.</summary>
    public int? Limit { get; init; }

    /// <summary><c>resize</c>: how images of another size are scaled to the network's.</summary>
    public ResizeMode Resize { get; init; } = ResizeMode.Cover;

    /// <summary><c>interpolation</c>: how pixels are weighted when an image is scaled, antialiased as Pillow does it.</summary>
    public ResizeFilter Interpolation { get; init; } = ResizeFilter.Bicubic;

    /// <summary><c>crop</c>: which part is kept of a scaled image that is larger than the network's.</summary>
    public CropMode Crop { get; init; } = CropMode.Center;

    /// <summary>
    /// <c>horizontal_flip</c>: mirror each image left to right with probability 1/2. Null decides by the images: pictures in colour are
    /// mirrored, digits, which do not survive it, and other gray images are not.
    /// </summary>
    public bool? HorizontalFlip { get; init; }

    /// <summary><c>cache</c>: where images wait, decoded and scaled. The result does not depend on it.</summary>
    public CacheMode Cache { get; init; } = CacheMode.Auto;

    /// <summary><c>strict</c>: stop at the first image that cannot be read; otherwise such are listed and skipped.</summary>
    public bool Strict { get; init; }

    /// <summary>True for the digits drawn by formula.</summary>
    public bool IsBuiltIn => ImagePath == Digits;
}
