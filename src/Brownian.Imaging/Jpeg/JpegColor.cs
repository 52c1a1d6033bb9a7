using System.Runtime.CompilerServices;

namespace Brownian.Imaging;

/// <summary>What the components of a file mean.</summary>
enum JpegColorSpace { Gray, YCbCr, Rgb, Cmyk, Ycck }

/// <summary>Turns rows of component samples into gray or RGB pixels.</summary>
static class JpegColor
{
    /// <summary>The rules of libjpeg: JFIF means YCbCr, then the Adobe segment decides, then the identifiers R, G, B.</summary>
    /// <param name="components">Of the frame.</param>
    /// <param name="jfif">There is a JFIF segment.</param>
    /// <param name="adobe">The transform number of the Adobe segment; null without one.</param>
    public static JpegColorSpace Detect(JpegComponent[] components, bool jfif, int? adobe)
    {
        if (components.Length == 1) return JpegColorSpace.Gray;
        if (components.Length == 4) return adobe is null or 0 ? JpegColorSpace.Cmyk : JpegColorSpace.Ycck;
        if (jfif) return JpegColorSpace.YCbCr;
        if (adobe is not null) return adobe == 0 ? JpegColorSpace.Rgb : JpegColorSpace.YCbCr;
        return components is [{ Id: 'R' }, { Id: 'G' }, { Id: 'B' }] ? JpegColorSpace.Rgb : JpegColorSpace.YCbCr;
    }

    /// <summary>Width × 3 bytes of <paramref name="pixels"/> from three planes.</summary>
    public static void FromYCbCr(ReadOnlySpan<byte> luma, ReadOnlySpan<byte> blue, ReadOnlySpan<byte> red, Span<byte> pixels)
    {
        int width = pixels.Length / 3;
        luma = luma[..width];
        blue = blue[..width];
        red = red[..width];
        for (int x = 0, at = 0; x < width; x++, at += 3) Convert(luma[x], blue[x] - 128, red[x] - 128, pixels.Slice(at, 3));
    }

    public static void FromRgb(ReadOnlySpan<byte> red, ReadOnlySpan<byte> green, ReadOnlySpan<byte> blue, Span<byte> pixels)
    {
        for (int x = 0, at = 0; at < pixels.Length; x++, at += 3)
            (pixels[at], pixels[at + 1], pixels[at + 2]) = (red[x], green[x], blue[x]);
    }

    /// <summary>
    /// RGB from pixels that hold the first three planes as stored and the plane of black. Files of four inks store them inverted, as
    /// Adobe's programs do: 255 is no ink. Then each colour is c·k/255, rounded as Pillow does.
    /// </summary>
    public static void MultiplyBlack(ReadOnlySpan<byte> black, Span<byte> pixels)
    {
        for (int i = 0; i < pixels.Length; i++)
        {
            // Pillow's arithmetic: clip(k − (255 − c)·k/255), where k and c are the stored values.
            int k = black[i / 3], product = (255 - pixels[i]) * k + 128;
            pixels[i] = (byte)Math.Max(0, k - ((product + (product >> 8)) >> 8));
        }
    }

    // R = Y + 1.402 Cr, G = Y − 0.344136 Cb − 0.714136 Cr, B = Y + 1.772 Cb (JFIF 1.02) in 16-bit fixed point.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Convert(int y, int cb, int cr, Span<byte> rgb)
    {
        const int half = 1 << 15;
        rgb[2] = Clamp(y + ((116130 * cb + half) >> 16));
        rgb[1] = Clamp(y + ((-22554 * cb - 46802 * cr + half) >> 16));
        rgb[0] = Clamp(y + ((91881 * cr + half) >> 16));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static byte Clamp(int value) => (byte)Math.Clamp(value, 0, 255);
}
