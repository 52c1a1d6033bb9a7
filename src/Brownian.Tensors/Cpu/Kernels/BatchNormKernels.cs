using System.Runtime.CompilerServices;
using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>
/// Batch norm with a ReLU before it or a SiLU after it: one pass forward, two backward, each over blocks of rows. Neither what the ReLU
/// gives nor x̂ is kept; both are cheaper to compute again than to read.
/// </summary>
static unsafe class BatchNormKernels<V> where V : unmanaged, ISimd<V>
{
    /// <summary>The numbers that belong to channels: z = (f(x) − mean)·scale + shift, mean being its first part.</summary>
    readonly record struct Channel(nint Mean, nint Scale, nint Shift, bool Relu, bool Silu)
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public W Centered<W>(float* x, int c) where W : unmanaged, ISimd<W>
        {
            W value = W.Load(x + c);
            if (Relu) value = Elementwise.Relu.Invoke(value, W.Zero, W.Zero, W.Zero);
            return value - W.Load((float*)Mean + c);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public W Normalized<W>(W centered, int c) where W : unmanaged, ISimd<W> =>
            W.Fma(centered, W.Load((float*)Scale + c), W.Load((float*)Shift + c));

        /// <summary>dz = dy·silu'(z), or dy.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public W Slope<W>(W centered, float* dy, int c) where W : unmanaged, ISimd<W>
        {
            W g = W.Load(dy + c);
            return Silu ? g * Elementwise.SiluSlope(Normalized(centered, c)) : g;
        }
    }

    /// <summary>Fills scale and shift, of C floats each.</summary>
    static Channel PerChannel(BatchNormSpec spec, int channels, float* gamma, float* beta, float* statistics, float* scale, float* shift)
    {
        float* rest = statistics + channels, inverse = rest + channels;
        for (int c = 0; c < channels; c++)
        {
            scale[c] = gamma[c] * inverse[c];
            shift[c] = beta[c] - rest[c] * scale[c];
        }
        return new Channel((nint)statistics, (nint)scale, (nint)shift, spec.Relu, spec.Silu);
    }

    /// <param name="device">Where.</param>
    /// <param name="spec">ReLU, SiLU.</param>
    /// <param name="rows">N·H·W.</param>
    /// <param name="channels">C.</param>
    /// <param name="positions">The rows of one sample.</param>
    /// <param name="x">Rows×C.</param>
    /// <param name="gamma">C.</param>
    /// <param name="beta">C.</param>
    /// <param name="statistics">3×C.</param>
    /// <param name="perSample">N×C to add, or null.</param>
    /// <param name="y">Rows×C.</param>
    public static void Forward(
        CpuDevice device, BatchNormSpec spec, int rows, int channels, int positions,
        float* x, float* gamma, float* beta, float* statistics, float* perSample, float* y)
    {
        var blocks = new RowBlocks(rows, channels);
        SharedMemory memory = device.RentShared(2L * channels);
        fixed (float* m = &memory.First(0))
        {
            Channel channel = PerChannel(spec, channels, gamma, beta, statistics, m, m + channels);
            device.Workers.For(blocks.Count, new ForwardJob(blocks, positions, channel, (nint)x, (nint)perSample, (nint)y));
        }
        memory.Release();
    }

    readonly record struct ForwardJob(RowBlocks Blocks, int Positions, Channel Channel, nint X, nint PerSample, nint Y) : IJob
    {
        public void Run(int block, int worker)
        {
            int channels = Blocks.Channels, first = Blocks.First(block);
            nint at = (nint)first * channels;
            float* x = (float*)X + at, y = (float*)Y + at;
            for (int row = first, last = first + Blocks.Length(block); row < last; row++, x += channels, y += channels)
            {
                float* addend = PerSample == 0 ? null : (float*)PerSample + (nint)(row / Positions) * channels;
                int c = 0;
                for (; c + V.Lanes <= channels; c += V.Lanes) V.Store(y + c, Value<V>(x, addend, c));
                for (; c < channels; c++) V1.Store(y + c, Value<V1>(x, addend, c));
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        W Value<W>(float* x, float* addend, int c) where W : unmanaged, ISimd<W>
        {
            W z = Channel.Normalized(Channel.Centered<W>(x, c), c);
            if (Channel.Silu) z *= VectorMath.Sigmoid(z);
            return addend == null ? z : z + W.Load(addend + c);
        }
    }

    /// <summary>
    /// With x̂ = (f(x) − mean)/σ, z = γ·x̂ + β and dz = dy·silu'(z): dβ = Σdz, dγ = Σdz·x̂, and, where statistics are of this batch,
    /// df = γ/σ·(dz − dβ/rows − x̂·dγ/rows) (Ioffe &amp; Szegedy 2015, section 3); with constant statistics df = γ/σ·dz.
    /// </summary>
    public static void Gradient(
        CpuDevice device, BatchNormSpec spec, bool training, int rows, int channels, float* x, float* gamma, float* beta, float* statistics,
        float* dy, float* dx, bool accumulate, float* dGamma, float* dBeta)
    {
        var blocks = new RowBlocks(rows, channels);
        SharedMemory memory = device.RentShared((4L + 2 * blocks.Count) * channels);
        fixed (float* m = &memory.First(0))
        {
            float* scale = m, shift = scale + channels, constant = shift + channels, slope = constant + channels, slots = slope + channels;
            Channel channel = PerChannel(spec, channels, gamma, beta, statistics, scale, shift);
            device.Workers.For(blocks.Count, new SumsJob(blocks, channel, (nint)x, (nint)dy, (nint)slots));
            var join = new JoinJob(blocks, training, (nint)slots, (nint)statistics, (nint)scale, (nint)constant, (nint)slope, (nint)dGamma, (nint)dBeta);
            device.Workers.For((channels + JoinJob.Width - 1) / JoinJob.Width, join);
            if (dx != null)
                device.Workers.For(blocks.Count, new InputJob(blocks, channel, (nint)constant, (nint)slope, (nint)x, (nint)dy, (nint)dx, accumulate));
        }
        memory.Release();
    }

    /// <summary>Σdz and Σdz·(f(x) − mean) of each block.</summary>
    readonly record struct SumsJob(RowBlocks Blocks, Channel Channel, nint X, nint Dy, nint Slots) : IJob
    {
        public void Run(int block, int worker)
        {
            int channels = Blocks.Channels;
            nint at = (nint)Blocks.First(block) * channels;
            float* x = (float*)X + at, dy = (float*)Dy + at;
            float* sums = (float*)Slots + 2 * (nint)block * channels, products = sums + channels;
            new Span<float>(sums, 2 * channels).Clear();
            for (int row = 0, rows = Blocks.Length(block); row < rows; row++, x += channels, dy += channels)
            {
                int c = 0;
                for (; c + V.Lanes <= channels; c += V.Lanes) Add<V>(x, dy, sums, products, c);
                for (; c < channels; c++) Add<V1>(x, dy, sums, products, c);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        void Add<W>(float* x, float* dy, float* sums, float* products, int c) where W : unmanaged, ISimd<W>
        {
            W centered = Channel.Centered<W>(x, c), dz = Channel.Slope(centered, dy, c);
            W.Store(sums + c, W.Load(sums + c) + dz);
            W.Store(products + c, W.Fma(dz, centered, W.Load(products + c)));
        }
    }

    /// <summary>Joins the blocks of some channels, first to last, and finds df = scale·dz − constant − (f(x) − mean)·slope.</summary>
    readonly record struct JoinJob(
        RowBlocks Blocks, bool Training, nint Slots, nint Statistics, nint Scale, nint Constant, nint Slope, nint DGamma, nint DBeta) : IJob
    {
        public const int Width = 64;

        public void Run(int index, int worker)
        {
            int from = index * Width, count = Math.Min(Width, Blocks.Channels - from);
            double* totals = stackalloc double[2 * Width];
            new Span<double>(totals, 2 * Width).Clear();
            for (int block = 0; block < Blocks.Count; block++)
            {
                float* sums = (float*)Slots + 2 * (nint)block * Blocks.Channels + from, products = sums + Blocks.Channels;
                for (int i = 0; i < count; i++)
                {
                    totals[i] += sums[i];
                    totals[Width + i] += products[i];
                }
            }
            for (int i = 0; i < count; i++) Finish(from + i, totals[i], totals[Width + i]);
        }

        void Finish(int c, double sum, double product)
        {
            float* statistics = (float*)Statistics;
            double rest = statistics[Blocks.Channels + c], inverse = statistics[2 * Blocks.Channels + c];
            double gamma = (product - rest * sum) * inverse;        // dγ of this batch
            ((float*)DGamma)[c] += (float)gamma;
            ((float*)DBeta)[c] += (float)sum;
            double scale = Training ? ((float*)Scale)[c] / (double)Blocks.Rows : 0, slope = scale * inverse * gamma;
            ((float*)Constant)[c] = (float)(scale * sum - rest * slope);
            ((float*)Slope)[c] = (float)slope;
        }
    }

    readonly record struct InputJob(RowBlocks Blocks, Channel Channel, nint Constant, nint Slope, nint X, nint Dy, nint Dx, bool Accumulate) : IJob
    {
        public void Run(int block, int worker)
        {
            int channels = Blocks.Channels;
            nint at = (nint)Blocks.First(block) * channels;
            float* x = (float*)X + at, dy = (float*)Dy + at, dx = (float*)Dx + at;
            for (int row = 0, rows = Blocks.Length(block); row < rows; row++, x += channels, dy += channels, dx += channels)
            {
                int c = 0;
                for (; c + V.Lanes <= channels; c += V.Lanes) InputGradient<V>(x, dy, dx, c);
                for (; c < channels; c++) InputGradient<V1>(x, dy, dx, c);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        void InputGradient<W>(float* x, float* dy, float* dx, int c) where W : unmanaged, ISimd<W>
        {
            W centered = Channel.Centered<W>(x, c), dz = Channel.Slope(centered, dy, c);
            W g = W.Fma(W.Load((float*)Channel.Scale + c), dz, W.Zero - W.Load((float*)Constant + c));
            g = W.FmaNegated(centered, W.Load((float*)Slope + c), g);
            if (Channel.Relu) g = W.SelectGreater(W.Load(x + c), W.Zero, g, W.Zero);
            W.Store(dx + c, Accumulate ? W.Load(dx + c) + g : g);
        }
    }
}
