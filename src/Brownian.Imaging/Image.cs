using System.Collections.ObjectModel;

namespace Brownian.Imaging;

/// <summary>An 8-bit image in memory: height × width × channels bytes, row by row, channels last.</summary>
public sealed class Image
{
    /// <summary>Wraps <paramref name="pixels"/> without copying; the image owns the array from here on.</summary>
    /// <param name="width">Pixels per row, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="channels">1 gray, 2 gray and alpha, 3 RGB, 4 RGBA.</param>
    /// <param name="pixels">Exactly height × width × channels bytes.</param>
    /// <param name="text">Notes that travel with the image, by keyword; none when null.</param>
    /// <exception cref="ArgumentException">A size is out of range, or the array has another length.</exception>
    public Image(int width, int height, int channels, byte[] pixels, IReadOnlyDictionary<string, string>? text = null)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        long count = Count(width, height, channels);
        if (pixels.Length != count)
            throw new ArgumentException($"Image: {width}×{height}×{channels} needs {count} bytes, got {pixels.Length}.", nameof(pixels));
        (Width, Height, Channels, Pixels) = (width, height, channels, pixels);
        Text = text is null or { Count: 0 } ? ReadOnlyDictionary<string, string>.Empty : new Dictionary<string, string>(text).AsReadOnly();
    }

    /// <summary>A black image (and transparent, where there is an alpha channel).</summary>
    /// <param name="width">Pixels per row, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="channels">1 gray, 2 gray and alpha, 3 RGB, 4 RGBA.</param>
    /// <exception cref="ArgumentException">A size is out of range, or the image would exceed 2³¹ bytes.</exception>
    public Image(int width, int height, int channels) : this(width, height, channels, new byte[Allocatable(width, height, channels)]) { }

    /// <summary>Pixels per row.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>1 gray, 2 gray and alpha, 3 RGB, 4 RGBA.</summary>
    public int Channels { get; }

    /// <summary>Height × width × channels bytes; the live array, not a copy.</summary>
    public byte[] Pixels { get; }

    /// <summary>Notes stored with the image (the text chunks of a PNG), by keyword; empty otherwise.</summary>
    public IReadOnlyDictionary<string, string> Text { get; }

    /// <summary>
    /// The image with another number of channels, computed as Pillow's <c>convert</c> does: colour to gray with the luma weights of
    /// ITU-R 601, gray to colour by repetition, alpha dropped without blending, a missing alpha set to 255. Returns this image when
    /// nothing changes.
    /// </summary>
    /// <param name="channels">1 gray, 2 gray and alpha, 3 RGB, 4 RGBA.</param>
    /// <exception cref="ArgumentOutOfRangeException">Not a number from 1 to 4.</exception>
    public Image ConvertTo(int channels)
    {
        CheckChannels(channels);
        if (channels == Channels) return this;
        var pixels = new byte[Allocatable(Width, Height, channels)];
        bool fromColor = Channels >= 3, toColor = channels >= 3, fromAlpha = Channels % 2 == 0, toAlpha = channels % 2 == 0;
        for (int s = 0, t = 0; t < pixels.Length; s += Channels, t += channels)
        {
            ReadOnlySpan<byte> from = Pixels.AsSpan(s, Channels);
            Span<byte> to = pixels.AsSpan(t, channels);
            if (toColor) (to[0], to[1], to[2]) = fromColor ? (from[0], from[1], from[2]) : (from[0], from[0], from[0]);
            else to[0] = fromColor ? Luma(from[0], from[1], from[2]) : from[0];
            if (toAlpha) to[^1] = fromAlpha ? from[^1] : (byte)255;
        }
        return new Image(Width, Height, channels, pixels, Text);
    }

    // L = (299 R + 587 G + 114 B) / 1000 in 16-bit fixed point; the three weights add up to 65536.
    static byte Luma(int r, int g, int b) => (byte)((r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16);

    static long Count(int width, int height, int channels)
    {
        if (width < 1 || height < 1) throw new ArgumentException($"Image: {width}×{height} is empty; both sizes must be at least 1.");
        CheckChannels(channels);
        // A product of two ints fits a long; the third factor is applied only to what an array could hold.
        long area = (long)width * height;
        return area > int.MaxValue ? area : area * channels;
    }

    static int Allocatable(int width, int height, int channels)
    {
        long count = Count(width, height, channels);
        if (count > Array.MaxLength) throw new ArgumentException($"Image: {width}×{height}×{channels} exceeds {Array.MaxLength} bytes.");
        return (int)count;
    }

    static void CheckChannels(int channels)
    {
        if (channels is < 1 or > 4)
            throw new ArgumentOutOfRangeException(
                nameof(channels), $"Image: {channels} channels; use 1 (gray), 2 (gray, alpha), 3 (RGB) or 4 (RGBA).");
    }
}
