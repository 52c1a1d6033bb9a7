namespace Brownian.Training;

/// <summary>The first images of another set.</summary>
sealed class Subset : IImageDataset
{
    readonly IImageDataset whole;

    public Subset(IImageDataset whole, int count)
    {
        ArgumentNullException.ThrowIfNull(whole);
        if (count < 1 || count > whole.Count)
            throw new ArgumentOutOfRangeException(
                nameof(count), count, $"Cannot take {count} images of a set of {whole.Count}; take 1 to {whole.Count}.");
        this.whole = whole;
        Count = count;
    }

    public int Count { get; }
    public int Width => whole.Width;
    public int Height => whole.Height;
    public int Channels => whole.Channels;
    public IReadOnlyList<string> Classes => whole.Classes;
    public string Description => $"the first {Count} of: {whole.Description}";

    public bool MayBeMirrored => whole.MayBeMirrored;

    public long UnreadBytes => Math.Min(whole.UnreadBytes, (long)Count * this.ImageBytes());

    public void Read(int index, Span<byte> pixels)
    {
        this.CheckIndex(index);
        whole.Read(index, pixels);
    }

    public void Read(int index, CropPosition at, Span<byte> pixels)
    {
        this.CheckIndex(index);
        whole.Read(index, at, pixels);
    }

    public int Label(int index)
    {
        this.CheckIndex(index);
        return whole.Label(index);
    }
}
