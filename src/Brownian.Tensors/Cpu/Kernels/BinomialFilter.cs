using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>
/// Resampling by 2 with the separable filter (1, 3, 3, 1)/8, zeros outside: coarse pixel i sees the fine pixels 2i − 1 to 2i + 2. Each
/// job makes one row of the result.
/// </summary>
static unsafe class BinomialFilter<V> where V : unmanaged, ISimd<V>
{
    /// <param name="device">Whose threads compute.</param>
    /// <param name="coarse">The shape of the result.</param>
    /// <param name="x">N×2H×2W×C.</param>
    /// <param name="scale">Multiplies the result.</param>
    /// <param name="y">N×H×W×C.</param>
    /// <param name="accumulate">Add to y.</param>
    public static void Halve(CpuDevice device, Shape coarse, float* x, float scale, float* y, bool accumulate) =>
        device.Workers.For(coarse[0] * coarse[1], new HalveJob(coarse[1], coarse[2], coarse[3], (nint)x, scale, (nint)y, accumulate));

    readonly record struct HalveJob(int Height, int Width, int Channels, nint X, float Scale, nint Y, bool Accumulate) : IJob
    {
        public void Run(int row, int worker)
        {
            int top = 2 * (row % Height) - 1, fine = 2 * Width;
            float* y = (float*)Y + (nint)row * Width * Channels, image = (float*)X + (nint)(row / Height) * 2 * Height * fine * Channels;
            if (!Accumulate) new Span<float>(y, Width * Channels).Clear();
            for (int a = 0; a < 4; a++)
            {
                if (top + a < 0 || top + a >= 2 * Height) continue;
                float* x = image + (nint)(top + a) * fine * Channels;
                for (int j = 0; j < Width; j++)
                {
                    for (int b = Math.Max(0, 1 - 2 * j); b < 4 && 2 * j - 1 + b < fine; b++)
                        Add(x + (nint)(2 * j - 1 + b) * Channels, Scale * Tap(a) * Tap(b), y + (nint)j * Channels, Channels);
                }
            }
        }
    }

    /// <summary>The transpose: fine pixel r gets from the coarse pixels (r − 1)/2, rounded down, and the next.</summary>
    public static void Double(CpuDevice device, Shape coarse, float* x, float scale, float* y, bool accumulate) =>
        device.Workers.For(coarse[0] * coarse[1] * 2, new DoubleJob(coarse[1], coarse[2], coarse[3], (nint)x, scale, (nint)y, accumulate));

    readonly record struct DoubleJob(int Height, int Width, int Channels, nint X, float Scale, nint Y, bool Accumulate) : IJob
    {
        public void Run(int row, int worker)
        {
            int i = row % (2 * Height), fine = 2 * Width;
            float* y = (float*)Y + (nint)row * fine * Channels, image = (float*)X + (nint)(row / (2 * Height)) * Height * Width * Channels;
            if (!Accumulate) new Span<float>(y, fine * Channels).Clear();
            for (int above = (i + 1) / 2 - 1, p = Math.Max(0, above); p <= above + 1 && p < Height; p++)
            {
                float* x = image + (nint)p * Width * Channels;
                for (int j = 0; j < fine; j++)
                {
                    for (int left = (j + 1) / 2 - 1, q = Math.Max(0, left); q <= left + 1 && q < Width; q++)
                        Add(x + (nint)q * Channels, Scale * Tap(i + 1 - 2 * p) * Tap(j + 1 - 2 * q), y + (nint)j * Channels, Channels);
                }
            }
        }
    }

    static float Tap(int index) => index is 0 or 3 ? 0.125f : 0.375f;

    /// <summary>y += a·x</summary>
    static void Add(float* x, float a, float* y, int count) => Elementwise.Map<V, Elementwise.Affine>(x, null, a, 0, y, count, accumulate: true);
}
