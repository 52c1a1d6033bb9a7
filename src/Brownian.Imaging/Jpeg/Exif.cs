using System.Buffers.Binary;

namespace Brownian.Imaging;

/// <summary>
/// Reads the one Exif tag that changes what an image looks like. Damaged notes are no reason to refuse an image: they say nothing.
/// </summary>
static class Exif
{
    const ushort OrientationTag = 0x0112, Short = 3;

    /// <summary>The orientation in the body of an APP1 segment; null where there is none.</summary>
    public static ExifOrientation? Orientation(ReadOnlySpan<byte> body)
    {
        if (!body.StartsWith("Exif\0\0"u8)) return null;
        ReadOnlySpan<byte> tiff = body[6..];
        if (tiff.Length < 8) return null;
        bool little = tiff.StartsWith("II"u8);
        if (!little && !tiff.StartsWith("MM"u8)) return null;
        uint directory = Read32(tiff[4..], little);
        if (directory > tiff.Length - 2) return null;
        ReadOnlySpan<byte> entries = tiff[((int)directory + 2)..];
        int count = Read16(tiff[(int)directory..], little);
        for (; count > 0 && entries.Length >= 12; count--, entries = entries[12..])
        {
            if (Read16(entries, little) != OrientationTag || Read16(entries[2..], little) != Short) continue;
            int value = Read16(entries[8..], little);
            return value is >= 1 and <= 8 ? (ExifOrientation)value : null;
        }
        return null;
    }

    static ushort Read16(ReadOnlySpan<byte> at, bool little) =>
        little ? BinaryPrimitives.ReadUInt16LittleEndian(at) : BinaryPrimitives.ReadUInt16BigEndian(at);

    static uint Read32(ReadOnlySpan<byte> at, bool little) =>
        little ? BinaryPrimitives.ReadUInt32LittleEndian(at) : BinaryPrimitives.ReadUInt32BigEndian(at);
}
