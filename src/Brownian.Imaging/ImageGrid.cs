namespace Brownian.Imaging;

/// <summary>Lays images out in rows, as torchvision's <c>make_grid</c> does.</summary>
public static class ImageGrid
{
    /// <summary>
    /// Draws the images left to right, top to bottom, each with <paramref name="padding"/> pixels of background on every side
    /// (neighbours share theirs). The result measures columns·(width + padding) + padding by rows·(height + padding) + padding.
    /// A single image is framed like any other (torchvision returns that one bare).
    /// </summary>
    /// <param name="images">At least one; all of one size and one number of channels, drawn as <see cref="Image.AsColors"/> says; 16 bits become 8.</param>
    /// <param name="columns">Images per row, at least 1; no wider than the number of images.</param>
    /// <param name="padding">Pixels between and around the images, 0 or more.</param>
    /// <param name="background">Gray level of the padding and of empty cells, 0 to 255; opaque where there is an alpha channel.</param>
    /// <exception cref="ArgumentException">No images, images that differ in size, or a grid too large for one array.</exception>
    public static Image Draw(IReadOnlyList<Image> images, int columns, int padding = 2, byte background = 0)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(padding);
        if (images.Count == 0) throw new ArgumentException("ImageGrid: no images to draw.", nameof(images));
        images = [.. images.Select(image => image.AsColors().ToBitDepth(8))];
        Image first = images[0];
        for (int i = 1; i < images.Count; i++) CheckSame(first, images[i], i);

        columns = Math.Min(columns, images.Count);
        int rows = (images.Count - 1) / columns + 1;
        Image grid = Background(Extent(columns, first.Width, padding), Extent(rows, first.Height, padding), first.Channels, background);
        for (int i = 0; i < images.Count; i++)
            Paste(images[i], grid, padding + i % columns * (first.Width + padding), padding + i / columns * (first.Height + padding));
        return grid;
    }

    /// <summary>The size of what <see cref="Draw"/> draws, in pixels.</summary>
    /// <param name="count">How many images.</param>
    /// <param name="columns">As for <see cref="Draw"/>.</param>
    /// <param name="width">Of an image.</param>
    /// <param name="height">Of an image.</param>
    /// <param name="padding">As for <see cref="Draw"/>.</param>
    public static (long Width, long Height) Size(int count, int columns, int width, int height, int padding = 2)
    {
        columns = Math.Min(columns, count);
        return (columns * ((long)width + padding) + padding, ((count - 1) / columns + 1) * ((long)height + padding) + padding);
    }

    static int Extent(int count, int size, int padding)
    {
        long extent = (long)count * ((long)size + padding) + padding;
        if (extent > Array.MaxLength)
            throw new ArgumentException($"ImageGrid: {count} images of {size} pixels make a side of {extent} pixels; draw fewer.");
        return (int)extent;
    }

    static Image Background(int width, int height, int channels, byte level)
    {
        var image = new Image(width, height, channels);
        image.Pixels.AsSpan().Fill(level);
        if (image.HasAlpha)
            for (int i = channels - 1; i < image.Pixels.Length; i += channels) image.Pixels[i] = 255;
        return image;
    }

    static void Paste(Image image, Image grid, int left, int top)
    {
        int bytes = image.Width * image.Channels;
        for (int y = 0; y < image.Height; y++)
            image.Pixels.AsSpan(y * bytes, bytes).CopyTo(grid.Pixels.AsSpan(((top + y) * grid.Width + left) * grid.Channels));
    }

    internal static void CheckSame(Image first, Image other, int index)
    {
        if (other.Width != first.Width || other.Height != first.Height || other.Channels != first.Channels)
            throw new ArgumentException(
                $"ImageGrid: image 0 is {first.Width}×{first.Height}×{first.Channels} but image {index} is " +
                $"{other.Width}×{other.Height}×{other.Channels}; convert or resize them first.");
    }
}
