using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Brownian.IO;

namespace Brownian.Data;

/// <summary>
/// An endless sequence of shuffled batches, prepared by a background thread. The number of a batch alone determines its content, so
/// training resumes exactly from one integer. One consumer at a time.
/// </summary>
public sealed class BatchLoader : IDisposable
{
    readonly IImageDataset data;
    readonly BatchOrder order;
    readonly bool horizontalFlip;
    readonly bool randomCrop;
    readonly bool decodes;
    readonly int batchSize;
    readonly int imageBytes;
    readonly int imageValues;
    readonly byte[] image;      // of the filler alone
    readonly BlockingCollection<Batch> ready;
    readonly ConcurrentBag<BatchBuffers> free = [];
    readonly ConcurrentBag<BatchBuffers> freeTails = [];        // the smaller last batches of epochs
    readonly CancellationTokenSource stop = new();
    readonly Thread filler;
    ExceptionDispatchInfo? failure;
    Batch? current;
    Batch? previous;
    bool disposed;

    /// <summary>Starts preparing batches at once.</summary>
    /// <param name="data">The images; read from the background thread.</param>
    /// <param name="batchSize">Images per batch, 1 to the number of images.</param>
    /// <param name="seed">Chooses the order of the images and the mirroring.</param>
    /// <param name="startBatch">The number of the first batch from <see cref="Next"/>: 0, or where an interrupted training stopped.</param>
    /// <param name="shuffle">A new order in each epoch; otherwise the order of the set.</param>
    /// <param name="dropLast">
    /// Every batch is full, and the images left at the end of an epoch are passed over; otherwise they form a smaller last batch.
    /// </param>
    /// <param name="horizontalFlip">Mirrors each image left to right with probability 1/2, drawn anew in each epoch.</param>
    /// <param name="randomCrop">Cuts each image that is larger than the set's size at a place drawn anew in each epoch; otherwise in the middle.</param>
    /// <param name="prefetch">How many batches are prepared ahead, at least 1.</param>
    /// <exception cref="ArgumentException">The batch is larger than the set, or a number is out of its range.</exception>
    public BatchLoader(
        IImageDataset data, int batchSize, ulong seed, long startBatch = 0,
        bool shuffle = true, bool dropLast = true, bool horizontalFlip = false, bool randomCrop = false, int prefetch = 2)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(startBatch);
        ArgumentOutOfRangeException.ThrowIfLessThan(prefetch, 1);
        if (batchSize > data.Count)
            throw new ArgumentException(
                $"A batch of {batchSize} is larger than the set of {Counted.Of(data.Count, "image")}; lower the batch size.", nameof(batchSize));
        imageBytes = data.ImageBytes();
        imageValues = imageBytes / (data.BitDepth / 8);
        if ((long)batchSize * imageValues > Array.MaxLength)
            throw new ArgumentException(
                $"A batch of {batchSize} images of {imageValues} values is more than {Array.MaxLength} values; lower the batch size.",
                nameof(batchSize));

        this.data = data;
        this.batchSize = batchSize;
        this.horizontalFlip = horizontalFlip;
        this.randomCrop = randomCrop;
        decodes = (data is Selection { Whole: var whole } ? whole : data) is PreparedImages { IsCached: false };
        order = new BatchOrder(data.Count, batchSize, seed, shuffle, dropLast);
        image = new byte[imageBytes];
        ready = new BlockingCollection<Batch>(prefetch);
        filler = new Thread(() => Fill(startBatch)) { IsBackground = true, Name = "batch loader" };
        filler.Start();
    }

    /// <summary>Batches in one pass over the set.</summary>
    public int BatchesPerEpoch => order.BatchesPerEpoch;

    /// <summary>The next batch, waiting for it where necessary. The batch given two calls ago is returned by this call.</summary>
    /// <exception cref="ObjectDisposedException">The loader was disposed.</exception>
    /// <remarks>What the data set throws while images are read is thrown here, after the batches that were completed before it.</remarks>
    public Batch Next()
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        previous?.Return();
        (previous, current) = (current, null);
        current = Take();
        return current;
    }

    Batch Take()
    {
        try
        {
            return ready.Take(stop.Token);
        }
        catch (OperationCanceledException)
        {
            throw new ObjectDisposedException(nameof(BatchLoader));
        }
        catch (InvalidOperationException) when (failure is not null)
        {
            failure.Throw();
            throw;
        }
    }

    /// <summary>Stops the background thread, which finishes at most the image it is reading.</summary>
    public void Dispose()
    {
        if (disposed)
            return;
        disposed = true;
        stop.Cancel();
        filler.Join();
        ready.Dispose();
        stop.Dispose();
    }

    internal void Recycle(BatchBuffers buffers) => (buffers.Labels.Length == batchSize ? free : freeTails).Add(buffers);

    void Fill(long startBatch)
    {
        try
        {
            for (long index = startBatch; ; index++)
                ready.Add(Prepare(index), stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
        catch (Exception e)
        {
            failure = ExceptionDispatchInfo.Capture(e);
            ready.CompleteAdding();
        }
    }

    Batch Prepare(long index)
    {
        int epoch = order.Epoch(index);
        BatchBuffers buffers = Rent(order.Size(index));
        order.Fill(index, buffers.ImageIndices);
        if (decodes)
        {
            ReadInParallel(epoch, buffers);
            return new Batch(this, buffers, index, epoch);
        }
        for (int i = 0; i < buffers.ImageIndices.Length; i++)
        {
            stop.Token.ThrowIfCancellationRequested();
            ReadImage(epoch, i, buffers, image);
        }
        return new Batch(this, buffers, index, epoch);
    }

    void ReadInParallel(int epoch, BatchBuffers buffers)
    {
        try
        {
            Parallel.For(
                0, buffers.ImageIndices.Length, new ParallelOptions { CancellationToken = stop.Token }, () => new byte[imageBytes],
                (i, _, scratch) =>
                {
                    ReadImage(epoch, i, buffers, scratch);
                    return scratch;
                },
                _ => { });
        }
        catch (AggregateException e)
        {
            throw e.InnerExceptions[0];
        }
    }

    void ReadImage(int epoch, int position, BatchBuffers buffers, byte[] scratch)
    {
        int source = buffers.ImageIndices[position];
        if (randomCrop) data.Read(source, order.Crop(epoch, source), scratch);
        else data.Read(source, scratch);
        if (horizontalFlip && order.IsMirrored(epoch, source))
            Mirror(scratch);
        PixelScale.FromSamples(scratch, data.BitDepth, buffers.Pixels.AsSpan(position * imageValues, imageValues));
        buffers.Labels[position] = data.Label(source);
    }

    BatchBuffers Rent(int count) =>
        (count == batchSize ? free : freeTails).TryTake(out BatchBuffers? buffers) ? buffers : new BatchBuffers(count, imageValues);

    void Mirror(byte[] image)
    {
        int pixelBytes = data.Channels * (data.BitDepth / 8), rowBytes = data.Width * pixelBytes;
        for (int start = 0; start < image.Length; start += rowBytes)
        {
            Span<byte> row = image.AsSpan(start, rowBytes);
            row.Reverse();      // reverses the bytes inside each pixel too, so those are turned back
            if (pixelBytes > 1)
            {
                for (int x = 0; x < rowBytes; x += pixelBytes)
                    row.Slice(x, pixelBytes).Reverse();
            }
        }
    }
}

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
