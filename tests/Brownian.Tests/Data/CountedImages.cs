namespace Brownian.Tests;

/// <summary>2×3 pixels of RGB; byte b of image i is (18·i + b) modulo 251, its label i modulo 4.</summary>
sealed class CountedImages(int count) : IImageDataset
{
    /// <summary>Runs before each read, on the reading thread.</summary>
    public Action<int>? OnRead { get; init; }

    public int Count => count;
    public int Width => 3;
    public int Height => 2;
    public int Channels => 3;
    public IReadOnlyList<string> Classes { get; } = ["a", "b", "c", "d"];
    public string Description => "counted";

    public void Read(int index, Span<byte> pixels)
    {
        OnRead?.Invoke(index);
        for (int b = 0; b < pixels.Length; b++)
            pixels[b] = Byte(index, b);
    }

    public int Label(int index) => index % 4;

    public static byte Byte(int index, int b) => (byte)((18 * index + b) % 251);
}
