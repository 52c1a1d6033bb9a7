namespace Brownian.Imaging;

/// <summary>
/// Reads JPEG files (ITU-T T.81): baseline, extended sequential and progressive, Huffman-coded, of 8 bits per sample. Pixels are those of
/// libjpeg with its default settings, and so of Pillow and most other programs.
/// </summary>
public static class Jpeg
{
    internal static ReadOnlySpan<byte> Signature => [0xFF, JpegMarker.Start, 0xFF];

    /// <summary>Reads a JPEG file; see <see cref="Decode"/>.</summary>
    /// <exception cref="InvalidDataException">The file is no JPEG, is damaged, too large, or of an unsupported kind.</exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    public static Image Read(string path) => Decode(ImageFile.ReadBytes(path), path);

    /// <summary>
    /// Decodes a JPEG of any sampling. Gray files give 1 channel, others 3 (RGB): YCbCr and the four inks of CMYK and YCCK files are
    /// converted. An orientation noted by a camera (Exif) is applied, so the image stands upright. Colour profiles are ignored.
    /// Arithmetic-coded, lossless, hierarchical and 12-bit files are refused by name.
    /// </summary>
    /// <param name="data">The whole file.</param>
    /// <param name="name">What error messages call the data, usually its path.</param>
    /// <exception cref="InvalidDataException">The data is damaged or cut off, or exceeds <see cref="ImageFile.MaxPixels"/>; the message is
    /// "name: what is wrong". No more memory is taken than the data could fill (a block of 64 samples takes at least one bit).</exception>
    public static Image Decode(ReadOnlySpan<byte> data, string name)
    {
        try
        {
            return JpegDecoder.Decode(data);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{name}: {e.Message}", e);
        }
    }
}
