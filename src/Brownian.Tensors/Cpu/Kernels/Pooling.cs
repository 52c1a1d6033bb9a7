using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>All windows of a pool over images. Those beside the border see fewer pixels: the padding is left out.</summary>
readonly record struct Windows(Shape Images, ConvSpec Spec)
{
    public int Channels => Images[3];

    public int Down { get; } = Spec.Down.OutputSize(Images[1]);

    public int Across { get; } = Spec.Across.OutputSize(Images[2]);

    /// <summary>Whether a pixel may lie in several of them.</summary>
    public bool Overlap => Spec.Down.Stride < Spec.Down.Kernel || Spec.Across.Stride < Spec.Across.Kernel;

    /// <summary>Whether every pixel lies in exactly one.</summary>
    public bool Tile => Fills(Spec.Down, Images[1]) && Fills(Spec.Across, Images[2]);

    static bool Fills(WindowAxis axis, int extent) => axis.Stride == axis.Kernel && axis is { Padding: 0, PaddingAfter: 0 } && extent % axis.Kernel == 0;

    /// <summary>Where a pixel lies, in floats.</summary>
    public nint Pixel(int sample, int i, int j) => (((nint)sample * Images[1] + i) * Images[2] + j) * Channels;

    /// <summary>Where the number of a window lies in the result, in floats.</summary>
    public nint Result(int sample, int i, int j) => (((nint)sample * Down + i) * Across + j) * Channels;

    /// <summary>The pixels that a window sees.</summary>
    public Window At(int i, int j)
    {
        (int top, int bottom) = Spec.Down.InputsOf(i, Images[1]);
        (int left, int right) = Spec.Across.InputsOf(j, Images[2]);
        return new Window(top, left, bottom - top, right - left);
    }
}

/// <summary>Height×Width pixels, the first of them at (Top, Left).</summary>
readonly record struct Window(int Top, int Left, int Height, int Width)
{
    public int Count => Height * Width;
}

/// <summary>The mean, sum or largest of the pixels of windows, channel by channel.</summary>
static unsafe class Pooling<V> where V : unmanaged, ISimd<V>
{
    /// <summary>y[n, i, j] (+)= the sum of the pixels of x in window (i, j), or their mean.</summary>
    public static void Sum(CpuDevice device, Windows windows, bool mean, float* x, float* y, bool accumulate) =>
        device.Workers.For(windows.Images[0] * windows.Down, new SumJob(windows, mean, (nint)x, (nint)y, accumulate));

    readonly record struct SumJob(Windows Windows, bool Mean, nint X, nint Y, bool Accumulate) : IJob
    {
        public void Run(int row, int worker)
        {
            (int sample, int i) = Math.DivRem(row, Windows.Down);
            for (int j = 0; j < Windows.Across; j++)
            {
                Window window = Windows.At(i, j);
                float scale = Mean ? 1f / window.Count : 1;
                float* y = (float*)Y + Windows.Result(sample, i, j);
                bool add = Accumulate;
                for (int a = 0; a < window.Height; a++)
                {
                    float* x = (float*)X + Windows.Pixel(sample, window.Top + a, window.Left);
                    for (int b = 0; b < window.Width; b++, x += Windows.Channels, add = true) Add(x, y, scale, Windows.Channels, add);
                }
            }
        }
    }

    /// <summary>dx (+)= the gradient of the mean: each pixel takes its share of dy from every window that sees it. A job is a row of pixels.</summary>
    public static void MeanGrad(CpuDevice device, Windows windows, float* dy, float* dx, bool accumulate) =>
        device.Workers.For(windows.Images[0] * windows.Images[1], new MeanGradJob(windows, (nint)dy, (nint)dx, accumulate));

    readonly record struct MeanGradJob(Windows Windows, nint Dy, nint Dx, bool Accumulate) : IJob
    {
        public void Run(int row, int worker)
        {
            (int sample, int i) = Math.DivRem(row, Windows.Images[1]);
            (int top, int bottom) = Windows.Spec.Down.OutputsOf(i, Windows.Down);
            for (int j = 0; j < Windows.Images[2]; j++)
            {
                (int left, int right) = Windows.Spec.Across.OutputsOf(j, Windows.Across);
                float* dx = (float*)Dx + Windows.Pixel(sample, i, j);
                bool add = Accumulate;
                for (int a = top; a < bottom; a++)
                {
                    for (int b = left; b < right; b++, add = true)
                        Add((float*)Dy + Windows.Result(sample, a, b), dx, 1f / Windows.At(a, b).Count, Windows.Channels, add);
                }
                if (!add) new Span<float>(dx, Windows.Channels).Clear();
            }
        }
    }

    /// <summary>y (+)= a·x</summary>
    static void Add(float* x, float* y, float a, int count, bool accumulate) =>
        Elementwise.Map<V, Elementwise.Affine>(x, null, a, 0, y, count, accumulate);

    /// <summary>y[n, i, j] = the largest pixel of x in window (i, j).</summary>
    public static void Max(CpuDevice device, Windows windows, float* x, float* y) =>
        device.Workers.For(windows.Images[0] * windows.Down, new MaxJob(windows, (nint)x, (nint)y));

    readonly record struct MaxJob(Windows Windows, nint X, nint Y) : IJob
    {
        public void Run(int row, int worker)
        {
            (int sample, int i) = Math.DivRem(row, Windows.Down);
            int channels = Windows.Channels;
            nint line = (nint)Windows.Images[2] * channels;
            float* y = (float*)Y + Windows.Result(sample, i, 0);
            for (int j = 0; j < Windows.Across; j++, y += channels)
            {
                Window window = Windows.At(i, j);
                float* x = (float*)X + Windows.Pixel(sample, window.Top, window.Left);
                int c = 0;
                for (; c + V.Lanes <= channels; c += V.Lanes) V.Store(y + c, Largest<V>(window, channels, line, x + c));
                for (; c < channels; c++) V1.Store(y + c, Largest<V1>(window, channels, line, x + c));
            }
        }
    }

    static W Largest<W>(Window window, nint pixel, nint line, float* x) where W : unmanaged, ISimd<W>
    {
        W largest = W.Load(x);
        for (int a = 0; a < window.Height; a++, x += line)
        {
            for (int b = 0; b < window.Width; b++)
            {
                W value = W.Load(x + b * pixel);
                largest = W.SelectGreater(value, largest, value, largest);
            }
        }
        return largest;
    }

    /// <summary>
    /// dx (+)= dy at the largest pixel of each window, the first of equals; zero at the others. A job is a row of windows, or, where they share
    /// pixels, an image, whose windows add in their order.
    /// </summary>
    public static void MaxGrad(CpuDevice device, Windows windows, float* x, float* dy, float* dx, bool accumulate)
    {
        bool add = accumulate || windows.Overlap;
        if (!accumulate && (windows.Overlap || !windows.Tile)) new Span<float>(dx, windows.Images.Count).Clear();
        int rows = windows.Overlap ? windows.Down : 1;
        device.Workers.For(windows.Images[0] * windows.Down / rows, new MaxGradJob(windows, rows, (nint)x, (nint)dy, (nint)dx, add));
    }

    readonly record struct MaxGradJob(Windows Windows, int Rows, nint X, nint Dy, nint Dx, bool Add) : IJob
    {
        public void Run(int index, int worker)
        {
            for (int row = index * Rows; row < (index + 1) * Rows; row++)
            {
                (int sample, int i) = Math.DivRem(row, Windows.Down);
                for (int j = 0; j < Windows.Across; j++) Route(Windows.At(i, j), sample, (float*)Dy + Windows.Result(sample, i, j));
            }
        }

        void Route(Window window, int sample, float* dy)
        {
            nint at = Windows.Pixel(sample, window.Top, window.Left), line = (nint)Windows.Images[2] * Windows.Channels;
            float* x = (float*)X + at, dx = (float*)Dx + at;
            int c = 0;
            for (; c + V.Lanes <= Windows.Channels; c += V.Lanes) Route<V>(window, line, x + c, dy + c, dx + c);
            for (; c < Windows.Channels; c++) Route<V1>(window, line, x + c, dy + c, dx + c);
        }

        void Route<W>(Window window, nint line, float* x, float* dy, float* dx) where W : unmanaged, ISimd<W>
        {
            W largest = Largest<W>(window, Windows.Channels, line, x), rest = W.Load(dy);
            for (int a = 0; a < window.Height; a++)
            {
                for (int b = 0; b < window.Width; b++)
                {
                    nint at = a * line + (nint)b * Windows.Channels;
                    W pixel = W.Load(x + at);
                    W taken = W.SelectGreater(largest, pixel, W.Zero, rest);
                    rest = W.SelectGreater(largest, pixel, rest, W.Zero);
                    W.Store(dx + at, Add ? W.Load(dx + at) + taken : taken);
                }
            }
        }
    }
}
