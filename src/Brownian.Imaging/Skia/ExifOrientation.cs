namespace Brownian.Imaging;

/// <summary>How a stored image must be turned to stand upright; the values of the Exif tag 0x0112.</summary>
enum ExifOrientation
{
    Upright = 1,
    MirroredAcross,
    UpsideDown,
    MirroredDown,
    Transposed,
    TurnRight,
    Transverse,
    TurnLeft,
}

static class ExifOrientations
{
    /// <summary>The image upright; the same one where nothing is to be turned.</summary>
    public static Image Turn(this Image image, ExifOrientation orientation)
    {
        if (orientation == ExifOrientation.Upright) return image;
        bool swap = orientation >= ExifOrientation.Transposed;
        bool fromRight = orientation is ExifOrientation.MirroredAcross or ExifOrientation.UpsideDown
            or ExifOrientation.Transverse or ExifOrientation.TurnLeft;
        bool fromBottom = orientation is ExifOrientation.UpsideDown or ExifOrientation.MirroredDown
            or ExifOrientation.TurnRight or ExifOrientation.Transverse;
        var turned = image.Blank(swap ? image.Height : image.Width, swap ? image.Width : image.Height);
        int to = 0, bytes = image.PixelBytes;
        for (int y = 0; y < turned.Height; y++)
        {
            for (int x = 0; x < turned.Width; x++, to += bytes)
            {
                (int left, int top) = swap ? (y, x) : (x, y);
                if (fromRight) left = image.Width - 1 - left;
                if (fromBottom) top = image.Height - 1 - top;
                image.Pixels.AsSpan((top * image.Width + left) * bytes, bytes).CopyTo(turned.Pixels.AsSpan(to));
            }
        }
        return turned;
    }
}
