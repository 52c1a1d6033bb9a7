using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>Matrix products over all threads: y = x·W and its two gradients. Work is split by blocks of the result.</summary>
static unsafe class LinearKernels<V> where V : unmanaged, ISimd<V>
{
    const int BlockRows = 96;           // a multiple of the micro-kernels' 6 and 12 rows
    const int BlockColumns = 256;       // used when rows alone give too few blocks to share out
    const int FewBlocks = 8;
    const int FewRows = 48;             // with these, packed weights would hardly be used before they are forgotten
    const int NarrowestColumns = 64;    // a panel of the widest vectors

    /// <summary>y (+)= x·B + bias + residual, where B is k×n with any strides, x and y have contiguous rows.</summary>
    public static void Multiply(
        CpuDevice device, int m, int n, int k, float* x, Matrix b, float* bias, float* residual, float* y, bool accumulate)
    {
        if (m <= FewRows && b.ColumnStride == 1)
        {
            MultiplyInPlace(device, new MultiplyJob(m, n, k, (nint)x, (nint)b.First, InPlace: true, (nint)bias, (nint)residual, (nint)y, accumulate, n, 1));
            return;
        }
        SharedMemory packed = device.RentShared((long)k * Gemm.PackedColumns<V>(n));
        fixed (float* p = &packed.First(0))
        {
            Pack(device, b, k, n, p);
            int blocks = (m + BlockRows - 1) / BlockRows;
            int columns = blocks >= FewBlocks ? n : BlockColumns;
            int columnBlocks = (n + columns - 1) / columns;
            device.Workers.For(
                blocks * columnBlocks, new MultiplyJob(m, n, k, (nint)x, (nint)p, InPlace: false, (nint)bias, (nint)residual, (nint)y, accumulate, columns, columnBlocks));
        }
        packed.Release();
    }

    static void MultiplyInPlace(CpuDevice device, MultiplyJob job)
    {
        const int Worthwhile = 1 << 16;     // multiply-adds that take as long as waking a thread
        int columns = job.N, shares = 2 * device.Threads;
        if ((long)job.M * job.N * job.K >= Worthwhile)
            columns = Math.Max(1, (job.N + shares * NarrowestColumns - 1) / (shares * NarrowestColumns)) * NarrowestColumns;
        int blocks = (job.N + columns - 1) / columns;
        device.Workers.For(blocks, job with { Columns = columns, ColumnBlocks = blocks });
    }

    public static void Pack(CpuDevice device, Matrix b, int k, int n, float* packed)
    {
        int width = 4 * V.Lanes;
        device.Workers.For((n + width - 1) / width, new PackJob(b, k, n, width, (nint)packed));
    }

    readonly record struct PackJob(Matrix B, int K, int N, int Width, nint Packed) : IJob
    {
        public void Run(int index, int worker) =>
            Gemm.Pack<V>(B, K, N, index * Width, Math.Min(N, (index + 1) * Width), (float*)Packed);
    }

    readonly record struct MultiplyJob(
        int M, int N, int K, nint X, nint B, bool InPlace, nint Bias, nint Residual, nint Y, bool Accumulate, int Columns, int ColumnBlocks) : IJob
    {
        public void Run(int index, int worker)
        {
            int row = index / ColumnBlocks * BlockRows, rows = Math.Min(BlockRows, M - row);
            int from = index % ColumnBlocks * Columns, to = Math.Min(N, from + Columns);
            float* y = (float*)Y + (nint)row * N, residual = (float*)Residual, bias = (float*)Bias;
            bool start = bias != null || residual != null;
            for (int i = 0; start && i < rows; i++)
            {
                float* source = residual == null ? null : residual + (nint)(row + i) * N + from;
                Rows.Start<V>(y + (nint)i * N + from, bias == null ? null : bias + from, null, source, to - from);
            }
            var x = new Matrix((float*)X + (nint)row * K, K, 1);
            if (InPlace) Gemm.MultiplyInPlace<V>(rows, to - from, K, x, (float*)B + from, N, y + from, N, Accumulate || start);
            else Gemm.MultiplyColumns<V>(rows, N, from, to, K, x, (float*)B, y, N, Accumulate || start);
        }
    }

    /// <summary>dW += xᵀ·dy for x R×K, dy R×N. Long sums are cut into a number of slots that depends on R alone.</summary>
    public static void GradWeight(CpuDevice device, int r, int k, int n, float* x, float* dy, float* dw)
    {
        int slots = Math.Clamp(r / 2048, 1, 8), chunk = (r + slots - 1) / slots;
        int blocks = (k + OutputRows - 1) / OutputRows;
        SharedMemory partial = device.RentShared((long)slots * k * n);
        fixed (float* p = &partial.First(0))
        {
            device.Workers.For(slots * blocks, new GradWeightJob(r, k, n, chunk, blocks, (nint)x, (nint)dy, (nint)p));
            Rows.SumSlots<V>(device, p, slots, k * n, dw);
        }
        partial.Release();
    }

    const int OutputRows = 48;

    readonly record struct GradWeightJob(int R, int K, int N, int Chunk, int Blocks, nint X, nint Dy, nint Partial) : IJob
    {
        public void Run(int index, int worker)
        {
            int slot = index / Blocks, from = index % Blocks * OutputRows, rows = Math.Min(OutputRows, K - from);
            int first = slot * Chunk, count = Math.Min(Chunk, R - first);
            var x = new Matrix((float*)X + (nint)first * K + from, 1, K);
            float* target = (float*)Partial + ((nint)slot * K + from) * N;
            Gemm.MultiplyInPlace<V>(rows, N, count, x, (float*)Dy + (nint)first * N, N, target, N, accumulate: false);
        }
    }
}
