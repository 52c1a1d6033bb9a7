using System.Buffers.Binary;
using System.Text;
using SkiaSharp;

namespace Brownian.Imaging;

/// <summary>Makes JPEG files (ITU-T T.81) with Skia's encoder, and puts notes into their comment segments.</summary>
static class JpegFile
{
    /// <summary>libjpeg's limit for a side.</summary>
    public const int MostPixels = 65_500;

    const int LongestComment = ushort.MaxValue - 2;

    /// <param name="image">Gray or RGB.</param>
    /// <param name="notes">For the comment, in UTF-8; empty for none.</param>
    /// <param name="quality">1 to 100.</param>
    public static byte[] Encode(Image image, string notes, int quality)
    {
        // Colour at full resolution: halved, it runs over the edges of small images.
        var options = new SKJpegEncoderOptions(quality, SKJpegEncoderDownsample.Downsample444, SKJpegEncoderAlphaOption.Ignore);
        byte[] file = SkiaEncoder.Encode(image, pixels => pixels.Encode(options));
        var whole = new MemoryStream(file.Length + notes.Length);
        int header = 4 + BinaryPrimitives.ReadUInt16BigEndian(file.AsSpan(4));      // the start, and the JFIF segment, which comes first
        whole.Write(file, 0, header);
        Comment(whole, Encoding.UTF8.GetBytes(notes));
        whole.Write(file, header, file.Length - header);
        return whole.ToArray();
    }

    // T.81 §B.2.4.5; long ones go on in the next segment.
    static void Comment(MemoryStream file, ReadOnlySpan<byte> text)
    {
        Span<byte> length = stackalloc byte[2];
        while (!text.IsEmpty)
        {
            int count = Math.Min(text.Length, LongestComment);
            BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)(count + 2));
            file.Write([0xFF, 0xFE, .. length, .. text[..count]]);
            text = text[count..];
        }
    }
}
