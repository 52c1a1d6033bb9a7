using System.Buffers.Binary;

namespace Brownian.Imaging;

/// <summary>Reads the first frame of GIF files.</summary>
static class GifFile
{
    const int HeaderBytes = 13, ImageBytes = 10;
    const byte Image = 0x2C, Extension = 0x21, Trailer = 0x3B;

    public static bool Recognizes(ReadOnlySpan<byte> data) => data.StartsWith("GIF87a"u8) || data.StartsWith("GIF89a"u8);

    /// <summary>3 channels, or 4 where the frame has a transparent colour or does not fill the picture.</summary>
    /// <exception cref="InvalidDataException">Says what is wrong, without the file's name.</exception>
    public static Image Decode(ReadOnlySpan<byte> data)
    {
        CheckBlocks(data);
        return SkiaCodec.DecodeFirstFrame(data, "GIF");
    }

    // Follows the blocks to the end of the file (GIF89a, appendix B): Skia takes a cut animation for one of fewer frames.
    static void CheckBlocks(ReadOnlySpan<byte> data)
    {
        int at = HeaderBytes, images = 0;
        if (data.Length >= HeaderBytes) at += TableBytes(data[10]);
        while (true)
        {
            if (at >= data.Length) throw new InvalidDataException("the file is cut off: it does not end with a trailer");
            switch (data[at])
            {
                case Trailer when images > 0: return;
                case Trailer: throw new InvalidDataException("the file has no image");
                case Extension: at = SkipParts(data, at + 2); break;
                case Image:
                    images++;
                    if (at + ImageBytes <= data.Length) CheckFrame(data[at..], data.Length);
                    at = SkipParts(data, at + ImageBytes + (at + ImageBytes <= data.Length ? TableBytes(data[at + 9]) : 0) + 1);
                    break;
                default: throw new InvalidDataException($"the block at byte {at} is of no known kind (0x{data[at]:X2}); the file is damaged");
            }
        }
    }

    // A frame may leave the screen, which then grows.
    static void CheckFrame(ReadOnlySpan<byte> image, int bytes)
    {
        long right = U16(image, 1) + (long)U16(image, 5), bottom = U16(image, 3) + (long)U16(image, 7);
        DecodedSize.Check(right, bottom, bytes);
    }

    static int TableBytes(byte flags) => (flags & 0x80) == 0 ? 0 : 3 << ((flags & 7) + 1);

    // Parts of up to 255 bytes, each led by its length, to an empty one.
    static int SkipParts(ReadOnlySpan<byte> data, int at)
    {
        while (at < data.Length && data[at] != 0) at += 1 + data[at];
        return at + 1;
    }

    static ushort U16(ReadOnlySpan<byte> data, int at) => BinaryPrimitives.ReadUInt16LittleEndian(data[at..]);
}
