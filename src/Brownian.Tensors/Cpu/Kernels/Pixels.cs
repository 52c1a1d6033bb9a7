using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>Kernels that copy, repeat or average whole pixels: each job handles one row of the result.</summary>
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

    /// <summary>y[n, i, j] (+)= scale · Σ over the factor×factor block of x at (i, j); rows of x beyond whole blocks are ignored.</summary>
    public static void SumBlocks(CpuDevice device, Shape x, int factor, float scale, float* source, float* target, bool accumulate) =>
        device.Workers.For(x[0] * (x[1] / factor), new SumBlocksJob(x[1], x[2], x[3], factor, scale, (nint)source, (nint)target, accumulate));

    readonly record struct SumBlocksJob(int Height, int Width, int Channels, int Factor, float Scale, nint X, nint Y, bool Accumulate) : IJob
    {
        public void Run(int row, int worker)
        {
            int down = Height / Factor, across = Width / Factor;
            float* x = (float*)X + ((nint)(row / down) * Height + row % down * Factor) * Width * Channels;
            float* y = (float*)Y + (nint)row * across * Channels;
            for (int j = 0; j < across; j++, y += Channels)
            {
                for (int block = 0; block < Factor * Factor; block++)
                {
                    float* pixel = x + ((nint)(block / Factor) * Width + j * Factor + block % Factor) * Channels;
                    Add(pixel, y, Scale, Channels, Accumulate || block > 0);
                }
            }
        }
    }

    /// <summary>dx (+)= the gradient of the mean over blocks: each pixel of a block takes 1/factor² of dy, the others zero.</summary>
    public static void AverageGrad(CpuDevice device, Shape x, int factor, float* dy, float* dx, bool accumulate) =>
        device.Workers.For(x[0] * x[1], new AverageGradJob(x[1], x[2], x[3], factor, (nint)dy, (nint)dx, accumulate));

    readonly record struct AverageGradJob(int Height, int Width, int Channels, int Factor, nint Dy, nint Dx, bool Accumulate) : IJob
    {
        public void Run(int row, int worker)
        {
            int sample = row / Height, i = row % Height / Factor, down = Height / Factor, across = Width / Factor;
            float* dx = (float*)Dx + (nint)row * Width * Channels;
            for (int j = 0; j < Width; j++, dx += Channels)
            {
                if (i < down && j / Factor < across)
                {
                    float* dy = (float*)Dy + (((nint)sample * down + i) * across + j / Factor) * Channels;
                    Add(dy, dx, 1f / (Factor * Factor), Channels, Accumulate);
                }
                else if (!Accumulate)
                {
                    new Span<float>(dx, Channels).Clear();
                }
            }
        }
    }
}
