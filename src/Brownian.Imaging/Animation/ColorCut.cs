using System.Numerics;

namespace Brownian.Imaging;

/// <summary>
/// Chooses a palette by cutting the box of colours with the largest squared error, across the axis on which it varies most, at its mean:
/// Heckbert's median cut (1982) with the variance criterion of Wan, Prusinkiewicz and Wong (1990).
/// </summary>
sealed class ColorCut
{
    readonly record struct Box(int Start, int End, Vector3 Mean, Vector3 Error)
    {
        public float Widest => Math.Max(Error.X, Math.Max(Error.Y, Error.Z));
    }

    readonly ColorHistogram histogram;
    readonly int[] bins;            // reordered so that every box is a range

    ColorCut(ColorHistogram histogram) => (this.histogram, bins) = (histogram, [.. histogram.Used]);

    /// <summary>RGB triples of at most <paramref name="most"/> colours.</summary>
    public static byte[] Choose(ColorHistogram histogram, int most)
    {
        var cut = new ColorCut(histogram);
        // By largest error; of equals the one that came first, so that the palette depends on the image alone.
        var boxes = new PriorityQueue<Box, (float, int)>();
        Box whole = cut.Measure(0, cut.bins.Length);
        boxes.Enqueue(whole, (-whole.Widest, 0));
        for (int made = 1; boxes.Count < most && boxes.Peek().Widest > 0;)
        {
            Box box = boxes.Dequeue();
            int middle = cut.Partition(box);
            foreach (Box half in new[] { cut.Measure(box.Start, middle), cut.Measure(middle, box.End) })
                boxes.Enqueue(half, (-half.Widest, made++));
        }
        return [.. boxes.UnorderedItems.SelectMany(item => Rounded(item.Element.Mean))];
    }

    static byte[] Rounded(Vector3 color) => [(byte)(color.X + 0.5f), (byte)(color.Y + 0.5f), (byte)(color.Z + 0.5f)];

    // Mean and summed squared deviation of the pixels in a range of bins; a single bin counts as one colour.
    Box Measure(int start, int end)
    {
        Vector3 sum = default, error = default;
        float count = 0;
        foreach (int bin in bins.AsSpan(start, end - start))
        {
            count += histogram.Count(bin);
            sum += histogram.Mean(bin) * histogram.Count(bin);
        }
        Vector3 mean = sum / count;
        if (end - start == 1) return new Box(start, end, mean, default);
        foreach (int bin in bins.AsSpan(start, end - start))
        {
            Vector3 off = histogram.Mean(bin) - mean;
            error += off * off * histogram.Count(bin);
        }
        return new Box(start, end, mean, error);
    }

    // Moves the bins below the mean to the front of the box; both parts get at least one.
    int Partition(Box box)
    {
        int axis = box.Error.X >= box.Error.Y && box.Error.X >= box.Error.Z ? 0 : box.Error.Y >= box.Error.Z ? 1 : 2;
        int middle = box.Start;
        for (int i = box.Start; i < box.End; i++)
        {
            if (histogram.Mean(bins[i])[axis] >= box.Mean[axis]) continue;
            (bins[middle], bins[i]) = (bins[i], bins[middle]);
            middle++;
        }
        return Math.Clamp(middle, box.Start + 1, box.End - 1);
    }
}
