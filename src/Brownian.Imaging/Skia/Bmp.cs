using System.Buffers.Binary;

namespace Brownian.Imaging;

/// <summary>Reads Windows and OS/2 bitmaps of 1, 2, 4, 8, 16, 24 and 32 bits per pixel.</summary>
public static class Bmp
{
    const int FileHeaderBytes = 14, CoreBytes = 12, InfoBytes = 40;

    // An honest file packs at most 255 pixels into two bytes; small images may leave most of theirs out.
    const int MaxPixelsPerByte = 128, AlwaysAllowed = 1 << 20;

    /// <summary>Reads a BMP file; see <see cref="Decode"/>.</summary>
    /// <exception cref="InvalidDataException">The file is no BMP, is damaged, too large, or of an unsupported kind.</exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    public static Image Read(string path) => Decode(ImageFile.ReadBytes(path), path);

    /// <summary>
    /// Decodes a bitmap, with its file header or without (as in a .dib that came from memory), stored upwards or downwards, with a palette (plain or run-length coded) or with colours in any bit fields. The
    /// image has 3 channels, or 4 where the header (of version 4 or 5) declares an alpha field; the fourth byte of other 32-bit pixels means nothing.
    /// Fields of fewer than 8 bits are stretched to 0-255. Pixels that run-length codes leave out are black.
    /// </summary>
    /// <param name="data">The whole file.</param>
    /// <param name="name">What error messages call the data, usually its path.</param>
    /// <exception cref="InvalidDataException">The data is damaged or cut off, or exceeds <see cref="ImageFile.MaxPixels"/>; the message is
    /// "name: what is wrong". No more memory is taken than fits the size of the data.</exception>
    public static Image Decode(ReadOnlySpan<byte> data, string name)
    {
        try
        {
            if (IsBare(data)) data = WithFileHeader(data);
            if (!Recognizes(data)) throw new InvalidDataException("not a BMP file (it does not start with BM and a header)");
            bool isRunLength = CheckHeader(data);
            byte[] file = [.. data, 0, 0, 0];                                           // the padding of the last row may be missing
            BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(2), file.Length);       // some programs leave it 0; Skia believes it
            return SkiaCodec.Decode(file, isRunLength: isRunLength).From("BMP");
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{name}: {e.Message}", e);
        }
    }

    /// <summary>Two letters begin many a text, so the size of the header is asked as well.</summary>
    internal static bool Recognizes(ReadOnlySpan<byte> data) =>
        IsBare(data) || (data.StartsWith("BM"u8) && data.Length >= FileHeaderBytes + 4
        && BinaryPrimitives.ReadUInt32LittleEndian(data[FileHeaderBytes..]) is >= CoreBytes and <= 256);

    // A bitmap's own header comes first: its length, width, height, one plane, and bits per pixel.
    static bool IsBare(ReadOnlySpan<byte> data) =>
        data.Length > InfoBytes && S32(data, 0) is InfoBytes or 108 or 124 && U16(data, 12) == 1 && U16(data, 14) is 1 or 4 or 8 or 16 or 24 or 32
        && S32(data, 4) > 0 && S32(data, 8) != 0 && S32(data, 16) is >= 0 and <= 6;

    static byte[] WithFileHeader(ReadOnlySpan<byte> bitmap)
    {
        const int BitFields = 3;
        int depth = U16(bitmap, 14), colors = S32(bitmap, 32), masks = S32(bitmap, 0) == InfoBytes && S32(bitmap, 16) == BitFields ? 12 : 0;
        if (colors == 0 && depth <= 8) colors = 1 << depth;
        byte[] file = [.. "BM"u8, .. new byte[FileHeaderBytes - 2], .. bitmap];
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(10), FileHeaderBytes + S32(bitmap, 0) + masks + 4 * Math.Clamp(colors, 0, 256));
        return file;
    }

    // Refuses what is larger than the limit or than the data; true where the pixels are run-length coded.
    static bool CheckHeader(ReadOnlySpan<byte> data)
    {
        Span<byte> header = stackalloc byte[FileHeaderBytes + 20];
        data[..Math.Min(data.Length, header.Length)].CopyTo(header);
        ReadOnlySpan<byte> info = header[FileHeaderBytes..];
        bool core = info[0] == CoreBytes;
        long width = core ? U16(info, 4) : S32(info, 4), height = Math.Abs(core ? U16(info, 6) : (long)S32(info, 8));
        int depth = U16(info, core ? 10 : 14), coding = core ? 0 : S32(info, 16);
        if (width <= 0 || height is 0 or > int.MaxValue) throw new InvalidDataException($"the size {width}×{height} is impossible");
        if (width * height > ImageFile.MaxPixels)
            throw new InvalidDataException($"{width}×{height} exceeds the limit of {ImageFile.MaxPixels} pixels");
        long left = Math.Max(0, data.Length - (long)BinaryPrimitives.ReadUInt32LittleEndian(header[10..]));
        if (coding is 4 or 5) throw new InvalidDataException($"a {(coding == 4 ? "JPEG" : "PNG")} inside a BMP is not supported");
        if (coding is 1 or 2)
        {
            if (width * height > AlwaysAllowed && width * height > left * MaxPixelsPerByte)
                throw new InvalidDataException($"{width}×{height} pixels are more than {left} bytes can hold");
            return true;
        }
        // Rows are padded to whole 32-bit words.
        long needed = (width * depth + 31) / 32 * 4 * (height - 1) + (width * depth + 7) / 8;
        if (left < needed)
            throw new InvalidDataException($"{width}×{height} pixels need {needed} bytes, but the file has {left}; it is cut off");
        return false;
    }

    static ushort U16(ReadOnlySpan<byte> data, int at) => BinaryPrimitives.ReadUInt16LittleEndian(data[at..]);

    static int S32(ReadOnlySpan<byte> data, int at) => BinaryPrimitives.ReadInt32LittleEndian(data[at..]);
}
