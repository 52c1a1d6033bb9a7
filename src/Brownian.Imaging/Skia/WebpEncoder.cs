using System.Buffers.Binary;
using System.Security;
using System.Text;
using SkiaSharp;

namespace Brownian.Imaging;

/// <summary>Makes WebP files with Skia's encoder, and puts notes into their XMP chunk (RFC 9649, section 2.7).</summary>
static class WebpEncoder
{
    /// <summary>The format's limit for a side.</summary>
    public const int MostPixels = 16_383;

    const int FileHeader = 12, ChunkHeader = 8, ExtendedBytes = 10, LosslessHeader = 5;
    const byte HasXmp = 0x04, HasAlpha = 0x10;

    /// <param name="image">Of any channels.</param>
    /// <param name="notes">For the description; empty for none.</param>
    /// <param name="quality">1 to 100; 100 keeps every pixel.</param>
    public static byte[] Encode(Image image, string notes, int quality)
    {
        // Of lossless files the quality says how long the encoder tries.
        SKWebpEncoderOptions options = quality == 100 ? new(SKWebpEncoderCompression.Lossless, 75) : new(SKWebpEncoderCompression.Lossy, quality);
        byte[] file = SkiaEncoder.Encode(image, pixels => pixels.Encode(options));
        return notes.Length == 0 ? file : WithXmp(file, image, Xmp(notes));
    }

    static byte[] WithXmp(byte[] file, Image image, byte[] xmp)
    {
        var whole = new MemoryStream(file.Length + xmp.Length + 64);
        whole.Write(file, 0, FileHeader);
        int rest = FileHeader;
        byte[] extended = new byte[ExtendedBytes];
        if (file.AsSpan(rest).StartsWith("VP8X"u8))
        {
            rest += ChunkHeader + ExtendedBytes;
            file.AsSpan(rest - ExtendedBytes, ExtendedBytes).CopyTo(extended);
        }
        else
        {
            bool alpha = file.AsSpan(rest).StartsWith("VP8L"u8) && (file[rest + ChunkHeader + LosslessHeader - 1] & 0x10) != 0;
            extended[0] = alpha ? HasAlpha : (byte)0;
            BinaryPrimitives.WriteInt32LittleEndian(extended.AsSpan(4), image.Width - 1);           // three bytes; the next line takes the fourth
            BinaryPrimitives.WriteInt16LittleEndian(extended.AsSpan(7), (short)(image.Height - 1));
        }
        extended[0] |= HasXmp;
        Chunk(whole, "VP8X"u8, extended);
        whole.Write(file, rest, file.Length - rest);
        Chunk(whole, "XMP "u8, xmp);
        byte[] made = whole.ToArray();
        BinaryPrimitives.WriteInt32LittleEndian(made.AsSpan(4), made.Length - ChunkHeader);
        return made;
    }

    static void Chunk(MemoryStream file, ReadOnlySpan<byte> name, byte[] content)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, content.Length);
        file.Write(name);
        file.Write(length);
        file.Write(content);
        if (content.Length % 2 == 1) file.WriteByte(0);
    }

    static byte[] Xmp(string notes) => Encoding.UTF8.GetBytes($"""
        <x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:description><rdf:Alt><rdf:li xml:lang="x-default">{SecurityElement.Escape(notes)}</rdf:li></rdf:Alt></dc:description></rdf:Description></rdf:RDF></x:xmpmeta>
        """);
}
