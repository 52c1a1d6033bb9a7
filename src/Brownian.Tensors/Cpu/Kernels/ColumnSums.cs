using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>Sums down the columns of a matrix with contiguous rows, in float over short runs and in double over those.</summary>
static unsafe class ColumnSums
{
    const int Run = 256;

    /// <summary>sums[c] = Σ over rows of x[row, c]</summary>
    public static void Of<V>(float* x, int rows, int columns, double* sums) where V : unmanaged, ISimd<V>
    {
        new Span<double>(sums, columns).Clear();
        float* partial = stackalloc float[V.Lanes];
        for (int from = 0; from < rows; from += Run)
        {
            int count = Math.Min(Run, rows - from);
            float* block = x + (nint)from * columns;
            int c = 0;
            for (; c + V.Lanes <= columns; c += V.Lanes)
            {
                V.Store(partial, Column<V>(block + c, count, columns));
                for (int lane = 0; lane < V.Lanes; lane++) sums[c + lane] += partial[lane];
            }
            for (; c < columns; c++)
            {
                V1.Store(partial, Column<V1>(block + c, count, columns));
                sums[c] += *partial;
            }
        }
    }

    // Four chains hide the latency of the addition; all widths add in this order.
    static V Column<V>(float* x, int rows, nint stride) where V : unmanaged, ISimd<V>
    {
        V s0 = V.Zero, s1 = V.Zero, s2 = V.Zero, s3 = V.Zero;
        int row = 0;
        for (; row + 4 <= rows; row += 4, x += 4 * stride)
        {
            s0 += V.Load(x);
            s1 += V.Load(x + stride);
            s2 += V.Load(x + 2 * stride);
            s3 += V.Load(x + 3 * stride);
        }
        for (; row < rows; row++, x += stride) s0 += V.Load(x);
        return s0 + s1 + (s2 + s3);
    }

    /// <summary>dv (+)= the sums of dy over each run of <paramref name="rowsPerRun"/> rows; dv has one row for each run.</summary>
    public static void PerRun<V>(CpuDevice device, float* dy, int runs, int rowsPerRun, int columns, float* dv, bool accumulate)
        where V : unmanaged, ISimd<V>
    {
        WorkerMemory scratch = device.Scratch(2 * columns);
        device.Workers.For(runs, new PerRunJob<V>((nint)dy, rowsPerRun, runs * rowsPerRun, columns, scratch, (nint)dv, accumulate));
    }

    /// <summary>dv (+)= the sums of dy over all rows.</summary>
    public static void Total<V>(CpuDevice device, float* dy, int rows, int columns, float* dv, bool accumulate) where V : unmanaged, ISimd<V>
    {
        int runs = Math.Clamp(rows / Run, 1, 64), rowsPerRun = (rows + runs - 1) / runs;
        runs = (rows + rowsPerRun - 1) / rowsPerRun;
        SharedMemory slots = device.RentShared((long)runs * columns);
        fixed (float* s = &slots.First(0))
        {
            WorkerMemory scratch = device.Scratch(2 * columns);
            device.Workers.For(runs, new PerRunJob<V>((nint)dy, rowsPerRun, rows, columns, scratch, (nint)s, false));
            if (!accumulate) new Span<float>(dv, columns).Clear();
            Rows.SumSlots<V>(device, s, runs, columns, dv);
        }
        slots.Release();
    }

    readonly record struct PerRunJob<V>(nint Dy, int RowsPerRun, int Rows, int Columns, WorkerMemory Scratch, nint Dv, bool Accumulate) : IJob
        where V : unmanaged, ISimd<V>
    {
        public void Run(int index, int worker)
        {
            double* sums = (double*)Scratch.Of(worker);
            int from = index * RowsPerRun, count = Math.Min(RowsPerRun, Rows - from);
            Of<V>((float*)Dy + (nint)from * Columns, count, Columns, sums);
            float* target = (float*)Dv + (nint)index * Columns;
            for (int c = 0; c < Columns; c++) target[c] = Accumulate ? target[c] + (float)sums[c] : (float)sums[c];
        }
    }
}
