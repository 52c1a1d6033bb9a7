using System.Runtime.CompilerServices;
using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>The extents of a convolution: images N×H×W×I, kernel kh×kw, result N×H'×W'×O.</summary>
readonly record struct ConvShape(ConvSpec Spec, int Samples, int Height, int Width, int In, int OutHeight, int OutWidth, int Out);

/// <summary>
/// One axis of a class of result pixels that see the source alike: pixel i lies at First + i·Step and meets, through tap t of the
/// class, the source at Source + i·SourceStep + t. That tap has index FirstTap + t·TapStep in the kernel.
/// </summary>
readonly record struct PatchAxis(int Count, int First, int Step, int Taps, int FirstTap, int TapStep, int Source, int SourceStep, int Extent)
{
    /// <summary>Every step-th output of a convolution.</summary>
    public static PatchAxis OfOutputs(WindowAxis axis, int inputs, int outputs, int first, int step) => new PatchAxis(
        (outputs - first + step - 1) / step, first, step, axis.Kernel, 0, 1, first * axis.Stride - axis.Padding, step * axis.Stride, inputs);

    /// <summary>
    /// Every step-th input, which gradients reach: input p met output o through tap k where o·stride = p + padding − k. The step is
    /// a multiple of the stride, so that all inputs of the class have their taps in common; these count down, for o to count up.
    /// </summary>
    public static PatchAxis OfInputs(WindowAxis axis, int inputs, int outputs, int first, int step)
    {
        int shifted = first + axis.Padding, last = axis.Kernel - 1;
        int top = last - ((last - shifted) % axis.Stride + axis.Stride) % axis.Stride;
        int taps = top < 0 ? 0 : top / axis.Stride + 1;
        return new PatchAxis((inputs - first + step - 1) / step, first, step, taps, top, -axis.Stride, (shifted - top) / axis.Stride, step / axis.Stride, outputs);
    }

    /// <summary>The same without taps that see nothing but padding.</summary>
    public PatchAxis Trimmed()
    {
        int skip = 0, taps = Taps;
        while (skip < taps && Source + skip + (Count - 1) * SourceStep < 0) skip++;
        while (taps > skip && Source + taps - 1 >= Extent) taps--;
        return this with { Taps = taps - skip, FirstTap = FirstTap + skip * TapStep, Source = Source + skip };
    }
}

/// <summary>
/// The patches of the source that a class of result pixels sees: a matrix of pixels × (taps · channels), of which a block at a time
/// is gathered to lie contiguous, so that convolution is a product of matrices with its inner dimension as long as can be.
/// </summary>
/// <param name="Samples">N.</param>
/// <param name="Down">The rows of the class.</param>
/// <param name="Across">The columns.</param>
/// <param name="Channels">Of the source.</param>
/// <param name="KernelWidth">Of the whole kernel.</param>
readonly record struct Patches(int Samples, PatchAxis Down, PatchAxis Across, int Channels, int KernelWidth)
{
    /// <summary>How many rows the matrix has.</summary>
    public int Pixels => Samples * Down.Count * Across.Count;

    /// <summary>How many columns: the length of the sum behind each number of the result.</summary>
    public int Depth => Down.Taps * Across.Taps * Channels;

    /// <summary>The tap of the kernel to which a column belongs.</summary>
    public int TapOf(int column)
    {
        (int down, int across) = Math.DivRem(column / Channels, Across.Taps);
        return (Down.FirstTap + down * Down.TapStep) * KernelWidth + Across.FirstTap + across * Across.TapStep;
    }

    /// <summary>Which pixel of the result, numbered over all of a batch's images of the given width and height, a row stands for.</summary>
    public nint ResultOf(int row, int height, int width)
    {
        (int line, int j) = Math.DivRem(row, Across.Count);
        (int sample, int i) = Math.DivRem(line, Down.Count);
        return ((nint)sample * height + Down.First + i * Down.Step) * width + Across.First + j * Across.Step;
    }

    /// <summary>
    /// Copies columns [from, from + length) of so many rows. Whole vectors are copied: up to a vector past the length of each row is
    /// overwritten, and as much past the end of the source read.
    /// </summary>
    public unsafe void Gather<V>(float* source, int firstRow, int rows, int from, int length, float* target, nint stride)
        where V : unmanaged, ISimd<V>
    {
        int line = Across.Taps * Channels;       // a line of taps sees neighbours, which lie side by side
        for (int row = firstRow; row < firstRow + rows; row++, target += stride)
        {
            (int above, int j) = Math.DivRem(row, Across.Count);
            (int sample, int i) = Math.DivRem(above, Down.Count);
            int left = Across.Source + j * Across.SourceStep;
            int begin = Math.Max(0, -left) * Channels, end = Math.Min(Across.Taps, Across.Extent - left) * Channels;
            (int down, int offset) = Math.DivRem(from, line);
            for (int done = 0; done < length; down++, offset = 0)
            {
                int y = Down.Source + i * Down.SourceStep + down, count = Math.Min(line - offset, length - done);
                bool inside = (uint)y < (uint)Down.Extent;
                nint at = ((((nint)sample * Down.Extent + y) * Across.Extent) + left) * Channels + offset;
                int zeros = inside ? Math.Clamp(begin - offset, 0, count) : count, numbers = Math.Clamp(end - offset, zeros, count);
                Clear<V>(target + done, 0, zeros);
                Copy<V>(source + at, target + done, zeros, numbers);
                Clear<V>(target + done, numbers, count);
                done += count;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static unsafe void Clear<V>(float* target, int from, int to) where V : unmanaged, ISimd<V>
    {
        for (int i = from; i < to; i += V.Lanes) V.Store(target + i, V.Zero);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static unsafe void Copy<V>(float* source, float* target, int from, int to) where V : unmanaged, ISimd<V>
    {
        for (int i = from; i < to; i += V.Lanes) V.Store(target + i, V.Load(source + i));
    }
}

/// <summary>
/// The weights that patches meet: a matrix of Depth × Columns. Forward it is kh×kw×I×O as it lies; for the gradient of the input each
/// tap is turned over.
/// </summary>
readonly record struct PatchWeights(Patches Patches, nint W, int Columns, bool Turned)
{
    const int RowsAhead = 12;

    /// <summary>Packs rows [first, first + rows) of columns [from, to) as <see cref="Gemm.Pack"/> would a matrix of just these rows.</summary>
    /// <param name="first">A row.</param>
    /// <param name="rows">How many.</param>
    /// <param name="from">A multiple of the widest panel.</param>
    /// <param name="to">Where the columns end.</param>
    /// <param name="packed">Where column <paramref name="from"/> goes.</param>
    public unsafe void Pack<V>(int first, int rows, int from, int to, float* packed) where V : unmanaged, ISimd<V>
    {
        int channels = Patches.Channels;
        for (int row = first; row < first + rows;)
        {
            int channel = row % channels, run = Math.Min(channels - channel, first + rows - row);
            float* tap = (float*)W + (nint)Patches.TapOf(row) * channels * Columns;
            if (Turned) PackTurned<V>(tap + channel, run, row - first, rows, from, to, packed);
            else PackRows<V>(tap + (nint)channel * Columns, run, row - first, rows, from, to, packed);
            row += run;
        }
    }

    /// <summary>A row of weights as they lie, and how many of the next ones, itself included, follow it in memory: at most those asked for.</summary>
    public unsafe float* RowsFrom(int row, int most, out int rows)
    {
        int channels = Patches.Channels, channel = row % channels;
        rows = Math.Min(channels - channel, most);
        return (float*)W + ((nint)Patches.TapOf(row) * channels + channel) * Columns;
    }

    // Row by row, so that long runs of weights are read, and a few rows ahead are fetched: where pixels are few, memory sets the pace.
    unsafe void PackRows<V>(float* source, int run, int at, int rows, int from, int to, float* packed) where V : unmanaged, ISimd<V>
    {
        for (int row = 0; row < run; row++, source += Columns)
        {
            for (int column = from; column < to;)
            {
                int width = Gemm.PanelVectors<V>(Columns - column) * V.Lanes, valid = Math.Min(width, Columns - column);
                float* panel = packed + (nint)(column - from) * rows + (nint)(at + row) * width;
                for (int i = 0; i < valid; i += 16) Prefetch.SecondLevel(source + column + i + RowsAhead * Columns);
                int j = 0;
                for (; j + V.Lanes <= valid; j += V.Lanes) V.Store(panel + j, V.Load(source + column + j));
                for (; j < valid; j++) panel[j] = source[column + j];
                for (; j < width; j++) panel[j] = 0;
                column += width;
            }
        }
    }

    unsafe void PackTurned<V>(float* source, int run, int at, int rows, int from, int to, float* packed) where V : unmanaged, ISimd<V>
    {
        int channels = Patches.Channels;
        for (int column = from; column < to;)
        {
            int width = Gemm.PanelVectors<V>(Columns - column) * V.Lanes, valid = Math.Min(width, Columns - column);
            float* panel = packed + (nint)(column - from) * rows + (nint)at * width;
            Transposition.Scaled(source + (nint)column * channels, channels, valid, run, 1, panel, width);
            for (int row = 0; row < run && valid < width; row++) new Span<float>(panel + row * width + valid, width - valid).Clear();
            column += width;
        }
    }
}
