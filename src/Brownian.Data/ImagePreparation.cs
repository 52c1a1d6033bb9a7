using Brownian.Imaging;

namespace Brownian.Data;

/// <summary>How images of any size and mode become those that a network learns from.</summary>
/// <param name="Width">Of every image afterwards, in pixels.</param>
/// <param name="Height">Of every image afterwards, in pixels.</param>
/// <param name="Channels">Of every image afterwards: 1 gray, 3 RGB, 4 RGBA.</param>
public sealed record ImagePreparation(int Width, int Height, int Channels)
{
    /// <summary>How images of another size are scaled.</summary>
    public ResizeMode Resize { get; init; } = ResizeMode.Cover;

    /// <summary>How pixels are weighted when an image is scaled.</summary>
    public ResizeFilter Interpolation { get; init; } = ResizeFilter.Bicubic;

    /// <summary>Which part is kept of an image that is larger after scaling.</summary>
    public CropMode Crop { get; init; } = CropMode.Center;

    /// <summary>Where images wait, decoded and scaled.</summary>
    public CacheMode Cache { get; init; } = CacheMode.Auto;

    /// <summary>Stop at the first image that cannot be read; otherwise such are skipped.</summary>
    public bool Strict { get; init; }

    /// <summary>Use the first so many images only; null for all.</summary>
    public int? Limit { get; init; }

    /// <summary>Throws unless every value is one that can be used.</summary>
    /// <exception cref="ArgumentException">The first value that is wrong.</exception>
    internal void Check()
    {
        if (Width is < 1 or > 1 << 16 || Height is < 1 or > 1 << 16)
            throw new ArgumentException($"Images of {Width}×{Height} pixels cannot be prepared; both sides must be 1 to {1 << 16}.");
        if (Channels is not (1 or 3 or 4)) throw new ArgumentException($"Images of {Channels} channels cannot be prepared; ask for 1, 3 or 4.");
        if (Limit is < 1) throw new ArgumentException($"A limit of {Limit} images leaves none; use at least 1.");
        if (!Enum.IsDefined(Resize) || !Enum.IsDefined(Interpolation) || !Enum.IsDefined(Crop) || !Enum.IsDefined(Cache))
            throw new ArgumentException($"There is no such preparation: {Resize}, {Interpolation}, {Crop}, {Cache}.");
    }

    /// <summary>One image, cut in the middle where it is larger after scaling.</summary>
    /// <param name="image">Any image.</param>
    /// <exception cref="ArgumentException">It cannot be scaled so: it is too small for <see cref="ResizeMode.None"/>, or too elongated.</exception>
    public Image Apply(Image image)
    {
        Image scaled = Scale(image);
        return (scaled.Width, scaled.Height) == (Width, Height) ? scaled : scaled.CenterCrop(Width, Height);
    }

    /// <summary>The image in the wanted channels, scaled so that the wanted size can be cut from it; itself where nothing changes.</summary>
    /// <param name="image">Any image.</param>
    /// <exception cref="ArgumentException">It cannot be scaled so: it is too small for <see cref="ResizeMode.None"/>, or too elongated.</exception>
    internal Image Scale(Image image)
    {
        image = image.ToBitDepth(8).ConvertTo(Channels);
        (int width, int height) = Resize switch
        {
            ResizeMode.Stretch => (Width, Height),
            ResizeMode.Cover => Fit(image, larger: true),
            ResizeMode.Contain => Fit(image, larger: false),
            _ => (image.Width, image.Height),
        };
        if (Resize == ResizeMode.None && (width < Width || height < Height))
            throw new ArgumentException(
                $"{width}×{height} pixels are less than the {Width}×{Height} wanted, and dataset_params.resize is none; set it to cover, contain or stretch");
        if (width != image.Width || height != image.Height) image = image.Resize(width, height, Interpolation);
        return Resize == ResizeMode.Contain && (width, height) != (Width, Height) ? image.CenterCrop(Width, Height) : image;
    }

    /// <summary>The wanted part of a scaled image.</summary>
    /// <param name="width">Of the scaled image.</param>
    /// <param name="height">Of the scaled image.</param>
    /// <param name="scaled">Its pixels, row by row.</param>
    /// <param name="at">Where to cut.</param>
    /// <param name="pixels">Height·Width·Channels bytes.</param>
    internal void Cut(int width, int height, ReadOnlySpan<byte> scaled, CropPosition at, Span<byte> pixels)
    {
        int left = at.Offset(width - Width, at.X), top = at.Offset(height - Height, at.Y), row = Width * Channels;
        for (int y = 0; y < Height; y++)
            scaled.Slice(((top + y) * width + left) * Channels, row).CopyTo(pixels[(y * row)..]);
    }

    // As torchvision's Resize of the shorter side: the other one is rounded down.
    (int Width, int Height) Fit(Image image, bool larger)
    {
        bool byWidth = (long)Width * image.Height >= (long)Height * image.Width == larger;
        int width = byWidth ? Width : Scaled(image.Width, Height, image.Height);
        int height = byWidth ? Scaled(image.Height, Width, image.Width) : Height;
        return (width, height);
    }

    static int Scaled(int side, int wanted, int other) => (int)Math.Clamp((long)side * wanted / other, 1, int.MaxValue);
}

/// <summary>Which part of a larger image is used: 0 the leftmost or topmost, 1 the rightmost or lowest.</summary>
/// <param name="X">From left to right, 0 to 1.</param>
/// <param name="Y">From top to bottom, 0 to 1.</param>
public readonly record struct CropPosition(double X, double Y)
{
    /// <summary>The middle.</summary>
    public static CropPosition Center { get; } = new(0.5, 0.5);

    // The middle as torchvision's CenterCrop rounds it; otherwise every offset is as likely as the others for a uniform place.
    internal int Offset(int spare, double place) =>
        this == Center ? (int)Math.Round(spare / 2.0, MidpointRounding.ToEven) : Math.Clamp((int)(place * (spare + 1)), 0, spare);
}

/// <summary>How an image of another size is scaled.</summary>
public enum ResizeMode
{
    /// <summary>With its proportions until it covers the wanted size; the rest is cut off.</summary>
    Cover,

    /// <summary>With its proportions until it lies inside the wanted size; the rest is black, or transparent where there is alpha.</summary>
    Contain,

    /// <summary>To the wanted size, whatever becomes of its proportions.</summary>
    Stretch,

    /// <summary>Not at all: larger images are cut, smaller ones cannot be used.</summary>
    None,
}

/// <summary>Which part of a larger image is used.</summary>
public enum CropMode
{
    /// <summary>The middle.</summary>
    Center,

    /// <summary>Another part in each epoch, drawn from the seed, the epoch and the image.</summary>
    Random,
}

/// <summary>Where images wait, decoded and scaled.</summary>
public enum CacheMode
{
    /// <summary>In memory while they take less than a quarter of the machine's, otherwise on disk.</summary>
    Auto,

    /// <summary>In memory.</summary>
    Memory,

    /// <summary>In a temporary file that is mapped into memory image by image.</summary>
    Disk,

    /// <summary>Nowhere: each is decoded anew whenever it is used.</summary>
    None,
}
