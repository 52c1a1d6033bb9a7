namespace Brownian.Training;

/// <summary>
/// Images and labels for one training step. The arrays are lent by the <see cref="BatchLoader"/>: they are valid until
/// <see cref="Return"/> or the second call of <see cref="BatchLoader.Next"/> after the one that gave this batch, and throw
/// <see cref="ObjectDisposedException"/> from then on.
/// </summary>
public sealed class Batch
{
    readonly BatchLoader loader;
    BatchBuffers? buffers;

    internal Batch(BatchLoader loader, BatchBuffers buffers, long index, int epoch)
    {
        this.loader = loader;
        this.buffers = buffers;
        Index = index;
        Epoch = epoch;
        Count = buffers.Labels.Length;
    }

    /// <summary>The number of images N.</summary>
    public int Count { get; }

    /// <summary>The number of this batch since the start of training, from 0; it alone determines the content.</summary>
    public long Index { get; }

    /// <summary>How many times the whole set was passed before this batch.</summary>
    public int Epoch { get; }

    /// <summary>N×H×W×C, in [−1, 1] (see <see cref="PixelScale"/>).</summary>
    public float[] Pixels => Live.Pixels;

    /// <summary>One label per image, −1 where it has none.</summary>
    public int[] Labels => Live.Labels;

    /// <summary>The place of each image in the data set.</summary>
    public int[] ImageIndices => Live.ImageIndices;

    BatchBuffers Live => buffers
        ?? throw new ObjectDisposedException(nameof(Batch), $"Batch {Index} was returned to its loader; copy what must live longer.");

    /// <summary>Gives the arrays back early. Calling it again does nothing.</summary>
    public void Return()
    {
        if (Interlocked.Exchange(ref buffers, null) is { } lent)
            loader.Recycle(lent);
    }
}

/// <summary>The arrays behind a batch of one size.</summary>
sealed class BatchBuffers(int count, int imageLength)
{
    public float[] Pixels { get; } = new float[checked(count * imageLength)];
    public int[] Labels { get; } = new int[count];
    public int[] ImageIndices { get; } = new int[count];
}
