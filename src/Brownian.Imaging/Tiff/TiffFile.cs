using System.Globalization;
using BitMiracle.LibTiff.Classic;

namespace Brownian.Imaging;

/// <summary>
/// Reads the first page of TIFF and BigTIFF files: 1 to 16 bits, in strips or tiles, with any compression that the library knows. It unpacks
/// the samples; what they mean is said in <see cref="TiffColors"/>.
/// </summary>
sealed class TiffFile
{
    readonly Tiff tiff;
    readonly TiffSource source;
    readonly int bytes;                     // of the file

    TiffFile(Tiff tiff, TiffSource source) => (this.tiff, this.source, bytes) = (tiff, source, (int)source.Length);

    /// <summary>
    /// Upright by its orientation: gray 1 channel, gray with alpha 2, RGB, palette, CMYK and YCbCr 3, RGBA 4, and 5 or more as they are.
    /// </summary>
    /// <param name="data">The whole file.</param>
    /// <param name="atFullDepth">Keep samples of 16 bits; otherwise they lose their low byte.</param>
    /// <exception cref="InvalidDataException">Says what is wrong, without the file's name.</exception>
    public static Image Decode(ReadOnlySpan<byte> data, bool atFullDepth)
    {
        TiffDirectory.Check(data);
        using var source = new TiffSource(data.ToArray());
        try
        {
            using Tiff tiff = Tiff.ClientOpen("TIFF", "r", source, new TiffStream())
                ?? throw new InvalidDataException(source.Error ?? "the headers are damaged");
            Image image = new TiffFile(tiff, source).Read();
            return image.BitDepth == 16 && !atFullDepth ? image.HighBytes() : image;
        }
        catch (Exception e) when (e is not (InvalidDataException or OutOfMemoryException))
        {
            // The library trusts its files, so damage shows as an index out of range, a null and the like.
            throw new InvalidDataException(source.Error ?? "the file is damaged", e);
        }
    }

    Image Read()
    {
        var colors = new TiffColors(tiff);
        DecodedSize.Check(colors.Width, colors.Height, bytes, colors.Samples * ((colors.Bits + 7) / 8));
        CheckParts();
        if (source.Error is not null) throw new InvalidDataException(source.Error);
        Image image = colors.Coding switch
        {
            TiffCoding.Jpeg => ReadJpegs(colors),
            TiffCoding.Subsampled => ReadSubsampled(colors),
            _ => colors.ToImage(ReadSamples(colors)),
        };
        if (source.Doubt is { } doubt) throw new InvalidDataException(doubt);
        return image.Turn((ExifOrientation)Math.Clamp(Field(tiff, TiffTag.ORIENTATION, 1), 1, 8));
    }

    // Every strip or tile must lie in the file.
    void CheckParts()
    {
        bool tiled = tiff.IsTiled();
        var offsets = (ulong[]?)tiff.GetField(tiled ? TiffTag.TILEOFFSETS : TiffTag.STRIPOFFSETS)?[0].Value;
        var counts = (ulong[]?)tiff.GetField(tiled ? TiffTag.TILEBYTECOUNTS : TiffTag.STRIPBYTECOUNTS)?[0].Value;
        if (offsets is null || counts is null) throw new InvalidDataException("the file does not say where its pixels are");
        for (int i = 0; i < Math.Min(offsets.Length, counts.Length); i++)
            if (offsets[i] > (ulong)bytes || counts[i] > (ulong)bytes - offsets[i])
                throw new InvalidDataException(
                    $"{(tiled ? "tile" : "strip")} {i} has {counts[i]} bytes at {offsets[i]}, but the file has {bytes}; it is damaged or cut off");
        source.CountDoubts();
    }

    // Height × width × samples: one byte each up to 8 bits, else two.
    byte[] ReadSamples(TiffColors colors)
    {
        bool tiled = tiff.IsTiled(), separate = Field(tiff, TiffTag.PLANARCONFIG, 1) == (int)PlanarConfig.SEPARATE;
        int wide = tiled ? Field(tiff, TiffTag.TILEWIDTH, 0) : colors.Width;
        int high = tiled ? Field(tiff, TiffTag.TILELENGTH, 0) : RowsPerStrip(colors);
        int planes = separate ? colors.Samples : 1, inPart = separate ? 1 : colors.Samples;
        if (colors.Bits < 8 && colors.Samples > 1) throw new InvalidDataException($"{colors.Bits} bits for each of {colors.Samples} samples are not supported");
        DecodedSize.Check(wide, high, bytes, inPart * ((colors.Bits + 7) / 8));
        byte[] samples = new byte[(long)colors.Width * colors.Height * colors.Samples * colors.SampleBytes];
        byte[] part = new byte[tiled ? tiff.TileSize() : tiff.StripSize()];
        int rowBytes = tiled ? tiff.TileRowSize() : part.Length / Math.Max(1, high);
        for (int plane = 0; plane < planes; plane++)
        {
            for (int top = 0; top < colors.Height; top += high)
            {
                int rows = Math.Min(high, colors.Height - top);
                for (int left = 0; left < colors.Width; left += wide)
                {
                    int needed = (tiled ? high : rows) * rowBytes;
                    int read = tiled
                        ? tiff.ReadEncodedTile(tiff.ComputeTile(left, top, 0, (short)plane), part, 0, needed)
                        : tiff.ReadEncodedStrip(tiff.ComputeStrip(top, (short)plane), part, 0, needed);
                    if (read < needed || source.Error is not null) throw new InvalidDataException(source.Error ?? "the image data ends early");
                    for (int y = 0; y < rows; y++)
                    {
                        long start = ((long)(top + y) * colors.Width + left) * colors.Samples + plane;
                        Place(part.AsSpan(y * rowBytes, rowBytes), colors, samples, start, Math.Min(wide, colors.Width - left), inPart);
                    }
                }
            }
        }
        return samples;
    }

    static void Place(ReadOnlySpan<byte> row, TiffColors colors, byte[] samples, long start, int columns, int inPart)
    {
        int size = colors.SampleBytes, bits = colors.Bits;
        if (bits >= 8 && inPart == colors.Samples)
        {
            row[..(columns * inPart * size)].CopyTo(samples.AsSpan((int)start * size));
            return;
        }
        for (int x = 0; x < columns; x++)
        {
            int at = ((int)start + x * colors.Samples) * size;
            if (bits >= 8) row.Slice(x * size, size).CopyTo(samples.AsSpan(at));
            else samples[at] = (byte)((row[x * bits >> 3] >> (8 - bits - (x * bits & 7))) & ((1 << bits) - 1));      // the first in the high bits
        }
    }

    // A JPEG for each part, less the tables that all have in common: Skia decodes them as it does files.
    Image ReadJpegs(TiffColors colors)
    {
        bool tiled = tiff.IsTiled();
        int wide = tiled ? Field(tiff, TiffTag.TILEWIDTH, 0) : colors.Width, high = tiled ? Field(tiff, TiffTag.TILELENGTH, 0) : RowsPerStrip(colors);
        byte[] tables = tiff.GetField(TiffTag.JPEGTABLES) is [_, { Value: byte[] stored }, ..] ? stored : [];
        var image = new Image(colors.Width, colors.Height, 3) { Format = "TIFF" };
        for (int top = 0; top < colors.Height; top += high)
        {
            for (int left = 0; left < colors.Width; left += wide)
            {
                int index = tiled ? tiff.ComputeTile(left, top, 0, 0) : tiff.ComputeStrip(top, 0);
                var counts = (ulong[])tiff.GetField(tiled ? TiffTag.TILEBYTECOUNTS : TiffTag.STRIPBYTECOUNTS)[0].Value;
                byte[] packed = new byte[counts[index]];
                int read = tiled ? tiff.ReadRawTile(index, packed, 0, packed.Length) : tiff.ReadRawStrip(index, packed, 0, packed.Length);
                if (read != packed.Length || packed.Length < 4) throw new InvalidDataException(source.Error ?? "the image data ends early");
                byte[] whole = tables.Length < 4 ? packed : [.. tables[..^2], .. packed[2..]];      // without an end and a start between them
                Image part = Jpeg.DecodeUnnamed(whole);
                int rows = Math.Min(high, colors.Height - top), columns = Math.Min(wide, colors.Width - left);
                if (part.Channels != 3 || part.Width < columns || part.Height < rows || part.Width > wide || part.Height > high)
                    throw new InvalidDataException($"a part of {wide}×{high} pixels is a JPEG of {part.Width}×{part.Height}×{part.Channels}");
                ImageGeometry.Paste(part, 0, 0, image, left, top, columns, rows);
            }
        }
        return image;
    }

    int RowsPerStrip(TiffColors colors) => Math.Min(colors.Height, (int)Math.Min(int.MaxValue, (uint)Field(tiff, TiffTag.ROWSPERSTRIP, -1)));

    // In units of several pixels, which the library knows how to unpack.
    Image ReadSubsampled(TiffColors colors)
    {
        int orientation = Field(tiff, TiffTag.ORIENTATION, 1);
        tiff.SetField(TiffTag.ORIENTATION, Orientation.TOPLEFT);
        int[] raster = new int[colors.Width * colors.Height];
        if (!tiff.ReadRGBAImageOriented(colors.Width, colors.Height, raster, Orientation.TOPLEFT, stopOnError: true))
            throw new InvalidDataException(source.Error ?? "the image data ends early");
        tiff.SetField(TiffTag.ORIENTATION, (Orientation)orientation);
        var image = new Image(colors.Width, colors.Height, 3, new byte[3 * raster.Length]) { Format = "TIFF" };
        for (int i = 0; i < raster.Length; i++)
            (image.Pixels[3 * i], image.Pixels[3 * i + 1], image.Pixels[3 * i + 2]) = ((byte)raster[i], (byte)(raster[i] >> 8), (byte)(raster[i] >> 16));
        return image;
    }

    /// <summary>The number of a tag, or what goes without it.</summary>
    public static int Field(Tiff tiff, TiffTag tag, int absent) =>
        tiff.GetField(tag)?[0].Value is { } value ? unchecked((int)Convert.ToInt64(value, CultureInfo.InvariantCulture)) : absent;
}
