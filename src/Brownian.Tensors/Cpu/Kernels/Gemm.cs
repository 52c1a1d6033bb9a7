using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>A matrix by its first element and the distances between its rows and its columns, in floats.</summary>
readonly unsafe struct Matrix(float* first, nint rowStride, nint columnStride)
{
    public readonly float* First = first;
    public readonly nint RowStride = rowStride, ColumnStride = columnStride;

    public Matrix From(nint row, nint column) => new(First + row * RowStride + column * ColumnStride, RowStride, ColumnStride);
}

/// <summary>
/// C (+)= A·B on one thread, by micro-kernels. B is packed into panels as wide as a micro-kernel, or read in place when its rows
/// are contiguous.
/// </summary>
static unsafe class Gemm
{
    // So many rows of B at a time: 256 × 64 floats are 64 KB, which stay in the second-level cache while rows of A pass by.
    const int BlockK = 256;

    /// <summary>How many vectors the next panel takes when so many columns are left.</summary>
    public static int PanelVectors<V>(int columns) where V : unmanaged, ISimd<V>
    {
        int vectors = (columns + V.Lanes - 1) / V.Lanes;
        int most = V.Registers >= 32 ? 4 : 2;
        return vectors >= most ? most : vectors >= 2 ? 2 : 1;
    }

    /// <summary>Columns rounded up to whole vectors: what a packed B of n columns takes per row.</summary>
    public static int PackedColumns<V>(int n) where V : unmanaged, ISimd<V> => (n + V.Lanes - 1) / V.Lanes * V.Lanes;

    /// <summary>Where element (row, column) of a k×n matrix lies once packed; the column must be a multiple of the lanes.</summary>
    public static nint PackedOffset<V>(int k, int n, int row, int column) where V : unmanaged, ISimd<V>
    {
        int most = (V.Registers >= 32 ? 4 : 2) * V.Lanes;
        int start = column / most * most;
        int width = PanelVectors<V>(n - start) * V.Lanes;
        while (column >= start + width)
        {
            start += width;
            width = PanelVectors<V>(n - start) * V.Lanes;
        }
        return (nint)start * k + (nint)row * width + column - start;
    }

    /// <summary>
    /// Copies B, k×n, into panels: for each panel, k rows of its width; columns past n are zeros. The panels of columns
    /// [from, to) only; from must be a multiple of 4 vectors.
    /// </summary>
    public static void Pack<V>(Matrix b, int k, int n, int from, int to, float* packed) where V : unmanaged, ISimd<V>
    {
        for (int column = from; column < to;)
        {
            int width = PanelVectors<V>(n - column) * V.Lanes;
            int valid = Math.Min(width, n - column);
            float* target = packed + (nint)column * k;
            if (b.RowStride == 1 && b.ColumnStride != 1)
            {
                Transposition.Scaled(b.First + column * b.ColumnStride, b.ColumnStride, valid, k, 1, target, width);
                for (int row = 0; row < k && valid < width; row++) new Span<float>(target + row * width + valid, width - valid).Clear();
                column += width;
                continue;
            }
            for (int row = 0; row < k; row++, target += width)
            {
                float* source = b.First + row * b.RowStride + column * b.ColumnStride;
                if (b.ColumnStride == 1) new ReadOnlySpan<float>(source, valid).CopyTo(new Span<float>(target, valid));
                else for (int j = 0; j < valid; j++) target[j] = source[j * b.ColumnStride];
                for (int j = valid; j < width; j++) target[j] = 0;
            }
            column += width;
        }
    }

    /// <summary>C (+)= A·B with a packed B.</summary>
    public static void Multiply<V>(int m, int n, int k, Matrix a, float* packed, float* c, nint ldc, bool accumulate)
        where V : unmanaged, ISimd<V> => MultiplyColumns<V>(m, n, 0, n, k, a, packed, c, ldc, accumulate);

    /// <summary>The same for columns [from, to) only; from must be a multiple of 4 vectors.</summary>
    public static void MultiplyColumns<V>(int m, int n, int from, int to, int k, Matrix a, float* packed, float* c, nint ldc, bool accumulate)
        where V : unmanaged, ISimd<V>
    {
        for (int k0 = 0; k0 < k; k0 += BlockK)
        {
            int block = Math.Min(BlockK, k - k0);
            for (int column = from; column < to;)
            {
                int vectors = PanelVectors<V>(n - column), width = vectors * V.Lanes;
                float* panel = packed + (nint)column * k + (nint)k0 * width;
                Panel<V>(m, vectors, n - column, block, a.From(0, k0), panel, width, c + column, ldc, accumulate || k0 > 0);
                column += width;
            }
        }
    }

    /// <summary>
    /// C (+)= A·B with B as it lies, its rows contiguous. Up to 63 floats past the last row of B are read and ignored.
    /// </summary>
    public static void MultiplyInPlace<V>(int m, int n, int k, Matrix a, float* b, nint ldb, float* c, nint ldc, bool accumulate)
        where V : unmanaged, ISimd<V>
    {
        for (int k0 = 0; k0 < k; k0 += BlockK)
        {
            int block = Math.Min(BlockK, k - k0);
            for (int column = 0; column < n;)
            {
                int vectors = PanelVectors<V>(n - column);
                float* panel = b + k0 * ldb + column;
                Panel<V>(m, vectors, n - column, block, a.From(0, k0), panel, ldb, c + column, ldc, accumulate || k0 > 0);
                column += vectors * V.Lanes;
            }
        }
    }

    /// <summary>All rows of C for one panel; columns past <paramref name="valid"/> are not written.</summary>
    static void Panel<V>(int m, int vectors, int valid, int k, Matrix a, float* b, nint ldb, float* c, nint ldc, bool accumulate)
        where V : unmanaged, ISimd<V>
    {
        int width = vectors * V.Lanes;
        bool whole = valid >= width;
        float* spill = stackalloc float[12 * 64];
        for (int row = 0; row < m;)
        {
            int rows = Height(m - row, vectors);
            float* target = c + row * ldc;
            var tile = new Tile(k, (nint)(a.First + row * a.RowStride), a.RowStride, a.ColumnStride, (nint)b, ldb, (nint)target, ldc, accumulate);
            if (whole)
            {
                MicroKernel.Run<V>(rows, vectors, tile);
            }
            else
            {
                // C goes through a block as wide as the kernel, so that the chain of additions is the same as in a whole panel.
                if (accumulate) CopyBlock(target, ldc, spill, width, rows, valid);
                MicroKernel.Run<V>(rows, vectors, tile with { C = (nint)spill, Ldc = width });
                CopyBlock(spill, width, target, ldc, rows, valid);
            }
            row += rows;
        }
    }

    static int Height(int rowsLeft, int vectors)
    {
        int most = MicroKernel.Rows(vectors);
        if (rowsLeft >= most && rowsLeft != 8) return most;
        return rowsLeft >= 6 && rowsLeft != 8 ? 6 : rowsLeft >= 4 ? 4 : 1;      // 8 rows are better split evenly than as 6 + 1 + 1
    }

    static void CopyBlock(float* source, nint sourceStride, float* target, nint targetStride, int rows, int columns)
    {
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < columns; j++) target[i * targetStride + j] = source[i * sourceStride + j];
        }
    }
}
