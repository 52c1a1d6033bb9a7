using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>The largest pixel of each block, channel by channel. A job handles the blocks that lie side by side.</summary>
static unsafe class MaxPooling<V> where V : unmanaged, ISimd<V>
{
    /// <summary>y[n, i, j] = the largest of the factor×factor block of x at (i, j).</summary>
    public static void Forward(CpuDevice device, Shape x, int factor, float* source, float* target) =>
        device.Workers.For(x[0] * (x[1] / factor), new ForwardJob(new Blocks(x, factor), (nint)source, (nint)target));

    /// <summary>dx (+)= dy at the largest pixel of each block, the first of equals; zero at the others.</summary>
    public static void Gradient(CpuDevice device, Shape x, int factor, float* source, float* dy, float* dx, bool accumulate)
    {
        var blocks = new Blocks(x, factor);
        if (!accumulate && (x[1] % factor != 0 || x[2] % factor != 0)) new Span<float>(dx, x.Count).Clear();
        device.Workers.For(x[0] * blocks.Down, new GradientJob(blocks, (nint)source, (nint)dy, (nint)dx, accumulate));
    }

    readonly record struct Blocks(int Height, int Width, int Channels, int Factor)
    {
        public Blocks(Shape x, int factor) : this(x[1], x[2], x[3], factor) { }

        public int Down => Height / Factor;

        public int Across => Width / Factor;

        /// <summary>Where the first pixel of a row of blocks lies.</summary>
        public nint First(int row) => ((nint)(row / Down) * Height + row % Down * Factor) * Width * Channels;

        /// <summary>Where a pixel of a block lies, seen from the block's first.</summary>
        public nint Pixel(int index) => ((nint)(index / Factor) * Width + index % Factor) * Channels;
    }

    readonly record struct ForwardJob(Blocks Blocks, nint X, nint Y) : IJob
    {
        public void Run(int row, int worker)
        {
            int channels = Blocks.Channels;
            float* x = (float*)X + Blocks.First(row), y = (float*)Y + (nint)row * Blocks.Across * channels;
            for (int j = 0; j < Blocks.Across; j++, x += (nint)Blocks.Factor * channels, y += channels)
            {
                int c = 0;
                for (; c + V.Lanes <= channels; c += V.Lanes) V.Store(y + c, Largest<V>(Blocks, x + c));
                for (; c < channels; c++) V1.Store(y + c, Largest<V1>(Blocks, x + c));
            }
        }
    }

    static W Largest<W>(Blocks blocks, float* x) where W : unmanaged, ISimd<W>
    {
        W largest = W.Load(x);
        for (int i = 1; i < blocks.Factor * blocks.Factor; i++)
        {
            W pixel = W.Load(x + blocks.Pixel(i));
            largest = W.SelectGreater(pixel, largest, pixel, largest);
        }
        return largest;
    }

    readonly record struct GradientJob(Blocks Blocks, nint X, nint Dy, nint Dx, bool Accumulate) : IJob
    {
        public void Run(int row, int worker)
        {
            int channels = Blocks.Channels;
            nint at = Blocks.First(row);
            float* dy = (float*)Dy + (nint)row * Blocks.Across * channels;
            for (int j = 0; j < Blocks.Across; j++, at += (nint)Blocks.Factor * channels, dy += channels)
            {
                float* x = (float*)X + at, dx = (float*)Dx + at;
                int c = 0;
                for (; c + V.Lanes <= channels; c += V.Lanes) Route<V>(x + c, dy + c, dx + c);
                for (; c < channels; c++) Route<V1>(x + c, dy + c, dx + c);
            }
        }

        void Route<W>(float* x, float* dy, float* dx) where W : unmanaged, ISimd<W>
        {
            W largest = Largest<W>(Blocks, x), rest = W.Load(dy);
            for (int i = 0; i < Blocks.Factor * Blocks.Factor; i++)
            {
                nint at = Blocks.Pixel(i);
                W pixel = W.Load(x + at);
                W taken = W.SelectGreater(largest, pixel, W.Zero, rest);
                rest = W.SelectGreater(largest, pixel, rest, W.Zero);
                W.Store(dx + at, Accumulate ? W.Load(dx + at) + taken : taken);
            }
        }
    }
}
