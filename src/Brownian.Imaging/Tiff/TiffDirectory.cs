using System.Buffers.Binary;

namespace Brownian.Imaging;

/// <summary>
/// The first directory of a TIFF (TIFF 6.0 §2, and BigTIFF). The library allocates what a file claims, so nothing may be claimed that the
/// file does not hold.
/// </summary>
ref struct TiffDirectory
{
    // Bytes of a value, by its type: 1 BYTE to 13 IFD, and from 16 on BigTIFF's three.
    static ReadOnlySpan<byte> TypeBytes => [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];

    readonly ReadOnlySpan<byte> data;
    readonly bool little, big;

    TiffDirectory(ReadOnlySpan<byte> data)
    {
        this.data = data;
        little = data[0] == 'I';
        big = data[little ? 2 : 3] == 43;
    }

    public static bool Recognizes(ReadOnlySpan<byte> data) =>
        data.StartsWith("II*\0"u8) || data.StartsWith("MM\0*"u8) || data.StartsWith("II+\0"u8) || data.StartsWith("MM\0+"u8);

    /// <exception cref="InvalidDataException">
    /// A value lies beyond the end of the file, or the image is larger than the file makes plausible.
    /// </exception>
    public static void Check(ReadOnlySpan<byte> data) => new TiffDirectory(data).CheckEntries();

    /// <summary>The orientation noted in Exif data, which are a TIFF without pixels; upright where there is none or it is damaged.</summary>
    public static ExifOrientation Orientation(ReadOnlySpan<byte> exif)
    {
        const int Tag = 0x0112, Short = 3;
        if (!Recognizes(exif)) return ExifOrientation.Upright;
        try
        {
            var directory = new TiffDirectory(exif);
            ulong at = directory.U32(4);
            for (int count = directory.U16(at); count > 0; count--, at += 12)
                if (directory.U16(at + 2) == Tag && directory.U16(at + 4) == Short)
                    return directory.U16(at + 10) is >= 1 and <= 8 and var stored ? (ExifOrientation)stored : ExifOrientation.Upright;
        }
        catch (InvalidDataException)
        {
        }
        return ExifOrientation.Upright;
    }

    readonly void CheckEntries()
    {
        if (big && !little) throw new InvalidDataException("a big-endian BigTIFF is not supported; save it little-endian");
        ulong at = big ? U64(8) : U32(4), count = big ? U64(at) : U16(at);
        int countBytes = big ? 8 : 2, entryBytes = big ? 20 : 12, inline = big ? 8 : 4;
        if (count is 0 or > 4096) throw new InvalidDataException($"its directory has {count} entries; the file is damaged");
        ulong entry = at + (ulong)countBytes, width = 0, height = 0, samples = 1, rows = ulong.MaxValue, planar = 1, wide = 0, high = 0, parts = 0;
        for (; count > 0; count--, entry += (ulong)entryBytes)
        {
            int tag = U16(entry), type = U16(entry + 2);
            ulong values = big ? U64(entry + 4) : U32(entry + 4);
            ulong place = entry + (ulong)(big ? 12 : 8);
            Need(place, (ulong)inline);
            if (values > (ulong)data.Length) throw CutOff($"tag {tag} has {values} values");
            ulong bytes = values * (type < TypeBytes.Length ? TypeBytes[type] : 1UL);
            if (bytes > (ulong)inline) Need(big ? U64(place) : U32(place), bytes);
            switch (tag)
            {
                case 256: width = Number(place, type); break;
                case 257: height = Number(place, type); break;
                case 273 or 324: parts = values; break;
                case 277: samples = Number(place, type); break;
                case 278: rows = Number(place, type); break;
                case 284: planar = Number(place, type); break;
                case 322: wide = Number(place, type); break;
                case 323: high = Number(place, type); break;
            }
        }
        ulong next = big ? U64(entry) : U32(entry);
        if (next > 0) Need(next, 2);
        DecodedSize.Check((long)Math.Min(width, int.MaxValue), (long)Math.Min(height, int.MaxValue), data.Length);
        if (samples > Image.MaxChannels) throw new InvalidDataException($"a TIFF of {samples} samples per pixel is not supported");
        if (wide > int.MaxValue || high > int.MaxValue) throw new InvalidDataException($"tiles of {wide}×{high} pixels are impossible");
        ulong wanted = wide > 0 && high > 0
            ? ((width + wide - 1) / wide) * ((height + high - 1) / high)
            : rows == 0 ? 0 : (height - 1) / rows + 1;
        if (planar == 2) wanted *= samples;
        if (wanted == 0 || wanted > parts) throw new InvalidDataException($"the image has {wanted} parts, but the places of {parts} are given");
    }

    // The first value of a tag.
    readonly ulong Number(ulong place, int type) => type switch { 1 => Need(place, 1)[0], 3 => U16(place), 4 => U32(place), 16 => U64(place), _ => 0 };

    readonly ushort U16(ulong at)
    {
        ReadOnlySpan<byte> bytes = Need(at, 2);
        return little ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt16BigEndian(bytes);
    }

    readonly uint U32(ulong at)
    {
        ReadOnlySpan<byte> bytes = Need(at, 4);
        return little ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : BinaryPrimitives.ReadUInt32BigEndian(bytes);
    }

    readonly ulong U64(ulong at)
    {
        ReadOnlySpan<byte> bytes = Need(at, 8);
        return little ? BinaryPrimitives.ReadUInt64LittleEndian(bytes) : BinaryPrimitives.ReadUInt64BigEndian(bytes);
    }

    readonly ReadOnlySpan<byte> Need(ulong at, ulong bytes)
    {
        ulong length = (ulong)data.Length;
        if (at > length || bytes > length - at) throw CutOff($"its directory needs {bytes} bytes at {at}");
        return data.Slice((int)at, (int)bytes);
    }

    readonly InvalidDataException CutOff(string claim) => new($"{claim}, but the file has {data.Length} bytes; it is damaged or cut off");
}
