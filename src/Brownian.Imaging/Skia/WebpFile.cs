using System.Buffers.Binary;

namespace Brownian.Imaging;

/// <summary>Reads WebP files, lossy and lossless; of an animation the first frame.</summary>
static class WebpFile
{
    const int HeaderBytes = 12;

    public static bool Recognizes(ReadOnlySpan<byte> data) =>
        data.Length >= HeaderBytes && data.StartsWith("RIFF"u8) && data[8..].StartsWith("WEBP"u8);

    /// <summary>3 channels, or 4 where the file has alpha, not multiplied into the colours; upright by its Exif orientation.</summary>
    /// <exception cref="InvalidDataException">Says what is wrong, without the file's name.</exception>
    public static Image Decode(ReadOnlySpan<byte> data)
    {
        // Skia takes a cut animation for one of fewer frames.
        long length = 8L + BinaryPrimitives.ReadUInt32LittleEndian(data[4..]);
        if (length > data.Length) throw new InvalidDataException($"the file is cut off: it should have {length} bytes and has {data.Length}");
        return SkiaCodec.DecodeFirstFrame(data, "WebP");
    }
}
