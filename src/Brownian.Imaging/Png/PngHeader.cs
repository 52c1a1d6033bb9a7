using System.Buffers.Binary;
using Brownian.IO;

namespace Brownian.Imaging;

enum PngColor : byte { Gray = 0, Rgb = 2, Palette = 3, GrayAlpha = 4, Rgba = 6 }

/// <summary>One reduced image of an interlaced file, or the whole of a plain one: its size, and where its pixels go.</summary>
readonly record struct PngPass(int Width, int Height, int Left, int Top, int StepX, int StepY);

/// <summary>The IHDR chunk, checked (PNG §11.2.1).</summary>
readonly record struct PngHeader(int Width, int Height, int Depth, PngColor Color, bool Interlaced)
{
    public const int Bytes = 13;

    public int Samples => Color switch { PngColor.Gray or PngColor.Palette => 1, PngColor.GrayAlpha => 2, PngColor.Rgb => 3, _ => 4 };

    public int RowBytes(int width) => (int)(((long)width * Samples * Depth + 7) / 8);

    /// <summary>Bytes after inflation: every row of every pass, each led by its filter type.</summary>
    public long InflatedBytes()
    {
        long total = 0;
        foreach (PngPass pass in Passes()) total += (1L + RowBytes(pass.Width)) * pass.Height;
        return total;
    }

    /// <summary>The passes that hold pixels, in file order: one, or up to seven of Adam7 (PNG §8.1).</summary>
    public IEnumerable<PngPass> Passes()
    {
        if (!Interlaced)
        {
            yield return new PngPass(Width, Height, 0, 0, 1, 1);
            yield break;
        }
        (int Left, int Top, int StepX, int StepY)[] adam7 =
            [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];
        foreach ((int left, int top, int stepX, int stepY) in adam7)
        {
            int width = (Width - left + stepX - 1) / stepX, height = (Height - top + stepY - 1) / stepY;
            if (width > 0 && height > 0) yield return new PngPass(width, height, left, top, stepX, stepY);
        }
    }

    public static PngHeader Parse(ReadOnlySpan<byte> body)
    {
        if (body.Length != Bytes) throw new InvalidDataException($"the IHDR chunk has {Counted.Of(body.Length, "byte")} instead of {Bytes}");
        uint width = BinaryPrimitives.ReadUInt32BigEndian(body), height = BinaryPrimitives.ReadUInt32BigEndian(body[4..]);
        if (width == 0 || height == 0) throw new InvalidDataException($"the image is empty ({width}×{height})");
        if ((ulong)width * height > ImageFile.MaxPixels)
            throw new InvalidDataException($"{width}×{height} exceeds the limit of {ImageFile.MaxPixels} pixels");
        int depth = body[8], color = body[9];
        if (!IsAllowed(color, depth)) throw new InvalidDataException($"colour type {color} with {depth} bits per sample does not exist");
        if (body[10] != 0) throw new InvalidDataException($"unknown compression method {body[10]}");
        if (body[11] != 0) throw new InvalidDataException($"unknown filter method {body[11]}");
        if (body[12] > 1) throw new InvalidDataException($"unknown interlace method {body[12]}");
        return new PngHeader((int)width, (int)height, depth, (PngColor)color, body[12] == 1);
    }

    static bool IsAllowed(int color, int depth) => (PngColor)color switch
    {
        PngColor.Gray => depth is 1 or 2 or 4 or 8 or 16,
        PngColor.Palette => depth is 1 or 2 or 4 or 8,
        PngColor.Rgb or PngColor.GrayAlpha or PngColor.Rgba => depth is 8 or 16,
        _ => false,
    };
}
