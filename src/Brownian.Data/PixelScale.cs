using System.Runtime.InteropServices;
using Brownian.Tensors;

namespace Brownian.Data;

/// <summary>
/// The one place where pixels become the numbers a model sees, and back: [0, 255] or [0, 65535] ↔ [−1, 1].
/// All values survive the round trip.
/// </summary>
public static class PixelScale
{
    /// <summary>x/127.5 − 1: 0 becomes −1, 255 becomes 1.</summary>
    /// <param name="value">A pixel's channel.</param>
    public static float FromByte(byte value) => value / 127.5f - 1f;

    /// <summary>
    /// (x + 1)·127.5 rounded to nearest (halves to even), after clamping x to [−1, 1]; NaN becomes 0, so a broken sample is black
    /// rather than an error.
    /// </summary>
    /// <param name="value">A model's output.</param>
    public static byte ToByte(float value)
    {
        float x = float.IsNaN(value) ? -1f : Math.Clamp(value, -1f, 1f);
        return (byte)MathF.Round((x + 1f) * 127.5f);
    }

    /// <summary><see cref="FromByte(byte)"/> of every element.</summary>
    /// <param name="values">Any number of bytes.</param>
    /// <param name="target">As many floats.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void FromBytes(ReadOnlySpan<byte> values, Span<float> target)
    {
        CheckLengths(values.Length, target.Length);
        for (int i = 0; i < values.Length; i++)
            target[i] = FromByte(values[i]);
    }

    /// <summary>x/32767.5 − 1: 0 becomes −1, 65,535 becomes 1.</summary>
    /// <param name="value">A pixel's channel, of 16 bits.</param>
    public static float FromDeep(ushort value) => (float)(value / 32767.5 - 1);

    /// <summary>(x + 1)·32767.5 rounded to nearest (halves to even), after clamping x to [−1, 1]; NaN becomes 0.</summary>
    /// <param name="value">A model's output.</param>
    public static ushort ToDeep(float value) =>
        (ushort)Math.Round((float.IsNaN(value) ? 0 : Math.Clamp((double)value, -1, 1) + 1) * 32767.5);

    /// <summary><see cref="FromByte(byte)"/> or <see cref="FromDeep(ushort)"/> of every sample.</summary>
    /// <param name="samples">Bytes, two for each sample of 16 bits.</param>
    /// <param name="bitDepth">8 or 16.</param>
    /// <param name="target">As many floats as there are samples.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void FromSamples(ReadOnlySpan<byte> samples, int bitDepth, Span<float> target)
    {
        if (bitDepth == 8)
        {
            FromBytes(samples, target);
            return;
        }
        ReadOnlySpan<ushort> deep = MemoryMarshal.Cast<byte, ushort>(samples);
        CheckLengths(deep.Length, target.Length);
        for (int i = 0; i < deep.Length; i++)
            target[i] = FromDeep(deep[i]);
    }

    /// <summary><see cref="ToByte(float)"/> of every element.</summary>
    /// <param name="values">Any number of floats.</param>
    /// <param name="target">As many bytes.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void ToBytes(ReadOnlySpan<float> values, Span<byte> target)
    {
        CheckLengths(values.Length, target.Length);
        for (int i = 0; i < values.Length; i++)
            target[i] = ToByte(values[i]);
    }

    static void CheckLengths(int values, int target)
    {
        if (values != target)
            throw new ArgumentException($"{values} pixel values do not fit a target of {target}; make the lengths equal.", nameof(target));
    }
}

/// <summary>Numbers in [−1, 1] as images; what lies beyond is cut off.</summary>
public static class Pixels
{
    /// <summary>The images of a tensor.</summary>
    /// <param name="x">N×H×W×C.</param>
    /// <param name="bitDepth">Bits per sample of the images: 8 or 16.</param>
    public static IReadOnlyList<Image> ToImages(Tensor x, int bitDepth = 8)
    {
        ArgumentNullException.ThrowIfNull(x);
        float[] values = x.ToArray();
        int size = x.Shape[1] * x.Shape[2] * x.Shape[3];
        return [.. Enumerable.Range(0, x.Shape[0]).Select(n => ToImage(values.AsSpan(n * size, size), x.Shape[2], x.Shape[1], x.Shape[3], bitDepth))];
    }

    /// <summary>One image.</summary>
    /// <param name="values">height·width·channels numbers, row by row, channels last.</param>
    /// <param name="width">Pixels per row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="channels">1 gray, 3 RGB, 4 RGBA; others have no colours.</param>
    /// <param name="bitDepth">Bits per sample of the image: 8 or 16.</param>
    public static Image ToImage(ReadOnlySpan<float> values, int width, int height, int channels, int bitDepth = 8)
    {
        var image = new Image(width, height, channels, bitDepth) { HasAlpha = channels == 4 };
        if (bitDepth == 8)
        {
            PixelScale.ToBytes(values, image.Pixels);
            return image;
        }
        for (int i = 0; i < values.Length; i++) image.Deep[i] = PixelScale.ToDeep(values[i]);
        return image;
    }
}
