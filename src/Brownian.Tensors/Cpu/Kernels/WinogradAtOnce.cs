using System.Runtime.CompilerServices;
using Brownian.Tensors.Cpu.Simd;
using T = Brownian.Tensors.Cpu.Kernels.WinogradTransforms;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>
/// The products of Winograd's convolution for a single tile, as of one 4×4 image: weights are transformed in registers and multiplied at once, because
/// storing their 36 points, four times what was read, would take longer than all the rest. The bits are those of <see cref="Gemm"/>: each
/// element is one chain of multiply-adds over the input channels.
/// </summary>
static unsafe class WinogradAtOnce<V> where V : unmanaged, ISimd<V>
{
    const int BlockRows = 16;           // 9 taps of 64 columns are 37 KB, read three times

    /// <summary>m[point][column] = Σ over rows of v[point][row] · (G·g·Gᵀ)[point][row][column] for columns [from, from + columns).</summary>
    /// <param name="weights">Not flipped.</param>
    /// <param name="v">The transformed tile: In numbers for each point, <paramref name="vStride"/> apart.</param>
    /// <param name="vStride">See there.</param>
    /// <param name="from">A multiple of the lanes.</param>
    /// <param name="columns">As many.</param>
    /// <param name="m">The sums of each point, <paramref name="mStride"/> apart.</param>
    /// <param name="mStride">See there.</param>
    public static void Multiply(WinogradWeights<V> weights, float* v, nint vStride, int from, int columns, float* m, nint mStride)
    {
        for (int row = 0; row < weights.In; row += BlockRows)
        {
            int rows = Math.Min(BlockRows, weights.In - row);
            for (int column = 0; column < columns; column += V.Lanes)
            {
                float* taps = (float*)weights.W + (nint)row * weights.Out + from + column;
                Fetch(taps + (nint)rows * weights.Out, weights, rows);
                Add<T.Ends>(taps, weights, v + row, vStride, rows, m + column, mStride, row == 0);
                Add<T.Ones>(taps, weights, v + row, vStride, rows, m + column, mStride, row == 0);
                Add<T.Twos>(taps, weights, v + row, vStride, rows, m + column, mStride, row == 0);
            }
        }
    }

    /// <summary>Fetches the same columns of the next rows.</summary>
    static void Fetch(float* taps, WinogradWeights<V> weights, int rows)
    {
        for (int row = 0; row < rows; row++, taps += weights.Out)
        {
            for (int tap = 0; tap < 9; tap++) Prefetch.SecondLevel(taps + (nint)tap * weights.In * weights.Out);
        }
    }

    /// <summary>Adds to twelve of the 36 points: two rows of them, whose transforms have parts in common.</summary>
    static void Add<TPair>(float* taps, WinogradWeights<V> weights, float* v, nint vStride, int rows, float* m, nint mStride, bool first)
        where TPair : struct, T.IPair
    {
        nint down = weights.Out, tap = (nint)weights.In * weights.Out, line = 3 * tap;
        float* v0 = v + TPair.First * T.Inputs * vStride, v1 = v + TPair.Second * T.Inputs * vStride;
        float* m0 = m + TPair.First * T.Inputs * mStride, m1 = m + TPair.Second * T.Inputs * mStride;
        Sums upper = first ? default : Sums.Load(m0, mStride), lower = first ? default : Sums.Load(m1, mStride);
        for (int row = 0; row < rows; row++, taps += down, v0++, v1++)
        {
            TPair.Apply(V.Load(taps), V.Load(taps + line), V.Load(taps + 2 * line), out V u0, out V w0);
            TPair.Apply(V.Load(taps + tap), V.Load(taps + tap + line), V.Load(taps + tap + 2 * line), out V u1, out V w1);
            TPair.Apply(V.Load(taps + 2 * tap), V.Load(taps + 2 * tap + line), V.Load(taps + 2 * tap + 2 * line), out V u2, out V w2);
            upper.Add(u0, u1, u2, v0, vStride);
            lower.Add(w0, w1, w2, v1, vStride);
        }
        upper.Store(m0, mStride);
        lower.Store(m1, mStride);
    }

    /// <summary>The sums of one row of six points, in registers.</summary>
    struct Sums
    {
        V _0, _1, _2, _3, _4, _5;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Sums Load(float* m, nint stride)
        {
            Sums sums;
            sums._0 = V.Load(m);
            sums._1 = V.Load(m + stride);
            sums._2 = V.Load(m + 2 * stride);
            sums._3 = V.Load(m + 3 * stride);
            sums._4 = V.Load(m + 4 * stride);
            sums._5 = V.Load(m + 5 * stride);
            return sums;
        }

        /// <summary>Adds G applied to g, times the tile's numbers.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(V g0, V g1, V g2, float* v, nint stride)
        {
            T.Ends.Apply(g0, g1, g2, out V u0, out V u5);
            T.Ones.Apply(g0, g1, g2, out V u1, out V u2);
            T.Twos.Apply(g0, g1, g2, out V u3, out V u4);
            _0 = V.Fma(V.Splat(v[0]), u0, _0);
            _1 = V.Fma(V.Splat(v[stride]), u1, _1);
            _2 = V.Fma(V.Splat(v[2 * stride]), u2, _2);
            _3 = V.Fma(V.Splat(v[3 * stride]), u3, _3);
            _4 = V.Fma(V.Splat(v[4 * stride]), u4, _4);
            _5 = V.Fma(V.Splat(v[5 * stride]), u5, _5);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Store(float* m, nint stride)
        {
            V.Store(m, _0);
            V.Store(m + stride, _1);
            V.Store(m + 2 * stride, _2);
            V.Store(m + 3 * stride, _3);
            V.Store(m + 4 * stride, _4);
            V.Store(m + 5 * stride, _5);
        }
    }
}
