namespace Brownian.Training;

/// <summary>Section <c>dataset_params</c>: which images to learn from.</summary>
public sealed record DatasetParams
{
    /// <summary>What <see cref="ImagePath"/> says for the built-in set.</summary>
    public const string Digits = "digits";

    /// <summary>
    /// <c>im_path</c>: a folder of PNG files, an IDX file of images (gzip or plain) or a folder that holds MNIST's files; <c>digits</c>, which
    /// it is when absent, for those that <see cref="DrawnDigits"/> draws.
    /// </summary>
    public string ImagePath { get; init; } = Digits;

    /// <summary><c>im_channels</c>: what images of a folder are converted to, 1, 3 or 4; null for what the model takes.</summary>
    public int? ImageChannels { get; init; }

    /// <summary><c>count</c>: how many digits to draw, for the built-in set.</summary>
    public int Count { get; init; } = 10_000;

    /// <summary><c>limit</c>: use the first so many images only; null for all.</summary>
    public int? Limit { get; init; }

    /// <summary><c>horizontal_flip</c>: mirror each image left to right with probability 1/2. Digits do not survive it.</summary>
    public bool HorizontalFlip { get; init; }

    /// <summary>True for the digits drawn by formula.</summary>
    public bool IsBuiltIn => ImagePath == Digits;
}
