using System.Buffers.Binary;

namespace Brownian.Imaging;

/// <summary>Reads Windows and OS/2 bitmaps of 1, 2, 4, 8, 16, 24 and 32 bits per pixel.</summary>
public static class Bmp
{
    /// <summary>Reads a BMP file; see <see cref="Decode"/>.</summary>
    /// <exception cref="InvalidDataException">The file is no BMP, is damaged, too large, or of an unsupported kind.</exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    public static Image Read(string path) => Decode(ImageFile.ReadBytes(path), path);

    /// <summary>
    /// Decodes a bitmap stored upwards or downwards, with a palette (plain or run-length coded) or with colours in any bit fields. The
    /// image has 3 channels, or 4 where the header declares an alpha field; the fourth byte of other 32-bit pixels means nothing.
    /// Fields of fewer than 8 bits are stretched to 0-255. Pixels that run-length codes leave out get colour 0.
    /// </summary>
    /// <param name="data">The whole file.</param>
    /// <param name="name">What error messages call the data, usually its path.</param>
    /// <exception cref="InvalidDataException">The data is damaged or cut off, or exceeds <see cref="ImageFile.MaxPixels"/>; the message is
    /// "name: what is wrong". No more memory is taken than fits the size of the data.</exception>
    public static Image Decode(ReadOnlySpan<byte> data, string name)
    {
        try
        {
            if (!Recognizes(data)) throw new InvalidDataException("not a BMP file (it does not start with BM and a header)");
            BmpHeader header = BmpHeader.Parse(data);
            return header.IsRunLength ? BmpRunLength.Decode(header, data) : BmpPixels.Decode(header, data);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{name}: {e.Message}", e);
        }
    }

    /// <summary>Two letters begin many a text, so the size of the header is asked as well.</summary>
    internal static bool Recognizes(ReadOnlySpan<byte> data) =>
        data.StartsWith("BM"u8) && data.Length >= BmpHeader.FileHeaderBytes + 4
        && BinaryPrimitives.ReadUInt32LittleEndian(data[BmpHeader.FileHeaderBytes..]) is >= BmpHeader.CoreBytes and <= 256;
}
