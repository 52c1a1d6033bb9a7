using System.Diagnostics;

namespace Brownian.Tests;

public sealed class BatchLoaderTests
{
    [Theory]
    [InlineData(12, 4, true, 3)]
    [InlineData(13, 4, true, 3)]
    [InlineData(13, 4, false, 4)]
    [InlineData(12, 4, false, 3)]
    [InlineData(5, 5, false, 1)]
    [InlineData(5, 1, true, 5)]
    public void Every_epoch_passes_every_image_at_most_once_in_a_new_order(int images, int batchSize, bool dropLast, int perEpoch)
    {
        using var loader = new BatchLoader(new CountedImages(images), batchSize, seed: 3, dropLast: dropLast);
        Assert.Equal(perEpoch, loader.BatchesPerEpoch);
        var orders = new List<string>();
        for (int epoch = 0; epoch < 4; epoch++)
        {
            var seen = new List<int>();
            for (int i = 0; i < perEpoch; i++)
            {
                Batch batch = loader.Next();
                Assert.Equal((epoch, (long)epoch * perEpoch + i), (batch.Epoch, batch.Index));
                int expected = dropLast ? batchSize : Math.Min(batchSize, images - seen.Count);
                Assert.Equal((expected, expected, expected), (batch.Count, batch.Labels.Length, batch.ImageIndices.Length));
                Assert.Equal(18 * expected, batch.Pixels.Length);
                seen.AddRange(batch.ImageIndices);
            }
            Assert.Equal(dropLast ? perEpoch * batchSize : images, seen.Distinct().Count());
            Assert.All(seen, image => Assert.InRange(image, 0, images - 1));
            Assert.Equal(seen.Count, seen.Distinct().Count());
            orders.Add(string.Join(',', seen));
        }
        Assert.Equal(4, orders.Distinct().Count());
    }

    [Fact]
    public void Pixels_and_labels_are_those_of_the_images_named()
    {
        using var loader = new BatchLoader(new CountedImages(20), 6, seed: 1);
        for (int step = 0; step < 10; step++)
        {
            Batch batch = loader.Next();
            for (int n = 0; n < 6; n++)
            {
                int image = batch.ImageIndices[n];
                Assert.Equal(image % 4, batch.Labels[n]);
                for (int b = 0; b < 18; b++)
                    Assert.Equal(CountedImages.Byte(image, b) / 127.5f - 1f, batch.Pixels[18 * n + b]);
            }
        }
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Starting_at_k_gives_the_tail_of_the_sequence_from_zero(bool dropLast, bool flip)
    {
        var data = new CountedImages(23);
        List<Copy> whole = Take(new BatchLoader(data, 5, 7, 0, true, dropLast, flip), 16);
        foreach (int k in new[] { 1, 3, 4, 5, 9, 13 })
            Assert.Equal(whole[k..], Take(new BatchLoader(data, 5, 7, k, true, dropLast, flip, prefetch: 1 + k % 3), 16 - k));
    }

    [Fact]
    public void The_seed_chooses_the_order_and_without_shuffling_there_is_none()
    {
        var data = new CountedImages(50);
        Assert.NotEqual(Take(new BatchLoader(data, 50, 1), 1), Take(new BatchLoader(data, 50, 2), 1));
        using var loader = new BatchLoader(data, 20, seed: 1, shuffle: false, dropLast: false);
        for (int i = 0; i < 5; i++)
            Assert.Equal(Enumerable.Range(i % 3 * 20, i % 3 == 2 ? 10 : 20), loader.Next().ImageIndices);
    }

    [Fact]
    public void Half_of_the_images_are_mirrored_and_not_the_same_half_in_every_epoch()
    {
        using var loader = new BatchLoader(new CountedImages(400), 400, seed: 5, horizontalFlip: true);
        var halves = new List<HashSet<int>>();
        for (int epoch = 0; epoch < 2; epoch++)
        {
            var mirrored = new HashSet<int>();
            Batch batch = loader.Next();
            for (int n = 0; n < batch.Count; n++)
            {
                int image = batch.ImageIndices[n];
                bool flipped = batch.Pixels[18 * n] != PixelScale.FromByte(CountedImages.Byte(image, 0));
                if (flipped)
                    mirrored.Add(image);
                for (int b = 0; b < 18; b++)
                {
                    (int y, int x, int c) = (b / 9, b % 9 / 3, b % 3);
                    int source = flipped ? 9 * y + 3 * (2 - x) + c : b;
                    Assert.Equal(PixelScale.FromByte(CountedImages.Byte(image, source)), batch.Pixels[18 * n + b]);
                }
            }
            Assert.InRange(mirrored.Count, 150, 250);
            halves.Add(mirrored);
        }
        Assert.InRange(halves[0].Intersect(halves[1]).Count(), 50, 150);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Steady_state_lends_the_same_few_arrays(bool giveBackEarly)
    {
        using var loader = new BatchLoader(new CountedImages(25), 10, seed: 0, dropLast: false, prefetch: 3);
        var arrays = new HashSet<float[]>();
        for (int i = 0; i < 300; i++)
        {
            Batch batch = loader.Next();
            arrays.Add(batch.Pixels);
            if (giveBackEarly)
                batch.Return();
        }
        // In flight at most: 3 waiting, 1 being filled, 2 lent; of each of the two sizes.
        Assert.InRange(arrays.Count, 2, 12);
    }

    [Fact]
    public void A_batch_lives_until_the_second_next_call_or_its_return()
    {
        using var loader = new BatchLoader(new CountedImages(25), 5, seed: 0);
        Batch first = loader.Next();
        int[] indices = [.. first.ImageIndices];
        float[] pixels = [.. first.Pixels];
        Batch second = loader.Next();
        Assert.Equal(indices, first.ImageIndices);
        Assert.Equal(pixels, first.Pixels);
        loader.Next();
        Assert.Throws<ObjectDisposedException>(() => first.Pixels);
        first.Return();     // late, and without effect on whoever has the arrays now
        Assert.NotEmpty(second.Labels);
        second.Return();
        second.Return();
        Assert.Throws<ObjectDisposedException>(() => second.Labels);
    }

    [Fact]
    public void What_the_set_throws_comes_out_of_next_after_the_good_batches_and_stays()
    {
        var data = new CountedImages(20) { OnRead = i => { if (i == 9) throw new InvalidDataException("nine.png: broken"); } };
        using var loader = new BatchLoader(data, 4, seed: 0, shuffle: false, prefetch: 1);
        Assert.Equal(0, loader.Next().Index);
        Assert.Equal(1, loader.Next().Index);
        Assert.Equal("nine.png: broken", Assert.Throws<InvalidDataException>(loader.Next).Message);
        Assert.Throws<InvalidDataException>(loader.Next);
    }

    [Fact]
    public void Dispose_stops_in_the_middle_of_a_batch()
    {
        int reads = 0;
        var data = new CountedImages(10_000) { OnRead = _ => { Interlocked.Increment(ref reads); Thread.Sleep(5); } };
        var loader = new BatchLoader(data, 10_000, seed: 0);
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref reads) > 0, TimeSpan.FromSeconds(20)));
        var watch = Stopwatch.StartNew();
        loader.Dispose();
        int atEnd = Volatile.Read(ref reads);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5), $"took {watch.Elapsed}; the whole batch takes 50 s");
        Thread.Sleep(30);
        Assert.Equal(atEnd, Volatile.Read(ref reads));
        loader.Dispose();
        Assert.Throws<ObjectDisposedException>(loader.Next);
    }

    [Fact]
    public void Dispose_stops_a_loader_whose_queue_is_full()
    {
        var loader = new BatchLoader(new CountedImages(8), 4, seed: 0, prefetch: 1);
        Batch lent = loader.Next();
        loader.Dispose();
        lent.Return();
        Assert.Throws<ObjectDisposedException>(loader.Next);
    }

    [Fact]
    public void Arguments_out_of_range_are_errors_with_both_numbers()
    {
        var data = new CountedImages(8);
        var e = Assert.Throws<ArgumentException>(() => new BatchLoader(data, 9, 0));
        Assert.Contains("A batch of 9 is larger than the set of 8 images", e.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new BatchLoader(data, 9, 0, dropLast: false));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BatchLoader(data, 0, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BatchLoader(data, 4, 0, startBatch: -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BatchLoader(data, 4, 0, prefetch: 0));
    }

    static List<Copy> Take(BatchLoader loader, int batches)
    {
        using (loader)
            return [.. Enumerable.Range(0, batches).Select(_ => new Copy(loader.Next()))];
    }

    /// <summary>Everything in a batch, compared by content.</summary>
    sealed record Copy(long Index, int Epoch, string Images, string Labels, string Pixels)
    {
        public Copy(Batch b)
            : this(b.Index, b.Epoch, string.Join(' ', b.ImageIndices), string.Join(' ', b.Labels), string.Join(' ', b.Pixels))
        {
        }
    }
}
