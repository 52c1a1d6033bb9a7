using System.Runtime.CompilerServices;
using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>
/// The innermost loop of every matrix product: C[rows, columns] (+)= A[rows, k]·B[k, columns] with the whole block of C in
/// registers. A is read by broadcasting single elements at any row and column stride, so a transposed A needs no copy; B is read
/// as consecutive vectors, a row of them every <c>ldb</c> floats.
/// </summary>
/// <remarks>
/// With 32 registers, 6 rows of 4 vectors keep 24 accumulators, 4 of B and 1 broadcast: 24 FMAs need 4 + 6 loads, so the loads hide.
/// With 16 registers, 6 rows of 2 vectors. Narrow products take more rows, because at least 8 independent chains hide the FMA latency.
/// Each element of C is one chain of FMAs in the order of k: its bits depend neither on the width nor on the tile it falls in.
/// </remarks>
static unsafe class MicroKernel
{
    /// <summary>Four accumulators: one row of C, four vectors wide.</summary>
    struct Row4<V> where V : unmanaged, ISimd<V>
    {
        V _0, _1, _2, _3;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Load(float* c)
        {
            _0 = V.Load(c);
            _1 = V.Load(c + V.Lanes);
            _2 = V.Load(c + 2 * V.Lanes);
            _3 = V.Load(c + 3 * V.Lanes);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Store(float* c)
        {
            V.Store(c, _0);
            V.Store(c + V.Lanes, _1);
            V.Store(c + 2 * V.Lanes, _2);
            V.Store(c + 3 * V.Lanes, _3);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Fma(float* a, V b0, V b1, V b2, V b3)
        {
            V s = V.Splat(*a);
            _0 = V.Fma(s, b0, _0);
            _1 = V.Fma(s, b1, _1);
            _2 = V.Fma(s, b2, _2);
            _3 = V.Fma(s, b3, _3);
        }
    }

    public static void Rows6Vectors4<V>(
        int k, float* a, nint rowStride, nint columnStride, float* b, nint ldb, float* c, nint ldc, bool accumulate)
        where V : unmanaged, ISimd<V>
    {
        Row4<V> r0 = default, r1 = default, r2 = default, r3 = default, r4 = default, r5 = default;
        if (accumulate)
        {
            r0.Load(c);
            r1.Load(c + ldc);
            r2.Load(c + 2 * ldc);
            r3.Load(c + 3 * ldc);
            r4.Load(c + 4 * ldc);
            r5.Load(c + 5 * ldc);
        }
        float* a3 = a + 3 * rowStride;
        for (; k > 0; k--)
        {
            V b0 = V.Load(b), b1 = V.Load(b + V.Lanes), b2 = V.Load(b + 2 * V.Lanes), b3 = V.Load(b + 3 * V.Lanes);
            r0.Fma(a, b0, b1, b2, b3);
            r1.Fma(a + rowStride, b0, b1, b2, b3);
            r2.Fma(a + 2 * rowStride, b0, b1, b2, b3);
            r3.Fma(a3, b0, b1, b2, b3);
            r4.Fma(a3 + rowStride, b0, b1, b2, b3);
            r5.Fma(a3 + 2 * rowStride, b0, b1, b2, b3);
            a += columnStride;
            a3 += columnStride;
            b += ldb;
        }
        r0.Store(c);
        r1.Store(c + ldc);
        r2.Store(c + 2 * ldc);
        r3.Store(c + 3 * ldc);
        r4.Store(c + 4 * ldc);
        r5.Store(c + 5 * ldc);
    }
}
