using System.Globalization;
using Brownian.Imaging;
using Brownian.IO;

namespace Brownian;

/// <summary>How images of any size and mode become those that a network learns from.</summary>
/// <param name="Width">Of every image afterwards, in pixels.</param>
/// <param name="Height">Of every image afterwards, in pixels.</param>
/// <param name="Channels">Of every image afterwards: 1 gray, 3 RGB, 4 RGBA; of arrays without colours as many as they have.</param>
public sealed record ImagePreparation(int Width, int Height, int Channels)
{
    /// <summary>How images of another size are scaled.</summary>
    public ResizeMode Resize { get; init; } = ResizeMode.Cover;

    /// <summary>How pixels are weighted when an image is scaled.</summary>
    public ResizeFilter Interpolation { get; init; } = ResizeFilter.Bicubic;

    /// <summary>Which part is kept of an image that is larger after scaling.</summary>
    public CropMode Crop { get; init; } = CropMode.Center;

    /// <summary>Bits per sample afterwards: 8 or 16.</summary>
    public int BitDepth { get; init; } = 8;

    /// <summary>Which values of 16-bit samples become black and white.</summary>
    public DepthRange Range { get; init; }

    /// <summary>What lies behind transparent pixels where no alpha is wanted: a name, or #rrggbb.</summary>
    public string Background { get; init; } = "white";

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
        if (Channels is < 1 or > Image.MaxChannels)
            throw new ArgumentException($"Images of {Counted.Of(Channels, "channel")} cannot be prepared; ask for 1 to {Image.MaxChannels}.");
        if (BitDepth is not (8 or 16)) throw new ArgumentException($"Samples of {BitDepth} bits cannot be prepared; ask for 8 or 16.");
        if (ColorOf(Background) is null) throw new ArgumentException($"There is no colour '{Background}'; {ColorRule}.");
        if (Limit is < 1) throw new ArgumentException($"A limit of {Counted.Of(Limit.Value, "image")} leaves none; use at least 1.");
        if (!Enum.IsDefined(Resize) || !Enum.IsDefined(Interpolation) || !Enum.IsDefined(Crop) || !Enum.IsDefined(Cache) || !Enum.IsDefined(Range))
            throw new ArgumentException($"There is no such preparation: {Resize}, {Interpolation}, {Crop}, {Cache}, {Range}.");
    }

    /// <summary>What <see cref="Background"/> may be, in words.</summary>
    public const string ColorRule = "use white, black, gray, or red, green and blue as #rrggbb";

    /// <summary>Whether alpha is taken out of images that have it.</summary>
    internal bool DropsAlpha => Channels is 1 or 3;

    /// <summary>Red, green and blue of a colour; null where there is none of that name.</summary>
    /// <param name="name">As <see cref="Background"/> takes it.</param>
    public static (byte Red, byte Green, byte Blue)? ColorOf(string name) => name switch
    {
        "white" => (255, 255, 255),
        "black" => (0, 0, 0),
        "gray" or "grey" => (128, 128, 128),
        ['#', ..] when name.Length == 7 && int.TryParse(name.AsSpan(1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int rgb) =>
            ((byte)(rgb >> 16), (byte)(rgb >> 8), (byte)rgb),
        _ => null,
    };

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
        image = Convert(image);
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

    Image Convert(Image image)
    {
        if (image.Channels != Channels && (Channels is not (1 or 3 or 4) || image.Channels > 4 || (image.Channels is 2 or 4 && !image.HasAlpha)))
        {
            throw new ArgumentException(
                $"{Counted.Of(image.Channels, "channel")} cannot become {Channels}; give data and network {image.Channels} (dataset_params.im_channels and the network's own key)");
        }
        if (image.HasAlpha && DropsAlpha)
        {
            (byte red, byte green, byte blue) = ColorOf(Background)!.Value;
            image = image.HasTransparency ? image.Over(red, green, blue) : image.ConvertTo(image.Channels - 1);
        }
        return image.ToBitDepth(BitDepth).ConvertTo(Channels);
    }

    /// <summary>A 16-bit image with its values stretched from those of a set to all that there are; others as they are.</summary>
    /// <param name="image">Any image.</param>
    /// <param name="range">The least and the largest value of the set.</param>
    internal static Image Stretch(Image image, (int Least, int Most) range)
    {
        if (image.BitDepth != 16 || range.Least >= range.Most) return image;
        var stretched = new Image(image.Width, image.Height, image.Channels, [.. image.Pixels], bitDepth: 16) { HasAlpha = image.HasAlpha, Format = image.Format };
        Span<ushort> samples = stretched.Deep;
        double scale = (double)ushort.MaxValue / (range.Most - range.Least);
        int colors = image.HasAlpha ? image.Channels - 1 : image.Channels;
        for (int i = 0; i < samples.Length; i++)
        {
            if (i % image.Channels < colors)
                samples[i] = (ushort)Math.Round(Math.Clamp((samples[i] - range.Least) * scale, 0, ushort.MaxValue));
        }
        return stretched;
    }

    /// <summary>The wanted part of a scaled image.</summary>
    /// <param name="width">Of the scaled image.</param>
    /// <param name="height">Of the scaled image.</param>
    /// <param name="scaled">Its pixels, row by row.</param>
    /// <param name="at">Where to cut.</param>
    /// <param name="pixels">Height·Width·Channels samples.</param>
    internal void Cut(int width, int height, ReadOnlySpan<byte> scaled, CropPosition at, Span<byte> pixels)
    {
        int pixel = Channels * (BitDepth / 8), left = at.Offset(width - Width, at.X), top = at.Offset(height - Height, at.Y), row = Width * pixel;
        for (int y = 0; y < Height; y++)
            scaled.Slice(((top + y) * width + left) * pixel, row).CopyTo(pixels[(y * row)..]);
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

/// <summary>Which values of 16-bit samples become black and white. Samples of 8 bits are taken as they are.</summary>
public enum DepthRange
{
    /// <summary>0 and 65,535.</summary>
    Full,

    /// <summary>The least and the largest value in the whole set: for scanners that fill 12 of 16 bits.</summary>
    Set,
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
