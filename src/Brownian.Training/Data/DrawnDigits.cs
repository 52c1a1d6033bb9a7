using System.Globalization;
using Brownian.Tensors;

namespace Brownian.Training;

/// <summary>
/// Handwritten-looking digits drawn by formula, white on black like MNIST's, so that training can start without a download. Image i is
/// a function of (seed, i) alone; every ten images hold each digit once, in random order.
/// </summary>
public sealed class DrawnDigits : IImageDataset
{
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
                $"{count} images of {size}×{size} exceed {Array.MaxLength} bytes; ask for {Array.MaxLength / (size * size)} or fewer.",
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
    public IReadOnlyList<string> Classes { get; } =
        [.. Enumerable.Range(0, Digits).Select(digit => digit.ToString(CultureInfo.InvariantCulture))];

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
