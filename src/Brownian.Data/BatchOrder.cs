using Brownian.Tensors;

namespace Brownian.Data;

/// <summary>
/// Which images a batch holds: a pure function of the batch's number. Epoch e passes the images in the order of a permutation drawn from
/// (seed, "shuffle", e); image i is mirrored in it when draw i of (seed, "flip", e) says so, and cut at draws 2i and 2i+1 of (seed, "crop", e).
/// Only <see cref="Fill"/> is not thread-safe: it keeps the last permutation.
/// </summary>
sealed class BatchOrder(int images, int batchSize, ulong seed, bool shuffle, bool dropLast)
{
    int permutedEpoch = -1;
    int[] permutation = [];

    public int BatchesPerEpoch { get; } = dropLast ? images / batchSize : (int)(((long)images + batchSize - 1) / batchSize);

    public int Epoch(long batch) => checked((int)(batch / BatchesPerEpoch));

    public int Size(long batch) => Math.Min(batchSize, images - First(batch));

    public void Fill(long batch, Span<int> imageIndices)
    {
        int first = First(batch);
        if (!shuffle)
        {
            for (int i = 0; i < imageIndices.Length; i++)
                imageIndices[i] = first + i;
            return;
        }

        int epoch = Epoch(batch);
        if (permutedEpoch != epoch)
        {
            permutation = new Philox(seed, Philox.Stream("shuffle", (ulong)epoch)).Permutation(images);
            permutedEpoch = epoch;
        }
        permutation.AsSpan(first, imageIndices.Length).CopyTo(imageIndices);
    }

    public bool IsMirrored(int epoch, int image)
    {
        Span<int> coin = stackalloc int[1];
        new Philox(seed, Philox.Stream("flip", (ulong)epoch)).Integers(coin, 2, image);
        return coin[0] == 1;
    }

    public CropPosition Crop(int epoch, int image)
    {
        Span<float> place = stackalloc float[2];
        new Philox(seed, Philox.Stream("crop", (ulong)epoch)).Uniform(place, 2L * image);
        return new CropPosition(place[0], place[1]);
    }

    int First(long batch) => (int)(batch % BatchesPerEpoch) * batchSize;
}
