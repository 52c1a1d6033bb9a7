namespace Brownian.Imaging;

/// <summary>
/// Reads JPEG files (ITU-T T.81): baseline, extended sequential and progressive, Huffman-coded, of 8 bits per sample. Pixels are those of
/// libjpeg with its default settings, and so of Pillow and most other programs.
/// </summary>
public static class Jpeg
{
    internal static ReadOnlySpan<byte> Signature => [0xFF, 0xD8, 0xFF];

    static ReadOnlySpan<byte> End => [0xFF, 0xD9];

    // libjpeg makes up the rest of an image when a marker comes too early, and stops when the data ends without a marker. It reads up to 8
    // bytes ahead. So a single scan is followed by just 8 bytes, of bits that are no Huffman code, and no marker: libjpeg stops if the
    // scan lacks more than about two blocks of 8×8 pixels.
    static ReadOnlySpan<byte> NoCode => [0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0];

    static ReadOnlySpan<byte> OtherBits => [0x5A, 0xC3, 0x96, 0x69, 0x3C, 0xA5, 0x5A, 0xC3];

    /// <summary>Reads a JPEG file; see <see cref="Decode"/>.</summary>
    /// <exception cref="InvalidDataException">The file is no JPEG, is damaged, too large, or of an unsupported kind.</exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    public static Image Read(string path) => Decode(ImageFile.ReadBytes(path), path);

    /// <summary>
    /// Decodes a JPEG whose sampling factors divide the largest. Gray files give 1 channel, others 3 (RGB): YCbCr and the four inks of
    /// CMYK and YCCK files are converted. An orientation noted by a camera (Exif) is applied, so the image stands upright. Colour profiles
    /// are ignored.
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
            return DecodeUnnamed(data);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{name}: {e.Message}", e);
        }
    }

    /// <exception cref="InvalidDataException">Says what is wrong, without the file's name.</exception>
    internal static Image DecodeUnnamed(ReadOnlySpan<byte> data)
    {
        if (data.IsEmpty) throw new InvalidDataException("the file is empty");
        if (!data.StartsWith(Signature)) throw new InvalidDataException("not a JPEG file (it does not start with FF D8 FF)");
        JpegStructure structure = JpegStructure.Check(data);
        ReadOnlySpan<byte> image = data[..structure.Length];
        if (!structure.IsSingleScan) return SkiaCodec.Decode(image, End).From("JPEG");
        Image decoded = SkiaCodec.Decode(image, NoCode);
        // Without an end marker, the scan is whole if the image does not depend on the bits that follow it.
        if (structure.LacksEnd && !decoded.Pixels.AsSpan().SequenceEqual(SkiaCodec.Decode(image, OtherBits).Pixels)) SkiaCodec.ThrowEnd();
        return decoded.From("JPEG");
    }
}
