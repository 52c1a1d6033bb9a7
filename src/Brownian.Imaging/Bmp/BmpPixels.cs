using System.Buffers.Binary;

namespace Brownian.Imaging;

/// <summary>Unpacks bitmaps that are not compressed; each row is padded to whole 32-bit words.</summary>
static class BmpPixels
{
    public static Image Decode(BmpHeader header, ReadOnlySpan<byte> data)
    {
        long stride = ((long)header.Width * header.Depth + 31) / 32 * 4;
        ReadOnlySpan<byte> rest = data[header.Offset..];
        // The padding of the last row may be missing.
        long needed = stride * (header.Height - 1) + ((long)header.Width * header.Depth + 7) / 8;
        if (rest.Length < needed)
            throw new InvalidDataException(
                $"{header.Width}×{header.Height} pixels need {needed} bytes, but the file has {rest.Length}; it is cut off");
        var image = new Image(header.Width, header.Height, header.Channels);
        int bytes = image.Width * image.Channels;
        for (int y = 0; y < image.Height; y++)
        {
            int top = header.TopDown ? y : image.Height - 1 - y;
            Unpack(header, rest[(int)(y * stride)..], image.Pixels.AsSpan(top * bytes, bytes));
        }
        return image;
    }

    static void Unpack(BmpHeader header, ReadOnlySpan<byte> row, Span<byte> pixels)
    {
        int channels = header.Channels;
        for (int x = 0, at = 0; at < pixels.Length; x++, at += channels)
        {
            Span<byte> pixel = pixels.Slice(at, channels);
            switch (header.Depth)
            {
                case 16: Place(header.Fields, BinaryPrimitives.ReadUInt16LittleEndian(row[(2 * x)..]), pixel); break;
                case 24: (pixel[0], pixel[1], pixel[2]) = (row[3 * x + 2], row[3 * x + 1], row[3 * x]); break;
                case 32: Place(header.Fields, BinaryPrimitives.ReadUInt32LittleEndian(row[(4 * x)..]), pixel); break;
                default:
                    int bit = x * header.Depth;             // the leftmost pixel is in the high bits
                    BmpPalette.Place(header, (row[bit >> 3] >> (8 - header.Depth - (bit & 7))) & ((1 << header.Depth) - 1), pixel);
                    break;
            }
        }
    }

    static void Place(BmpField[] fields, uint value, Span<byte> pixel)
    {
        for (int i = 0; i < pixel.Length; i++) pixel[i] = fields[i].Of(value);
    }
}

static class BmpPalette
{
    /// <summary>Writes the RGB of a colour.</summary>
    /// <exception cref="InvalidDataException">The palette is shorter.</exception>
    public static void Place(BmpHeader header, int color, Span<byte> pixel)
    {
        byte[] palette = header.Palette;
        if (3 * color >= palette.Length)
            throw new InvalidDataException($"a pixel has colour {color} of a palette of {palette.Length / 3}");
        (pixel[0], pixel[1], pixel[2]) = (palette[3 * color + 2], palette[3 * color + 1], palette[3 * color]);
    }
}
