using System.Globalization;
using System.Runtime.InteropServices;

namespace Brownian.Data;

/// <summary>
/// Which pixels the numbers of an array stand for. Arrays do not say: that is found from the least and the largest of all their numbers,
/// and said.
/// </summary>
/// <param name="BitDepth">Of the pixels: 8 or 16. Floats become 16-bit pixels, so that rounding them twice does no harm.</param>
/// <param name="Black">The number that stands for black.</param>
/// <param name="White">The one that stands for white.</param>
/// <param name="Note">What was found, a line for people; null for bytes, which are pixels as they are.</param>
sealed record ValueRange(int BitDepth, double Black, double White, string? Note)
{
    /// <summary>How far resizing and rounding may have pushed a number beyond its range; such numbers become black or white.</summary>
    const double Slack = 1e-3;

    /// <summary>Bytes, as they are.</summary>
    public static ValueRange Bytes { get; } = new(8, 0, 255, null);

    /// <param name="name">What errors begin with.</param>
    /// <param name="numbers">The least and the largest of them.</param>
    /// <param name="type">What they are called: "float32 values".</param>
    /// <param name="isBytes">Whether they are stored in 8 bits.</param>
    /// <exception cref="InvalidDataException">Nothing that images are stored as has such numbers.</exception>
    public static ValueRange Of(string name, Extremes numbers, string type, bool isBytes)
    {
        (double least, double most, bool whole) = numbers;
        if (isBytes && most > 1) return Bytes;
        string found = $"{type} from {Text(least)} to {Text(most)}";
        if (!double.IsFinite(least) || !double.IsFinite(most))
            throw new InvalidDataException($"{name}: among its {type} are some that are no numbers (NaN or infinite); replace them.");
        if (whole && least >= 0 && most <= 1 && most > 0) return new ValueRange(8, 0, 1, $"{found}: taken as black and white");
        if (whole && least >= 0 && most <= byte.MaxValue) return new ValueRange(8, 0, byte.MaxValue, $"{found}: taken as 8-bit pixels");
        if (whole && least >= 0 && most <= ushort.MaxValue) return new ValueRange(16, 0, ushort.MaxValue, $"{found}: taken as 16-bit pixels, 65535 for white");
        if (!whole && least >= -Slack && most <= 1 + Slack) return new ValueRange(16, 0, 1, $"{found}: taken as 0 for black and 1 for white");
        if (least >= -1 - Slack && most <= 1 + Slack) return new ValueRange(16, -1, 1, $"{found}: taken as -1 for black and 1 for white");
        if (!whole && least >= -255 * Slack && most <= 255 + 255 * Slack) return new ValueRange(16, 0, 255, $"{found}: taken as 0 for black and 255 for white");
        throw new InvalidDataException($"{name}: {found} fit none of the ranges [0, 1], [-1, 1], 0 to 255 and 0 to 65535 of images; bring them to one of these.");
    }

    /// <summary>The pixels that numbers stand for: bytes, or two for each with the low one first.</summary>
    /// <param name="values">The numbers.</param>
    /// <param name="samples">As many samples of <see cref="BitDepth"/> bits.</param>
    public void ToPixels(ReadOnlySpan<double> values, Span<byte> samples)
    {
        double scale = (BitDepth == 8 ? byte.MaxValue : ushort.MaxValue) / (White - Black);
        Span<ushort> deep = BitDepth == 16 ? MemoryMarshal.Cast<byte, ushort>(samples) : [];
        for (int i = 0; i < values.Length; i++)
        {
            double pixel = Math.Round(Math.Clamp((values[i] - Black) * scale, 0, ushort.MaxValue), MidpointRounding.AwayFromZero);
            if (BitDepth == 16) deep[i] = (ushort)pixel;
            else samples[i] = (byte)Math.Min(pixel, byte.MaxValue);
        }
    }

    static string Text(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);
}

/// <summary>The least and the largest of many numbers.</summary>
/// <param name="Least">NaN where one of them is no number.</param>
/// <param name="Most">The same.</param>
/// <param name="Whole">Whether all are whole.</param>
readonly record struct Extremes(double Least, double Most, bool Whole)
{
    /// <summary>Of no numbers.</summary>
    public static Extremes Nothing { get; } = new(double.MaxValue, double.MinValue, true);

    /// <summary>Of these and more numbers.</summary>
    public Extremes With(ReadOnlySpan<double> more)
    {
        (double least, double most, bool whole) = this;
        foreach (double value in more)
        {
            if (!double.IsFinite(value)) return new Extremes(double.NaN, double.NaN, false);
            if (value < least) least = value;
            if (value > most) most = value;
            whole &= value == Math.Floor(value);
        }
        return double.IsNaN(Least) ? this : new Extremes(least, most, whole);
    }

    /// <summary>Of these and others.</summary>
    public Extremes With(Extremes other) => double.IsNaN(Least + other.Least)
        ? new Extremes(double.NaN, double.NaN, false)
        : new Extremes(Math.Min(Least, other.Least), Math.Max(Most, other.Most), Whole && other.Whole);
}
