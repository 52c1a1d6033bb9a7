using Brownian.IO;

namespace Brownian.Imaging;

/// <summary>Lays images out in rows, as torchvision's <c>make_grid</c> does, on white and enlarged so that small images can be judged.</summary>
public static class ImageGrid
{
    /// <summary>Pixels between and around the images of a grid or a sheet where nobody says, at any scale.</summary>
    public const int UsualPadding = 2;

    /// <summary>The longer side, in pixels, that small pictures are enlarged to: about this, as images are enlarged by whole numbers.</summary>
    public const int UsualSide = 800;

    const byte White = 255;

    /// <summary>
    /// Draws the images left to right, top to bottom, each with <paramref name="padding"/> pixels of background on every side
    /// (neighbours share theirs). The result measures columns·(width·scale + padding) + padding by rows·(height·scale + padding) + padding.
    /// A single image is framed like any other (torchvision returns that one bare).
    /// </summary>
    /// <param name="images">At least one; all of one size and one number of channels, drawn as <see cref="Image.AsColors"/> says; 16 bits become 8.</param>
    /// <param name="columns">Images per row, at least 1; no wider than the number of images.</param>
    /// <param name="padding">Pixels between and around the images, 0 or more.</param>
    /// <param name="background">Gray level of the padding and of empty cells, 0 to 255; opaque where there is an alpha channel.</param>
    /// <param name="scale">The side of the square that an image's pixel becomes; 0 for what <see cref="ScaleTo"/> finds.</param>
    /// <exception cref="ArgumentException">No images, images that differ in size, or a grid too large for one array.</exception>
    public static Image Draw(IReadOnlyList<Image> images, int columns, int padding = UsualPadding, byte background = White, int scale = 0)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(padding);
        ArgumentOutOfRangeException.ThrowIfNegative(scale);
        if (images.Count == 0) throw new ArgumentException("ImageGrid: no images to draw.", nameof(images));
        images = [.. images.Select(image => image.AsColors().ToBitDepth(8))];
        Image first = images[0];
        for (int i = 1; i < images.Count; i++) CheckSame(first, images[i], i);

        columns = Math.Min(columns, images.Count);
        if (scale == 0) scale = ScaleTo(UsualSide, images.Count, columns, first.Width, first.Height, padding);
        (long width, long height) = Size(images.Count, columns, first.Width, first.Height, padding, scale);
        if (width * height * first.Channels > Array.MaxLength)
            throw new ArgumentException($"ImageGrid: {Counted.Of(images.Count, "image")} of {first.Width}×{first.Height} pixels make a grid of {width}×{height}; draw fewer.");
        Image grid = Background((int)width, (int)height, first.Channels, background);
        int across = first.Width * scale + padding, down = first.Height * scale + padding;
        for (int i = 0; i < images.Count; i++) Paste(images[i], grid, padding + i % columns * across, padding + i / columns * down, scale);
        return grid;
    }

    /// <summary>The size of what <see cref="Draw"/> draws, in pixels.</summary>
    /// <param name="count">How many images.</param>
    /// <param name="columns">As for <see cref="Draw"/>.</param>
    /// <param name="width">Of an image.</param>
    /// <param name="height">Of an image.</param>
    /// <param name="padding">As for <see cref="Draw"/>.</param>
    /// <param name="scale">As for <see cref="Draw"/>.</param>
    public static (long Width, long Height) Size(int count, int columns, int width, int height, int padding = UsualPadding, int scale = 0)
    {
        columns = Math.Min(columns, count);
        if (scale == 0) scale = ScaleTo(UsualSide, count, columns, width, height, padding);
        return (columns * ((long)width * scale + padding) + padding, ((count - 1) / columns + 1) * ((long)height * scale + padding) + padding);
    }

    /// <summary>The whole number, at least 1, that brings the longer side of a grid nearest to <paramref name="side"/>.</summary>
    /// <param name="side">In pixels.</param>
    /// <param name="count">How many images.</param>
    /// <param name="columns">As for <see cref="Draw"/>.</param>
    /// <param name="width">Of an image.</param>
    /// <param name="height">Of an image.</param>
    /// <param name="padding">As for <see cref="Draw"/>.</param>
    public static int ScaleTo(int side, int count, int columns, int width, int height, int padding = UsualPadding)
    {
        columns = Math.Min(columns, count);
        int rows = (count - 1) / columns + 1;
        return Math.Max(1, Math.Min(Fitting(columns, width), Fitting(rows, height)));

        int Fitting(int images, int size) => (int)Math.Round((side - padding * (images + 1.0)) / ((double)images * size));
    }

    static Image Background(int width, int height, int channels, byte level)
    {
        var image = new Image(width, height, channels);
        image.Pixels.AsSpan().Fill(level);
        if (image.HasAlpha)
            for (int i = channels - 1; i < image.Pixels.Length; i += channels) image.Pixels[i] = 255;
        return image;
    }

    static void Paste(Image image, Image grid, int left, int top, int scale)
    {
        int channels = image.Channels, bytes = image.Width * scale * channels;
        for (int y = 0; y < image.Height; y++)
        {
            Span<byte> row = Row(top + y * scale);
            for (int x = 0; x < image.Width * scale; x++)
                image.Pixels.AsSpan((y * image.Width + x / scale) * channels, channels).CopyTo(row[(x * channels)..]);
            for (int copy = 1; copy < scale; copy++) row.CopyTo(Row(top + y * scale + copy));
        }

        Span<byte> Row(int y) => grid.Pixels.AsSpan((y * grid.Width + left) * channels, bytes);
    }

    internal static void CheckSame(Image first, Image other, int index)
    {
        if (other.Width != first.Width || other.Height != first.Height || other.Channels != first.Channels)
            throw new ArgumentException(
                $"ImageGrid: image 0 is {first.Width}×{first.Height}×{first.Channels} but image {index} is " +
                $"{other.Width}×{other.Height}×{other.Channels}; convert or resize them first.");
    }
}
