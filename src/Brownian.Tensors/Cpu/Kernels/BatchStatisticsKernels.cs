using System.Runtime.CompilerServices;
using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>
/// Rows of a matrix in blocks of some 256 KB. A block stays in the second-level cache while a job passes it twice, so memory is read
/// once; where one ends depends on nothing but the matrix.
/// </summary>
readonly record struct RowBlocks(int Rows, int Channels)
{
    const int Floats = 65536;

    public int PerBlock => Math.Clamp(Floats / Channels, 32, 512);

    public int Count => (Rows + PerBlock - 1) / PerBlock;

    public int First(int block) => block * PerBlock;

    public int Length(int block) => Math.Min(PerBlock, Rows - First(block));
}

/// <summary>
/// Mean and variance of each channel over all rows (Ioffe &amp; Szegedy 2015, algorithm 1), of relu(x) where asked. Each block takes its
/// own mean and then sums of differences from it, so that a large offset costs no digits; blocks are joined in double.
/// </summary>
static unsafe class BatchStatisticsKernels<V> where V : unmanaged, ISimd<V>
{
    /// <summary>Channels that one job joins.</summary>
    const int Joined = 64;

    /// <summary>Of each block: its mean, Σ(x − mean) and Σ(x − mean)².</summary>
    const int Moments = 3;

    /// <summary>Statistics 3×C of x, towards which the running ones move: the variance among them is the unbiased one, as in PyTorch.</summary>
    public static void OfBatch(
        CpuDevice device, BatchNormSpec spec, int rows, int channels, float* x, float* runningMean, float* runningVariance, float* statistics)
    {
        var blocks = new RowBlocks(rows, channels);
        SharedMemory slots = device.RentShared((long)Moments * blocks.Count * channels);
        fixed (float* s = &slots.First(0))
        {
            device.Workers.For(blocks.Count, new MomentsJob(blocks, spec.Relu, (nint)x, (nint)s));
            device.Workers.For(
                (channels + Joined - 1) / Joined, new JoinJob(blocks, spec, (nint)s, (nint)runningMean, (nint)runningVariance, (nint)statistics));
        }
        slots.Release();
    }

    public static void OfRunning(BatchNormSpec spec, int channels, float* runningMean, float* runningVariance, float* statistics)
    {
        for (int c = 0; c < channels; c++)
        {
            statistics[c] = runningMean[c];
            statistics[channels + c] = 0;
            statistics[2 * channels + c] = (float)(1 / Math.Sqrt((double)runningVariance[c] + spec.Epsilon));
        }
    }

    readonly record struct MomentsJob(RowBlocks Blocks, bool Relu, nint X, nint Slots) : IJob
    {
        public void Run(int block, int worker)
        {
            int channels = Blocks.Channels, rows = Blocks.Length(block);
            float* first = (float*)X + (nint)Blocks.First(block) * channels;
            float* mean = (float*)Slots + (nint)Moments * block * channels, sums = mean + channels, squares = sums + channels;
            new Span<float>(mean, Moments * channels).Clear();
            float* x = first;
            for (int row = 0; row < rows; row++, x += channels)
            {
                int c = 0;
                for (; c + V.Lanes <= channels; c += V.Lanes) V.Store(mean + c, V.Load(mean + c) + Input<V>(x + c));
                for (; c < channels; c++) V1.Store(mean + c, V1.Load(mean + c) + Input<V1>(x + c));
            }
            for (int c = 0; c < channels; c++) mean[c] /= rows;
            x = first;
            for (int row = 0; row < rows; row++, x += channels)
            {
                int c = 0;
                for (; c + V.Lanes <= channels; c += V.Lanes) Center<V>(x + c, mean + c, sums + c, squares + c);
                for (; c < channels; c++) Center<V1>(x + c, mean + c, sums + c, squares + c);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        void Center<W>(float* x, float* mean, float* sums, float* squares) where W : unmanaged, ISimd<W>
        {
            W d = Input<W>(x) - W.Load(mean);
            W.Store(sums, W.Load(sums) + d);
            W.Store(squares, W.Fma(d, d, W.Load(squares)));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        W Input<W>(float* x) where W : unmanaged, ISimd<W> =>
            Relu ? Elementwise.Relu.Invoke(W.Load(x), W.Zero, W.Zero, W.Zero) : W.Load(x);
    }

    /// <summary>Joins the blocks of some channels, first to last.</summary>
    readonly record struct JoinJob(RowBlocks Blocks, BatchNormSpec Spec, nint Slots, nint RunningMean, nint RunningVariance, nint Statistics) : IJob
    {
        public void Run(int index, int worker)
        {
            int from = index * Joined, count = Math.Min(Joined, Blocks.Channels - from);
            double* means = stackalloc double[Joined];
            double* squares = stackalloc double[Joined];
            Means(from, count, means);
            Squares(from, count, means, squares);
            float* statistics = (float*)Statistics, runningMean = (float*)RunningMean, runningVariance = (float*)RunningVariance;
            double momentum = Spec.Momentum;
            for (int i = 0; i < count; i++)
            {
                int c = from + i;
                double mean = means[i], square = Math.Max(0, squares[i]);
                statistics[c] = (float)mean;
                statistics[Blocks.Channels + c] = (float)(mean - (float)mean);
                statistics[2 * Blocks.Channels + c] = (float)(1 / Math.Sqrt(square / Blocks.Rows + Spec.Epsilon));
                runningMean[c] = (float)((1 - momentum) * runningMean[c] + momentum * mean);
                runningVariance[c] = (float)((1 - momentum) * runningVariance[c] + momentum * square / (Blocks.Rows - 1));
            }
        }

        float* Slot(int block, int from) => (float*)Slots + (nint)Moments * block * Blocks.Channels + from;

        void Means(int from, int count, double* means)
        {
            new Span<double>(means, count).Clear();
            for (int block = 0; block < Blocks.Count; block++)
            {
                float* mean = Slot(block, from), sums = mean + Blocks.Channels;
                double rows = Blocks.Length(block);
                for (int i = 0; i < count; i++) means[i] += rows * mean[i] + sums[i];
            }
            for (int i = 0; i < count; i++) means[i] /= Blocks.Rows;
        }

        /// <summary>Σ(x − m)² = Σ(x − b)² + 2·(b − m)·Σ(x − b) + rows·(b − m)² for a block of mean b.</summary>
        void Squares(int from, int count, double* means, double* squares)
        {
            new Span<double>(squares, count).Clear();
            for (int block = 0; block < Blocks.Count; block++)
            {
                float* mean = Slot(block, from), sums = mean + Blocks.Channels, ofBlock = sums + Blocks.Channels;
                double rows = Blocks.Length(block);
                for (int i = 0; i < count; i++)
                {
                    double off = mean[i] - means[i];
                    squares[i] += ofBlock[i] + off * (2 * sums[i] + rows * off);
                }
            }
        }
    }
}
