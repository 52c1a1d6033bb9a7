using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>Kernels that copy or repeat whole pixels.</summary>
static unsafe class Pixels<V> where V : unmanaged, ISimd<V>
{
    const int CopyRows = 256;

    /// <summary>y[row, to..] (+)= x[row, from..], count channels</summary>
    public static void CopyChannels(
        CpuDevice device, int rows, float* x, int xChannels, int from, float* y, int yChannels, int to, int count, bool accumulate) =>
        device.Workers.For(
            (rows + CopyRows - 1) / CopyRows, new CopyJob(rows, (nint)(x + from), xChannels, (nint)(y + to), yChannels, count, accumulate));

    readonly record struct CopyJob(int Rows, nint X, int XChannels, nint Y, int YChannels, int Count, bool Accumulate) : IJob
    {
        public void Run(int index, int worker)
        {
            int last = Math.Min(Rows, (index + 1) * CopyRows);
            for (int row = index * CopyRows; row < last; row++)
                Add((float*)X + (nint)row * XChannels, (float*)Y + (nint)row * YChannels, 1, Count, Accumulate);
        }
    }

    /// <summary>y (+)= a·x</summary>
    static void Add(float* x, float* y, float a, int count, bool accumulate) =>
        Elementwise.Map<V, Elementwise.Affine>(x, null, a, 0, y, count, accumulate);

    /// <summary>y[n, i, j] = x[n, i / factor, j / factor]</summary>
    public static void Upsample(CpuDevice device, Shape x, int factor, float* source, float* target) =>
        device.Workers.For(x[0] * x[1] * factor, new UpsampleJob(x[2], x[3], factor, (nint)source, (nint)target));

    readonly record struct UpsampleJob(int Width, int Channels, int Factor, nint X, nint Y) : IJob
    {
        public void Run(int row, int worker)
        {
            float* x = (float*)X + (nint)(row / Factor) * Width * Channels, y = (float*)Y + (nint)row * Width * Factor * Channels;
            for (int j = 0; j < Width * Factor; j++) Add(x + (nint)(j / Factor) * Channels, y + (nint)j * Channels, 1, Channels, false);
        }
    }
}
