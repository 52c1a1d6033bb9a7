using System.Buffers.Binary;
using System.IO.Compression;

namespace Brownian.Imaging;

/// <summary>Inflates the image data row by row into pixels of 8 or 16 bits per sample; holds two rows beside the result.</summary>
sealed class PngPixels
{
    readonly PngFile file;
    readonly PngHeader header;
    readonly int channels;
    readonly int sampleBytes;
    readonly byte[] pixels;
    readonly int[] transparent = [];        // the transparent colour's samples, of files without a palette

    PngPixels(PngFile file, int depth)
    {
        this.file = file;
        header = file.Header;
        channels = file.Channels;
        sampleBytes = depth / 8;
        pixels = new byte[(long)header.Width * header.Height * channels * sampleBytes];
        if (file.Transparency is { } key && header.Color is not PngColor.Palette)
        {
            transparent = new int[header.Samples];
            for (int i = 0; i < transparent.Length; i++) transparent[i] = BinaryPrimitives.ReadUInt16BigEndian(key.AsSpan(2 * i));
        }
    }

    /// <summary>Height × width × channels samples.</summary>
    /// <param name="file">The file.</param>
    /// <param name="depth">Bits of a sample: 8, or 16 where the file has so many.</param>
    public static byte[] Decode(PngFile file, int depth)
    {
        var decoder = new PngPixels(file, depth);
        using var inflated = new ZLibStream(file.OpenPacked(), CompressionMode.Decompress);
        foreach (PngPass pass in file.Header.Passes()) decoder.ReadPass(inflated, pass);
        // Reading past the last row also makes the inflater verify the Adler-32 checksum.
        if (Fill(inflated, stackalloc byte[1]) != 0) throw new InvalidDataException("there is more image data than the header declares");
        return decoder.pixels;
    }

    void ReadPass(ZLibStream inflated, PngPass pass)
    {
        int step = Math.Max(1, header.Samples * header.Depth / 8);
        byte[] above = new byte[1 + header.RowBytes(pass.Width)], row = new byte[above.Length];     // filter type, then samples
        for (int y = 0; y < pass.Height; y++)
        {
            if (Fill(inflated, row) != row.Length) throw new InvalidDataException($"the image data ends in row {y} of {pass.Height}");
            PngFilter.Undo(row[0], row.AsSpan(1), above.AsSpan(1), step);
            Place(row.AsSpan(1), pass, y);
            (above, row) = (row, above);
        }
    }

    static int Fill(ZLibStream inflated, Span<byte> target)
    {
        try
        {
            return inflated.ReadAtLeast(target, target.Length, throwOnEndOfStream: false);
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            throw new InvalidDataException("the compressed image data is damaged or cut off", e);
        }
    }

    void Place(ReadOnlySpan<byte> row, PngPass pass, int y)
    {
        int at = ((pass.Top + y * pass.StepY) * header.Width + pass.Left) * channels * sampleBytes;
        int bytes = channels * sampleBytes, stride = pass.StepX * bytes;
        if (header.Depth == 8 && channels == header.Samples && pass.StepX == 1 && header.Color is not PngColor.Palette)
        {
            row.CopyTo(pixels.AsSpan(at));
            return;
        }
        for (int x = 0; x < pass.Width; x++, at += stride)
        {
            if (header.Color is PngColor.Palette) PlaceEntry(Sample(row, x), pixels.AsSpan(at, channels));
            else PlaceSamples(row, x, pixels.AsSpan(at, bytes));
        }
    }

    void PlaceEntry(int index, Span<byte> pixel)
    {
        byte[] palette = file.Palette!;
        if (index >= palette.Length / 3) throw new InvalidDataException($"a pixel has colour {index} of a palette of {palette.Length / 3}");
        palette.AsSpan(3 * index, 3).CopyTo(pixel);
        if (file.Transparency is { } alpha) pixel[3] = index < alpha.Length ? alpha[index] : (byte)255;
    }

    void PlaceSamples(ReadOnlySpan<byte> row, int x, Span<byte> pixel)
    {
        // The transparent colour is compared at full depth, before 16-bit samples lose their low byte (PNG §11.3.1.1).
        bool isTransparent = transparent.Length > 0;
        for (int i = 0; i < header.Samples; i++)
        {
            int sample = Sample(row, x * header.Samples + i);
            if (isTransparent && sample != transparent[i]) isTransparent = false;
            if (sampleBytes == 2) BinaryPrimitives.WriteUInt16LittleEndian(pixel[(2 * i)..], (ushort)sample);
            else pixel[i] = ToByte(sample);
        }
        if (transparent.Length > 0) pixel[^sampleBytes..].Fill(isTransparent ? (byte)0 : (byte)255);
    }

    int Sample(ReadOnlySpan<byte> row, int index)
    {
        int depth = header.Depth;
        if (depth == 8) return row[index];
        if (depth == 16) return BinaryPrimitives.ReadUInt16BigEndian(row[(2 * index)..]);
        int bit = index * depth;                                // the leftmost pixel is in the high bits (PNG §7.2)
        return (row[bit >> 3] >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
    }

    byte ToByte(int sample) =>
        (byte)(header.Depth switch { 16 => sample >> 8, 8 => sample, _ => sample * 255 / ((1 << header.Depth) - 1) });
}
