using System.Runtime.CompilerServices;
using Brownian.Tensors.Cpu.Simd;
using T = Brownian.Tensors.Cpu.Kernels.WinogradTransforms;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>
/// The weights of a 3×3 convolution, 3×3×In×Out; flipped, they are 3×3×Out×In and meant turned by 180°, as the gradient of the
/// input needs them.
/// </summary>
readonly record struct WinogradWeights<V>(int In, int Out, nint W, bool Flipped) where V : unmanaged, ISimd<V>
{
    const int BlockRows = 16;           // a cache line of floats, of which flipped weights are turned as many at a time
    const int RowsAhead = 4;

    /// <summary>u[point] = (G·g·Gᵀ)[point], each an In×Out matrix in panels for the micro-kernels, PointStride apart.</summary>
    public unsafe void Transform(CpuDevice device, float* u) =>
        device.Workers.For((In + BlockRows - 1) / BlockRows, new TransformJob(this, (nint)u));

    readonly unsafe record struct TransformJob(WinogradWeights<V> Weights, nint U) : IJob
    {
        public void Run(int index, int worker) =>
            Weights.Transform(index * BlockRows, Math.Min(Weights.In, (index + 1) * BlockRows), 0, Weights.In, 0, Weights.Out, (float*)U);
    }

    /// <summary>The same for a block of rows and columns only.</summary>
    public unsafe void TransformBlock(int firstRow, int endRow, int from, int to, float* u)
    {
        for (int row = firstRow; row < endRow; row += BlockRows)
            Transform(row, Math.Min(endRow, row + BlockRows), firstRow, endRow - firstRow, from, to, u);
    }

    // The rows are some of those of a block that starts with origin.
    unsafe void Transform(int firstRow, int endRow, int origin, int blockRows, int from, int to, float* u)
    {
        V* half = stackalloc V[18];
        float* turned = stackalloc float[9 * BlockRows * V.Lanes];
        nint step = T.PointStride(blockRows, to - from) / V.Lanes;
        if (!Flipped)
        {
            // Row by row: the nine taps are then nine streams, which memory delivers several times as fast as single cache lines.
            for (int row = firstRow; row < endRow; row++)
            {
                for (int column = from; column < to; column += V.Lanes)
                    Points(Tap(row, column), (nint)In * Out, half, (V*)(u + Gemm.PackedOffset<V>(blockRows, to - from, row - origin, column - from)), step);
            }
            return;
        }
        for (int column = from; column < to; column += V.Lanes)
        {
            Turn(firstRow, endRow, column, turned);
            for (int row = firstRow; row < endRow; row++)
            {
                float* target = u + Gemm.PackedOffset<V>(blockRows, to - from, row - origin, column - from);
                Points(turned + (row - firstRow) * V.Lanes, BlockRows * V.Lanes, half, (V*)target, step);
            }
        }
    }

    /// <summary>The first tap of some weights that are not flipped; those a few rows on are fetched.</summary>
    unsafe float* Tap(int row, int column)
    {
        float* taps = (float*)W + (nint)row * Out + column;
        for (int tap = 0; tap < 9; tap++) Prefetch.SecondLevel(taps + ((nint)tap * In + RowsAhead) * Out);
        return taps;
    }

    /// <summary>G·g·Gᵀ of nine taps, stride apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static unsafe void Points(float* taps, nint stride, V* half, V* target, nint step)
    {
        for (int j = 0; j < 3; j++)
            T.Kernel(V.Load(taps + j * stride), V.Load(taps + (3 + j) * stride), V.Load(taps + (6 + j) * stride), half + j, 3);
        for (int i = 0; i < T.Inputs; i++, target += T.Inputs * step) T.Kernel(half[3 * i], half[3 * i + 1], half[3 * i + 2], target, step);
    }

    /// <summary>turned[tap][row][lane] = W[8 − tap][column + lane][row]</summary>
    unsafe void Turn(int firstRow, int endRow, int column, float* turned)
    {
        for (int tap = 0; tap < 9; tap++, turned += BlockRows * V.Lanes)
        {
            float* source = (float*)W + ((nint)(8 - tap) * Out + column) * In + firstRow;
            Transposition.Scaled(source, In, V.Lanes, endRow - firstRow, 1, turned, V.Lanes);
        }
    }
}
