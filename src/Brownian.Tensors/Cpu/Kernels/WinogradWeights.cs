using Brownian.Tensors.Cpu.Simd;
using T = Brownian.Tensors.Cpu.Kernels.WinogradTransforms;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>The weights of a 3×3 convolution at the 36 points of Winograd's transform, packed for the micro-kernels.</summary>
static unsafe class WinogradWeights<V> where V : unmanaged, ISimd<V>
{
    const int BlockRows = 8;

    /// <summary>
    /// u[point] = (G·g·Gᵀ)[point], each an In×Out matrix in panels. W is 3×3×In×Out; flipped, it is 3×3×Out×In turned by 180°.
    /// </summary>
    public static void Transform(CpuDevice device, int channelsIn, int channelsOut, float* w, bool flipped, float* u) =>
        device.Workers.For((channelsIn + BlockRows - 1) / BlockRows, new TransformJob(channelsIn, channelsOut, (nint)w, flipped, (nint)u));

    readonly record struct TransformJob(int In, int Out, nint W, bool Flipped, nint U) : IJob
    {
        public void Run(int index, int worker)
        {
            int last = Math.Min(In, (index + 1) * BlockRows);
            V* taps = stackalloc V[9];
            V* half = stackalloc V[18];
            V* points = stackalloc V[T.Points];
            float* turned = stackalloc float[9 * V.Lanes];
            for (int row = index * BlockRows; row < last; row++)
            {
                for (int column = 0; column < Out; column += V.Lanes)
                {
                    if (Flipped) LoadTurned(row, column, turned, taps);
                    else for (int tap = 0; tap < 9; tap++) taps[tap] = V.Load((float*)W + ((nint)tap * In + row) * Out + column);
                    for (int j = 0; j < 3; j++) T.Kernel(taps[j], taps[3 + j], taps[6 + j], half + j, 3);
                    for (int i = 0; i < T.Inputs; i++) T.Kernel(half[3 * i], half[3 * i + 1], half[3 * i + 2], points + i * T.Inputs, 1);
                    float* target = (float*)U + Gemm.PackedOffset<V>(In, Out, row, column);
                    for (int point = 0; point < T.Points; point++) V.Store(target + (nint)point * In * Out, points[point]);
                }
            }
        }

        // In the turned kernel the input channels are the outputs of the original, so lanes are In floats apart.
        void LoadTurned(int row, int column, float* turned, V* taps)
        {
            for (int tap = 0; tap < 9; tap++)
            {
                float* source = (float*)W + ((nint)(8 - tap) * Out + column) * In + row;
                for (int lane = 0; lane < V.Lanes; lane++) turned[tap * V.Lanes + lane] = source[(nint)lane * In];
                taps[tap] = V.Load(turned + tap * V.Lanes);
            }
        }
    }
}
