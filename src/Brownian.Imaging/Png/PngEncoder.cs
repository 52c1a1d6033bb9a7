using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using Brownian.IO;

namespace Brownian.Imaging;

/// <summary>Writes PNGs of 8 and 16 bits without interlacing.</summary>
static class PngEncoder
{
    static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static byte[] Encode(Image image, IReadOnlyList<KeyValuePair<string, string>> text)
    {
        var file = new MemoryStream();
        file.Write(Png.Signature);
        WriteChunk(file, "IHDR"u8, Header(image));
        foreach ((string keyword, string value) in text) WriteText(file, keyword, value);
        WriteChunk(file, "IDAT"u8, Compress(image));
        WriteChunk(file, "IEND"u8, []);
        return file.ToArray();
    }

    /// <summary>The body of IHDR.</summary>
    public static byte[] Header(Image image)
    {
        var header = new byte[PngHeader.Bytes];
        BinaryPrimitives.WriteInt32BigEndian(header, image.Width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), image.Height);
        header[8] = (byte)image.BitDepth;
        header[9] = (byte)(image.Channels switch { 1 => PngColor.Gray, 2 => PngColor.GrayAlpha, 3 => PngColor.Rgb, _ => PngColor.Rgba });
        return header;
    }

    /// <summary>The zlib stream of the filtered rows.</summary>
    public static ReadOnlySpan<byte> Compress(Image image)
    {
        int bytes = image.Width * image.PixelBytes;
        byte[] pixels = image.BitDepth == 16 ? Swapped(image.Pixels) : image.Pixels;
        var packed = new MemoryStream();
        using (var deflate = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            byte[] best = new byte[1 + bytes], tried = new byte[1 + bytes];
            ReadOnlySpan<byte> above = new byte[bytes];
            for (int y = 0; y < image.Height; y++)
            {
                ReadOnlySpan<byte> row = pixels.AsSpan(y * bytes, bytes);
                ChooseFilter(row, above, image.PixelBytes, ref best, ref tried);
                deflate.Write(best);
                above = row;
            }
        }
        return packed.GetBuffer().AsSpan(0, (int)packed.Length);
    }

    // The high byte of a sample comes first (PNG §7.1).
    static byte[] Swapped(byte[] pixels)
    {
        byte[] swapped = new byte[pixels.Length];
        BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<byte, ushort>(pixels), MemoryMarshal.Cast<byte, ushort>(swapped.AsSpan()));
        return swapped;
    }

    // The filter with the least sum of absolute differences tends to compress best (PNG §12.7).
    static void ChooseFilter(ReadOnlySpan<byte> row, ReadOnlySpan<byte> above, int step, ref byte[] best, ref byte[] tried)
    {
        long least = long.MaxValue;
        for (int kind = 0; kind < PngFilter.Kinds; kind++)
        {
            tried[0] = (byte)kind;
            PngFilter.Apply(kind, row, above, step, tried.AsSpan(1));
            long sum = 0;
            foreach (byte difference in tried.AsSpan(1)) sum += difference < 128 ? difference : 256 - difference;
            if (sum >= least) continue;
            least = sum;
            (best, tried) = (tried, best);
        }
    }

    static void WriteText(MemoryStream file, string keyword, string value)
    {
        CheckKeyword(keyword);
        if (value.Contains('\0'))
            throw new ArgumentException($"Png: the text of '{keyword}' contains a NUL character, which PNG cannot store.");
        byte[] key = Encoding.Latin1.GetBytes(keyword);
        bool latin = value.All(c => c <= 0xFF);
        // iTXt: NUL, not compressed, method 0, no language, no translated keyword.
        if (latin) WriteChunk(file, "tEXt"u8, [.. key, 0, .. Encoding.Latin1.GetBytes(value)]);
        else WriteChunk(file, "iTXt"u8, [.. key, 0, 0, 0, 0, 0, .. Unicode(keyword, value)]);
    }

    static byte[] Unicode(string keyword, string value)
    {
        try
        {
            return Utf8.GetBytes(value);
        }
        catch (EncoderFallbackException e)
        {
            throw new ArgumentException($"Png: the text of '{keyword}' is not valid Unicode at index {e.Index}.", e);
        }
    }

    static void CheckKeyword(string keyword)
    {
        bool printable = keyword.All(c => c is >= ' ' and <= '~' or >= '\u00A1' and <= '\u00FF');
        bool spaced = keyword.Length > 0 && (keyword[0] == ' ' || keyword[^1] == ' ' || keyword.Contains("  ", StringComparison.Ordinal));
        if (keyword.Length is 0 or > PngText.MaxKeyword || !printable || spaced)
            throw new ArgumentException(
                $"Png: the keyword '{keyword}' needs 1 to {PngText.MaxKeyword} printable Latin-1 characters, no outer or double spaces.");
    }

    /// <summary>Length, type, body, checksum (PNG §5.3).</summary>
    public static void WriteChunk(Stream file, ReadOnlySpan<byte> type, ReadOnlySpan<byte> body)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, body.Length);
        file.Write(number);
        file.Write(type);
        file.Write(body);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.Of(type, body));
        file.Write(number);
    }
}
