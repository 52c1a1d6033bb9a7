using System.Globalization;
using System.Numerics;
using Brownian.IO;
using Brownian.Tensors;

namespace Brownian.Data;

/// <summary>
/// Handwritten-looking digits drawn by formula, white on black like MNIST's, so that training can start without a download. Image i is
/// a function of (seed, i) alone; every ten images hold each digit once, in random order.
/// </summary>
public sealed class DrawnDigits : IImageDataset
{
    /// <summary>What a path says that means this set.</summary>
    public const string Name = "digits";

    const int Digits = 10;

    readonly ulong seed;
    readonly byte[] pixels;
    readonly byte[] labels;
    readonly bool[] drawn;
    readonly DigitWriter writer;
    readonly Lock pen = new();
    int drawnCount;

    /// <summary>Decides which digit each image shows; an image is drawn when it is read for the first time, in about 50 µs.</summary>
    /// <param name="count">How many, at least 1.</param>
    /// <param name="seed">Another seed gives other handwriting.</param>
    /// <param name="size">Width and height in pixels, 8 to 512.</param>
    /// <exception cref="ArgumentException">A number is out of its range, or all images together exceed 2 GB.</exception>
    public DrawnDigits(int count = 10_000, ulong seed = 0, int size = 28)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 8);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, 512);
        if ((long)count * size * size > Array.MaxLength)
            throw new ArgumentException(
                $"{Counted.Of(count, "image")} of {size}×{size} exceed {Array.MaxLength} bytes; ask for {Array.MaxLength / (size * size)} or fewer.",
                nameof(count));

        this.seed = seed;
        (Count, Width, Height) = (count, size, size);
        pixels = new byte[count * size * size];
        labels = new byte[count];
        drawn = new bool[count];
        writer = new DigitWriter(seed, size);
        for (int index = 0; index < count; index += Digits)
        {
            int[] digits = new Philox(seed, Philox.Stream("digit labels", (ulong)(index / Digits))).Permutation(Digits);
            for (int i = 0; i < Digits && index + i < count; i++) labels[index + i] = (byte)digits[i];
        }
    }

    /// <inheritdoc/>
    public int Count { get; }

    /// <inheritdoc/>
    public int Width { get; }

    /// <inheritdoc/>
    public int Height { get; }

    /// <summary>Always 1.</summary>
    public int Channels => 1;

    /// <summary>"0" to "9".</summary>
    public IReadOnlyList<string> Classes { get; } = ClassLabels.Numbered(Digits);

    /// <inheritdoc/>
    public string Description => $"drawn digits, seed {seed}: {this.Summary()}";

    /// <inheritdoc/>
    public long UnreadBytes
    {
        get
        {
            lock (pen) return (long)(Count - drawnCount) * this.ImageBytes();
        }
    }

    /// <inheritdoc/>
    public void Read(int index, Span<byte> pixels)
    {
        this.CheckIndex(index);
        this.CheckTarget(pixels);
        Span<byte> image = this.pixels.AsSpan(index * pixels.Length, pixels.Length);
        lock (pen)
        {
            if (!drawn[index])
            {
                writer.Write(labels[index], index, image);
                drawn[index] = true;
                drawnCount++;
            }
        }
        image.CopyTo(pixels);
    }

    /// <inheritdoc/>
    public int Label(int index)
    {
        this.CheckIndex(index);
        return labels[index];
    }
}

/// <summary>A point the pen passes; the stroke turns sharply at a corner and runs smoothly elsewhere.</summary>
readonly record struct PenPoint(Vector2 At, bool Corner);

/// <summary>
/// How the digits are written: per digit a few variants, per variant the strokes, per stroke the points in order, as percent of the digit's
/// height, x to the right and y down. A '!' marks a corner.
/// </summary>
static class DigitGlyphs
{
    static readonly string[][] Written =
    [
        [
            "56 2, 34 10, 20 44, 28 84, 50 99, 72 86, 80 48, 70 12, 50 3",
            "62 9, 44 1, 26 26, 25 70, 44 98, 66 86, 75 44, 64 12, 46 2",
            "44 4, 24 22, 16 54, 30 92, 58 96, 82 68, 80 26, 60 4, 40 6",
        ],
        [
            "50 0, 50 52, 50 100",
            "54 0, 52 48, 48 100",
            "34 22, 46 10, 55 0!, 53 54, 52 100",
            "34 22, 46 10, 54 0!, 53 54, 53 98 | 32 99, 54 98, 76 99",
        ],
        [
            "22 24, 34 6, 56 1, 72 16, 66 42, 44 70, 20 97!, 48 95, 80 98",
            "22 20, 42 2, 68 10, 68 38, 46 76, 28 96, 18 88, 30 76, 54 88, 84 94",
            "24 14, 48 1, 72 14, 70 38, 48 68, 20 92!, 50 88, 78 98",
        ],
        [
            "22 12, 46 0, 70 12, 66 36, 42 46!, 68 54, 77 76, 56 99, 20 90",
            "22 5, 72 3!, 44 40!, 70 50, 76 76, 54 99, 22 90",
            "24 14, 44 1, 66 10, 64 32, 46 46, 42 50, 66 54, 74 78, 52 100, 18 88",
        ],
        [
            "30 2, 25 32, 20 58!, 50 58, 84 54 | 68 4, 66 50, 62 100",
            "60 2, 40 34, 16 68!, 50 66, 86 64 | 62 2, 62 50, 61 100",
            "26 4, 20 32, 30 50, 50 50, 68 38 | 72 0, 68 48, 64 100",
            "62 100, 64 50, 66 2!, 42 36, 18 66!, 50 65, 84 64",
        ],
        [
            "30 4, 29 24, 27 44!, 50 36, 74 50, 74 80, 50 100, 20 90 | 30 4, 54 3, 78 2",
            "78 3, 56 3, 34 5!, 31 22, 27 44!, 54 37, 76 56, 70 88, 44 100, 18 90",
            "76 4, 50 4, 34 16, 34 36, 58 48, 74 68, 62 94, 38 100, 20 90",
        ],
        [
            "66 2, 40 22, 24 60, 30 92, 54 99, 74 80, 64 58, 42 58, 26 78",
            "54 0, 36 30, 24 70, 38 98, 62 92, 70 70, 52 58, 34 68, 26 82",
            "72 6, 46 14, 26 50, 26 84, 50 99, 76 84, 70 62, 46 60, 28 74",
        ],
        [
            "18 6, 46 4, 78 4!, 58 44, 42 100",
            "18 6, 46 4, 78 4!, 60 44, 44 100 | 34 52, 54 50, 76 49",
            "20 20, 23 5!, 50 6, 80 4!, 56 48, 48 100",
            "20 10, 42 4, 70 6, 74 16, 56 54, 46 100",
        ],
        [
            "70 14, 50 1, 28 14, 38 40, 66 60, 70 86, 46 100, 24 84, 36 58, 62 38, 71 12",
            "50 1, 30 14, 34 38, 51 47, 68 34, 68 12, 50 1 | 50 47, 26 62, 24 88, 50 100, 76 88, 74 62, 50 47",
            "64 6, 38 4, 28 22, 48 44, 70 66, 62 94, 36 98, 28 76, 48 48, 70 26, 62 5",
        ],
        [
            "70 14, 48 1, 27 18, 34 44, 58 42, 71 14!, 70 50, 66 100",
            "72 18, 50 1, 28 18, 34 46, 58 46, 72 20, 73 56, 60 92, 32 97",
            "66 8, 40 4, 28 28, 44 48, 64 34, 68 8!, 62 56, 54 100",
        ],
    ];

    static readonly PenPoint[][][][] Parsed = [.. Written.Select(variants => variants.Select(Strokes).ToArray())];

    /// <summary>The variants of one digit, each a list of strokes.</summary>
    public static PenPoint[][][] Of(int digit) => Parsed[digit];

    static PenPoint[][] Strokes(string variant) =>
        [.. variant.Split('|').Select(stroke => stroke.Split(',', StringSplitOptions.TrimEntries).Select(Point).ToArray())];

    static PenPoint Point(string text)
    {
        string[] xy = text.TrimEnd('!').Split(' ');
        return new PenPoint(new Vector2(Percent(xy[0]), Percent(xy[1])), text.EndsWith('!'));
    }

    static float Percent(string text) => float.Parse(text, CultureInfo.InvariantCulture) / 100f;
}
