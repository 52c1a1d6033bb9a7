namespace Brownian.Imaging;

/// <summary>Whether what a header promises is worth allocating.</summary>
static class DecodedSize
{
    // Small images may be all of one colour, and their files as short as they like.
    const int AlwaysAllowed = 1 << 20;

    /// <summary>
    /// The most pixels that a byte stands for in files of compressions without a bound: deflate packs 1032 bytes of 8 pixels into one, and
    /// GIF's LZW, 12 bits for at most 4095 pixels, less.
    /// </summary>
    const int MaxPixelsPerByte = 8256;

    /// <param name="width">Pixels.</param>
    /// <param name="height">Pixels.</param>
    /// <param name="bytes">Of the file.</param>
    /// <param name="pixelBytes">Of a pixel in memory.</param>
    /// <exception cref="InvalidDataException">The image is larger than the limit or than its file makes plausible.</exception>
    public static void Check(long width, long height, int bytes, int pixelBytes = 4)
    {
        if (width <= 0 || height <= 0) throw new InvalidDataException($"the image is empty ({width}×{height})");
        if (width > ImageFile.MaxPixels || width * height > ImageFile.MaxPixels)
            throw new InvalidDataException($"{width}×{height} exceeds the limit of {ImageFile.MaxPixels} pixels");
        long memory = width * height * Math.Max(4, pixelBytes);
        if (memory > 4 * AlwaysAllowed && memory > 4L * bytes * MaxPixelsPerByte)
            throw new InvalidDataException($"{width}×{height} pixels are more than {bytes} bytes can hold");
        if (width * height * pixelBytes > Array.MaxLength)
            throw new InvalidDataException($"{width}×{height} pixels of {pixelBytes} bytes exceed the limit of {Array.MaxLength} bytes");
    }
}
