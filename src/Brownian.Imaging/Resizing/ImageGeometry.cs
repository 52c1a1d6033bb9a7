namespace Brownian.Imaging;

/// <summary>
/// Resizing, cropping and mirroring. Every method returns a new image and leaves its source as it was; notes are not kept.
/// </summary>
public static class ImageGeometry
{
    /// <summary>
    /// The image at another size, bit for bit as Pillow's <c>Image.resize</c> computes it: antialiased, in 22-bit fixed point, rows before
    /// columns; colours are weighted by alpha where there is one.
    /// </summary>
    /// <param name="image">Any image.</param>
    /// <param name="width">Pixels per row, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="filter">How source pixels are weighted.</param>
    /// <exception cref="ArgumentException">A size is below 1, or the result exceeds <see cref="ImageFile.MaxPixels"/>.</exception>
    public static Image Resize(this Image image, int width, int height, ResizeFilter filter = ResizeFilter.Bicubic)
    {
        CheckSize(image, width, height, "Resize");
        if (!Enum.IsDefined(filter)) throw new ArgumentOutOfRangeException(nameof(filter), filter, "Resize: unknown filter.");
        if (width == image.Width && height == image.Height) return Copy(image);
        // The first pass makes an image of the new width and the old height.
        if ((long)width * image.Height > ImageFile.MaxPixels)
            throw new ArgumentException(
                $"Resize: {width} columns × {image.Height} rows exceed {ImageFile.MaxPixels} pixels; resize in steps.");
        if (filter == ResizeFilter.Nearest) return Resampler.Nearest(image, width, height);
        if (!image.HasAlpha) return Resampler.Filter(image, width, height, filter);
        return Transparency.Unmultiply(Resampler.Filter(Transparency.Premultiply(image), width, height, filter));
    }

    /// <summary>
    /// The image with its shorter side at <paramref name="size"/> pixels and its proportions kept; the longer side is rounded down, as
    /// torchvision's <c>Resize(size)</c> does.
    /// </summary>
    /// <param name="image">Any image.</param>
    /// <param name="size">Pixels of the shorter side, at least 1.</param>
    /// <param name="filter">How source pixels are weighted.</param>
    /// <exception cref="ArgumentException">The size is below 1, or the result exceeds <see cref="ImageFile.MaxPixels"/>.</exception>
    public static Image ResizeShorterSide(this Image image, int size, ResizeFilter filter = ResizeFilter.Bilinear)
    {
        ArgumentNullException.ThrowIfNull(image);
        int shorter = Math.Min(image.Width, image.Height), longer = Math.Max(image.Width, image.Height);
        int scaled = (int)Math.Min(int.MaxValue, (long)size * longer / shorter);
        return image.Width <= image.Height ? image.Resize(size, scaled, filter) : image.Resize(scaled, size, filter);
    }

    /// <summary>A rectangle of the image.</summary>
    /// <param name="image">Any image.</param>
    /// <param name="left">First column, 0 or more.</param>
    /// <param name="top">First row, 0 or more.</param>
    /// <param name="width">Columns, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <exception cref="ArgumentException">The rectangle is empty or leaves the image.</exception>
    public static Image Crop(this Image image, int left, int top, int width, int height)
    {
        CheckSize(image, width, height, "Crop");
        if (left < 0 || top < 0 || left > image.Width - width || top > image.Height - height)
            throw new ArgumentException(
                $"Crop: {width}×{height} pixels at column {left}, row {top} leave the image of {image.Width}×{image.Height}.");
        Image part = image.Blank(width, height);
        Paste(image, left, top, part, 0, 0, width, height);
        return part;
    }

    /// <summary>
    /// The middle of the image, as torchvision's <c>CenterCrop</c> takes it: where the margins cannot be equal, half a pixel is rounded
    /// to the even number; an image that is too small is padded with zeros (and so transparent, where there is alpha).
    /// </summary>
    /// <param name="image">Any image.</param>
    /// <param name="width">Columns, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <exception cref="ArgumentException">A size is below 1, or the result exceeds <see cref="ImageFile.MaxPixels"/>.</exception>
    public static Image CenterCrop(this Image image, int width, int height)
    {
        CheckSize(image, width, height, "CenterCrop");
        (int left, int toLeft, int columns) = Center(image.Width, width);
        (int top, int toTop, int rows) = Center(image.Height, height);
        Image middle = image.Blank(width, height);
        Paste(image, left, top, middle, toLeft, toTop, columns, rows);
        return middle;
    }

    // Along one axis: where the source starts, where the result starts, and how many pixels go from one to the other.
    static (int From, int To, int Count) Center(int size, int wanted) => wanted > size
        ? (0, (wanted - size) / 2, size)
        : ((int)Math.Round((size - wanted) / 2.0, MidpointRounding.ToEven), 0, wanted);

    internal static void Paste(Image from, int left, int top, Image to, int toLeft, int toTop, int columns, int rows)
    {
        int bytes = from.PixelBytes;
        for (int y = 0; y < rows; y++)
            from.Pixels.AsSpan(((top + y) * from.Width + left) * bytes, columns * bytes)
                .CopyTo(to.Pixels.AsSpan(((toTop + y) * to.Width + toLeft) * bytes));
    }

    static Image Copy(Image image) => new(image.Width, image.Height, image.Channels, [.. image.Pixels], bitDepth: image.BitDepth) { Format = image.Format };

    static void CheckSize(Image image, int width, int height, string operation)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (width < 1 || height < 1)
            throw new ArgumentException($"{operation}: {width}×{height} is empty; both sizes must be at least 1.");
        if ((long)width * height > ImageFile.MaxPixels)
            throw new ArgumentException($"{operation}: {width}×{height} exceeds {ImageFile.MaxPixels} pixels.");
    }
}
