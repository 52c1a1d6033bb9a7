using Brownian.Tensors.Autograd;

namespace Brownian.Tensors;

/// <summary>Images made larger or smaller at their bottom and right.</summary>
public static class Padding
{
    /// <summary>
    /// Continues N×H×W×C downwards and to the right by mirroring at the last row and column, which are not repeated: N×height×width×C.
    /// </summary>
    /// <exception cref="ArgumentException">These are no images, or the size is below theirs.</exception>
    public static Tensor PadByMirroring(this Tensor x, int height, int width)
    {
        ArgumentNullException.ThrowIfNull(x);
        Refuse.IfNotImages("PadByMirroring", x);
        Refuse.IfEmpty("PadByMirroring", x);
        if (height < x.Shape[1] || width < x.Shape[2])
            Refuse.Because($"PadByMirroring: {x.Shape[1]}×{x.Shape[2]} pixels do not fit into {height}×{width}; ask for at least as many.");
        return x.Columns(Mirrored(x.Shape[2], width)).Lines(Mirrored(x.Shape[1], height));
    }

    /// <summary>The upper left part of N×H×W×C: N×height×width×C.</summary>
    /// <exception cref="ArgumentException">These are no images, or they have no such part.</exception>
    public static Tensor CropTo(this Tensor x, int height, int width)
    {
        ArgumentNullException.ThrowIfNull(x);
        Refuse.IfNotImages("CropTo", x);
        if (height < 1 || width < 1 || height > x.Shape[1] || width > x.Shape[2])
            Refuse.Because($"CropTo: {height}×{width} of {x.Shape[1]}×{x.Shape[2]} pixels; ask for 1 to as many as there are.");
        return x.Lines(Mirrored(height, height)).Columns(Mirrored(width, width));
    }

    // 0 1 … n−1 n−2 … 1 0 1 …
    static int[] Mirrored(int size, int count)
    {
        int period = Math.Max(1, 2 * (size - 1));
        int[] from = new int[count];
        for (int i = 0; i < count; i++) from[i] = Math.Min(i % period, period - i % period);
        if (size == 1) Array.Clear(from);
        return from;
    }

    static Tensor Lines(this Tensor x, int[] from)
    {
        Shape s = x.Shape;
        return from.Length == s[1] ? x : Gather(x, s[0], s[2] * s[3], from, Shape.Of(s[0], from.Length, s[2], s[3]));
    }

    static Tensor Columns(this Tensor x, int[] from)
    {
        Shape s = x.Shape;
        return from.Length == s[2] ? x : Gather(x, s[0] * s[1], s[3], from, Shape.Of(s[0], s[1], from.Length, s[3]));
    }

    // y[r, i] = x[r, from[i]] for rows r of blocks of so many numbers, which are to the device what channels are to it elsewhere.
    static Tensor Gather(Tensor x, int rows, int block, int[] from, Shape result)
    {
        using DeviceTurn turn = x.Device.TakeTurn();
        Tensor y = Tensor.Empty(result, x.Device);
        Copy(x, rows, block, from, y);
        return y.From(new GatherNode(x, rows, block, from));
    }

    static void Copy(Tensor x, int rows, int block, int[] from, Tensor y)
    {
        Tensor source = x.AsRows(rows), target = y.AsRows(rows);
        foreach ((int first, int start, int count) in Runs(from))
            x.Device.CopyChannels(source, first * block, target, start * block, count * block, accumulate: false);
    }

    // Where the source moves on by one with the result, one copy does for all.
    static IEnumerable<(int From, int To, int Count)> Runs(int[] from)
    {
        for (int start = 0, end; start < from.Length; start = end)
        {
            for (end = start + 1; end < from.Length && from[end] == from[end - 1] + 1; end++) { }
            yield return (from[start], start, end - start);
        }
    }

    static Tensor AsRows(this Tensor x, int rows) => x.View(Shape.Of(rows, x.Shape.Count / rows));

    sealed class GatherNode(Tensor x, int rows, int block, int[] from) : RepeatableNode(x)
    {
        public override void Compute() => Copy(x, rows, block, from, Output);

        public override void Backward(Tensor dy)
        {
            if (!x.NeedsGrad) return;
            Tensor dx = x.GradBuffer(out bool accumulate);
            if (!accumulate) x.Device.Fill(dx, 0);
            Tensor source = dy.AsRows(rows), target = dx.AsRows(rows);
            foreach ((int first, int start, int count) in Runs(from))
                x.Device.CopyChannels(source, start * block, target, first * block, count * block, accumulate: true);
        }

        protected override bool Reads(Tensor input) => false;
    }
}
