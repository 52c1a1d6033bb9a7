using System.Buffers.Binary;

namespace Brownian.Imaging;

/// <summary>Reads the largest picture of Windows icons (ICO).</summary>
static class IconFile
{
    const int HeaderBytes = 6, EntryBytes = 16, InfoBytes = 40, IconKind = 1, CursorKind = 2;

    readonly record struct Entry(int Width, int Height, int Depth, long Offset, long Length);

    /// <summary>Four small numbers begin many a file, so the first picture's place is asked as well.</summary>
    public static bool Recognizes(ReadOnlySpan<byte> data) => Kind(data) == IconKind;

    public static bool IsCursor(ReadOnlySpan<byte> data) => Kind(data) == CursorKind;

    /// <summary>As its PNG or bitmap says: 3 channels, or 4 where there is transparency.</summary>
    /// <exception cref="InvalidDataException">Says what is wrong, without the file's name.</exception>
    public static Image Decode(ReadOnlySpan<byte> data)
    {
        int count = U16(data, 4);
        if (HeaderBytes + EntryBytes * count > data.Length) throw new InvalidDataException("the file is cut off in its list of pictures");
        Entry best = default;
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> entry = data.Slice(HeaderBytes + EntryBytes * i, EntryBytes);
            var next = new Entry(Side(entry[0]), Side(entry[1]), U16(entry, 6), U32(entry, 12), U32(entry, 8));
            // Skia leaves out the pictures that it does not find.
            if (next.Offset + next.Length > data.Length)
                throw new InvalidDataException($"picture {i + 1} of {count} ends at byte {next.Offset + next.Length}, but the file has {data.Length}; it is cut off");
            if ((next.Width * next.Height, next.Depth).CompareTo((best.Width * best.Height, best.Depth)) > 0) best = next;
        }
        ReadOnlySpan<byte> picture = data.Slice((int)best.Offset, (int)best.Length);
        Image image = picture.StartsWith(Png.Signature) ? Png.DecodeUnnamed(picture) : DecodeBitmap(picture);
        return image.From("ICO");
    }

    static Image DecodeBitmap(ReadOnlySpan<byte> bitmap)
    {
        if (bitmap.Length < InfoBytes || U32(bitmap, 0) < InfoBytes) throw new InvalidDataException("a picture is neither a PNG nor a bitmap");
        long width = U32(bitmap, 4), height = U32(bitmap, 8) / 2;           // of the colours and of the mask below them
        int depth = U16(bitmap, 14), colors = depth <= 8 ? (int)Math.Min(U32(bitmap, 32), 256) : 0;
        DecodedSize.Check(width, height, bitmap.Length);
        if (depth <= 8 && colors == 0) colors = 1 << depth;
        long needed = U32(bitmap, 0) + 4 * colors + RowBytes(width, depth) * height + (depth == 32 ? 0 : RowBytes(width, 1) * height);
        if (needed > bitmap.Length)
            throw new InvalidDataException($"{width}×{height} pixels need {needed} bytes, but the picture has {bitmap.Length}; it is cut off");
        // An icon of this picture alone: which one Skia takes is then no question.
        byte[] icon = [0, 0, IconKind, 0, 1, 0, (byte)width, (byte)height, 0, 0, 1, 0, (byte)depth, 0, .. new byte[8], .. bitmap];
        BinaryPrimitives.WriteInt32LittleEndian(icon.AsSpan(14), bitmap.Length);
        BinaryPrimitives.WriteInt32LittleEndian(icon.AsSpan(18), HeaderBytes + EntryBytes);
        return SkiaCodec.DecodeFirstFrame(icon, "ICO");
    }

    static int Kind(ReadOnlySpan<byte> data)
    {
        if (data.Length < HeaderBytes + EntryBytes || U16(data, 0) != 0 || U16(data, 4) is 0 or > 1024) return 0;
        long place = U32(data, HeaderBytes + 12), length = U32(data, HeaderBytes + 8);
        return place >= HeaderBytes + EntryBytes * U16(data, 4) && length > 0 ? U16(data, 2) : 0;
    }

    static int Side(byte stored) => stored == 0 ? 256 : stored;

    // Rows are padded to whole 32-bit words.
    static long RowBytes(long width, int depth) => (width * depth + 31) / 32 * 4;

    static ushort U16(ReadOnlySpan<byte> data, int at) => BinaryPrimitives.ReadUInt16LittleEndian(data[at..]);

    static uint U32(ReadOnlySpan<byte> data, int at) => BinaryPrimitives.ReadUInt32LittleEndian(data[at..]);
}
