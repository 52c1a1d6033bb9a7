using System.Runtime.CompilerServices;
using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>Where the innermost loop finds its operands; strides count floats.</summary>
/// <param name="K">How many products each element of C sums.</param>
/// <param name="A">The first row of A; element (i, k) is at A + i·RowStride + k·ColumnStride, so that a transposed A needs no copy.</param>
/// <param name="RowStride">The distance between rows of A.</param>
/// <param name="ColumnStride">The distance between columns of A.</param>
/// <param name="B">The first of the vectors that meet A's first column; the next ones are <paramref name="Ldb"/> apart.</param>
/// <param name="Ldb">The distance between rows of B.</param>
/// <param name="C">The first element of the block of C.</param>
/// <param name="Ldc">The distance between rows of C.</param>
/// <param name="Accumulate">Whether to add to C.</param>
readonly record struct Tile(int K, nint A, nint RowStride, nint ColumnStride, nint B, nint Ldb, nint C, nint Ldc, bool Accumulate);

/// <summary>
/// The innermost loop of every matrix product: a few rows of C (+)= A·B, kept in registers while k runs. A is read by broadcasting
/// single elements, B as consecutive vectors.
/// </summary>
/// <remarks>
/// With 32 registers, 6 rows of 4 vectors keep 24 accumulators, 4 vectors of B and 1 broadcast: 24 FMAs need 4 + 6 loads, so the
/// loads hide. With 16 registers, 6 rows of 2 vectors. A single vector takes 12 rows, because 8 independent chains hide the FMA's
/// latency. Each element of C is one chain of FMAs in the order of k: its bits depend neither on the width nor on the tile.
/// </remarks>
static unsafe class MicroKernel
{
    /// <summary>One row of C or B, so many vectors wide, in registers.</summary>
    interface IRow<TSelf, V> where TSelf : unmanaged, IRow<TSelf, V> where V : unmanaged, ISimd<V>
    {
        static abstract TSelf Load(float* source);
        void Store(float* target);

        /// <summary>Adds *a times a row of B.</summary>
        void Fma(float* a, in TSelf b);
    }

    struct Row4<V> : IRow<Row4<V>, V> where V : unmanaged, ISimd<V>
    {
        V _0, _1, _2, _3;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Row4<V> Load(float* c)
        {
            Row4<V> row;
            row._0 = V.Load(c);
            row._1 = V.Load(c + V.Lanes);
            row._2 = V.Load(c + 2 * V.Lanes);
            row._3 = V.Load(c + 3 * V.Lanes);
            return row;
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
        public void Fma(float* a, in Row4<V> b)
        {
            V s = V.Splat(*a);
            _0 = V.Fma(s, b._0, _0);
            _1 = V.Fma(s, b._1, _1);
            _2 = V.Fma(s, b._2, _2);
            _3 = V.Fma(s, b._3, _3);
        }
    }

    struct Row2<V> : IRow<Row2<V>, V> where V : unmanaged, ISimd<V>
    {
        V _0, _1;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Row2<V> Load(float* c)
        {
            Row2<V> row;
            row._0 = V.Load(c);
            row._1 = V.Load(c + V.Lanes);
            return row;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Store(float* c)
        {
            V.Store(c, _0);
            V.Store(c + V.Lanes, _1);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Fma(float* a, in Row2<V> b)
        {
            V s = V.Splat(*a);
            _0 = V.Fma(s, b._0, _0);
            _1 = V.Fma(s, b._1, _1);
        }
    }

    struct Row1<V> : IRow<Row1<V>, V> where V : unmanaged, ISimd<V>
    {
        V _0;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Row1<V> Load(float* c)
        {
            Row1<V> row;
            row._0 = V.Load(c);
            return row;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Store(float* c) => V.Store(c, _0);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Fma(float* a, in Row1<V> b) => _0 = V.Fma(V.Splat(*a), b._0, _0);
    }

    /// <summary>How many rows <see cref="Run"/> likes best for a block so many vectors wide.</summary>
    public static int Rows(int vectors) => vectors == 1 ? 12 : 6;

    /// <summary>Computes a block of 12, 6, 4 or 1 rows by 4, 2 or 1 vectors.</summary>
    public static void Run<V>(int rows, int vectors, in Tile tile) where V : unmanaged, ISimd<V>
    {
        switch (rows, vectors)
        {
            case (6, 4): Six<Row4<V>, V>(tile); break;
            case (6, 2): Six<Row2<V>, V>(tile); break;
            case (12, _): Twelve<Row1<V>, V>(tile); break;
            case (6, _): Six<Row1<V>, V>(tile); break;
            case (4, 4): Four<Row4<V>, V>(tile); break;
            case (4, 2): Four<Row2<V>, V>(tile); break;
            case (4, _): Four<Row1<V>, V>(tile); break;
            case (_, 4): One<Row4<V>, V>(tile); break;
            case (_, 2): One<Row2<V>, V>(tile); break;
            default: One<Row1<V>, V>(tile); break;
        }
    }

    static void One<TRow, V>(in Tile tile) where TRow : unmanaged, IRow<TRow, V> where V : unmanaged, ISimd<V>
    {
        float* a = (float*)tile.A, b = (float*)tile.B, c = (float*)tile.C;
        nint columnStride = tile.ColumnStride, ldb = tile.Ldb;
        TRow row = tile.Accumulate ? TRow.Load(c) : default;
        for (int k = tile.K; k > 0; k--, a += columnStride, b += ldb) row.Fma(a, TRow.Load(b));
        row.Store(c);
    }

    static void Four<TRow, V>(in Tile tile) where TRow : unmanaged, IRow<TRow, V> where V : unmanaged, ISimd<V>
    {
        float* a = (float*)tile.A, b = (float*)tile.B, c = (float*)tile.C;
        nint rowStride = tile.RowStride, columnStride = tile.ColumnStride, ldb = tile.Ldb, ldc = tile.Ldc;
        Two<TRow, V> upper = default, lower = default;
        if (tile.Accumulate)
        {
            upper.Load(c, ldc);
            lower.Load(c + 2 * ldc, ldc);
        }
        for (int k = tile.K; k > 0; k--, a += columnStride, b += ldb)
        {
            TRow row = TRow.Load(b);
            upper.Fma(a, rowStride, row);
            lower.Fma(a + 2 * rowStride, rowStride, row);
        }
        upper.Store(c, ldc);
        lower.Store(c + 2 * ldc, ldc);
    }

    static void Six<TRow, V>(in Tile tile) where TRow : unmanaged, IRow<TRow, V> where V : unmanaged, ISimd<V>
    {
        float* a = (float*)tile.A, b = (float*)tile.B, c = (float*)tile.C, a3 = a + 3 * tile.RowStride;
        nint rowStride = tile.RowStride, columnStride = tile.ColumnStride, ldb = tile.Ldb, ldc = tile.Ldc;
        Three<TRow, V> upper = default, lower = default;
        if (tile.Accumulate)
        {
            upper.Load(c, ldc);
            lower.Load(c + 3 * ldc, ldc);
        }
        for (int k = tile.K; k > 0; k--, a += columnStride, a3 += columnStride, b += ldb)
        {
            TRow row = TRow.Load(b);
            upper.Fma(a, rowStride, row);
            lower.Fma(a3, rowStride, row);
        }
        upper.Store(c, ldc);
        lower.Store(c + 3 * ldc, ldc);
    }

    static void Twelve<TRow, V>(in Tile tile) where TRow : unmanaged, IRow<TRow, V> where V : unmanaged, ISimd<V>
    {
        float* a = (float*)tile.A, b = (float*)tile.B, c = (float*)tile.C;
        nint rowStride = tile.RowStride, columnStride = tile.ColumnStride, ldb = tile.Ldb, ldc = tile.Ldc;
        float* a3 = a + 3 * rowStride, a6 = a + 6 * rowStride, a9 = a + 9 * rowStride;
        Three<TRow, V> first = default, second = default, third = default, fourth = default;
        if (tile.Accumulate)
        {
            first.Load(c, ldc);
            second.Load(c + 3 * ldc, ldc);
            third.Load(c + 6 * ldc, ldc);
            fourth.Load(c + 9 * ldc, ldc);
        }
        for (int k = tile.K; k > 0; k--, a += columnStride, a3 += columnStride, a6 += columnStride, a9 += columnStride, b += ldb)
        {
            TRow row = TRow.Load(b);
            first.Fma(a, rowStride, row);
            second.Fma(a3, rowStride, row);
            third.Fma(a6, rowStride, row);
            fourth.Fma(a9, rowStride, row);
        }
        first.Store(c, ldc);
        second.Store(c + 3 * ldc, ldc);
        third.Store(c + 6 * ldc, ldc);
        fourth.Store(c + 9 * ldc, ldc);
    }

    /// <summary>Two adjacent rows of C.</summary>
    struct Two<TRow, V> where TRow : unmanaged, IRow<TRow, V> where V : unmanaged, ISimd<V>
    {
        TRow _0, _1;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Load(float* c, nint ldc)
        {
            _0 = TRow.Load(c);
            _1 = TRow.Load(c + ldc);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Store(float* c, nint ldc)
        {
            _0.Store(c);
            _1.Store(c + ldc);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Fma(float* a, nint rowStride, in TRow b)
        {
            _0.Fma(a, b);
            _1.Fma(a + rowStride, b);
        }
    }

    /// <summary>Three adjacent rows of C.</summary>
    struct Three<TRow, V> where TRow : unmanaged, IRow<TRow, V> where V : unmanaged, ISimd<V>
    {
        TRow _0, _1, _2;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Load(float* c, nint ldc)
        {
            _0 = TRow.Load(c);
            _1 = TRow.Load(c + ldc);
            _2 = TRow.Load(c + 2 * ldc);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Store(float* c, nint ldc)
        {
            _0.Store(c);
            _1.Store(c + ldc);
            _2.Store(c + 2 * ldc);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Fma(float* a, nint rowStride, in TRow b)
        {
            _0.Fma(a, b);
            _1.Fma(a + rowStride, b);
            _2.Fma(a + 2 * rowStride, b);
        }
    }
}
