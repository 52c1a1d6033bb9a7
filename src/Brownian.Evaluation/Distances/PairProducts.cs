using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Brownian.Evaluation;

/// <summary>Receives x_row·y_j for j = first, first + 1, …</summary>
/// <param name="row">Which point of the first set.</param>
/// <param name="first">The first point of the second set.</param>
/// <param name="products">One for each of the points of the second set that follow.</param>
delegate void ProductRow(int row, int first, ReadOnlySpan<double> products);

/// <summary>
/// Inner products of every point of one set with every point of another, in double, in blocks: what distances, kernels and covariances are
/// made of. Each product is one chain of fused multiply-adds from the first feature to the last, so that its bits depend neither on the
/// block it falls into, nor on the threads, nor on the width of the vectors.
/// </summary>
static unsafe class PairProducts
{
    const int RowsOfTile = 4, Lanes = 4, VectorsOfPanel = 3, Panel = Lanes * VectorsOfPanel;     // 12 sums, 3 loads, 1 broadcast: 16 registers
    public const int RowsOfBlock = 64;          // rows that one thread serves, of a piece
    const int PackedDoubles = 3 << 20, MostColumns = 3072;        // of the second set at a time: at most 24 MB, and 1.5 MB of products per thread

    /// <summary>
    /// Calls <paramref name="receive"/> for each point of <paramref name="x"/> with its products, from the first point of
    /// <paramref name="y"/> to the last, in pieces. One row is always served by one thread at a time; different rows may come at once.
    /// </summary>
    public static void ForEach(Points x, Points y, int threads, ProductRow receive)
    {
        int d = x.Dimensions;
        int width = Math.Min((y.Count + Panel - 1) / Panel * Panel, Math.Clamp(PackedDoubles / d / Panel * Panel, Panel, MostColumns));
        int blocks = (x.Count + RowsOfBlock - 1) / RowsOfBlock;
        var packed = new double[width * d];
        for (int first = 0; first < y.Count; first += width)
        {
            int start = first, count = Math.Min(width, y.Count - first);
            Threads.For((count + Panel - 1) / Panel, threads, panel => Pack(y, start + panel * Panel, packed.AsSpan(panel * Panel * d, Panel * d)));
            Threads.For(blocks, threads, block => Block(x, block * RowsOfBlock, packed, start, count, receive));
        }
    }

    // Feature after feature, Panel points beside one another; points that are missing at the end are 0.
    static void Pack(Points y, int first, Span<double> panel)
    {
        int d = y.Dimensions, count = Math.Min(Panel, y.Count - first);
        var row = new double[d];
        panel.Clear();
        for (int i = 0; i < count; i++)
        {
            y.CopyTo(first + i, row);
            for (int j = 0; j < d; j++) panel[j * Panel + i] = row[j];
        }
    }

    static void Block(Points x, int firstRow, double[] packed, int first, int count, ProductRow receive)
    {
        int d = x.Dimensions, rows = Math.Min(RowsOfBlock, x.Count - firstRow), panels = (count + Panel - 1) / Panel;
        int tiles = (rows + RowsOfTile - 1) / RowsOfTile, stride = panels * Panel;
        double[] block = new double[tiles * RowsOfTile * d], products = new double[tiles * RowsOfTile * stride];
        x.CopyTo(firstRow, block.AsSpan(0, rows * d));
        fixed (double* a = block, b = packed, c = products)
        {
            for (int panel = 0; panel < panels; panel++)
            {
                for (int tile = 0; tile < tiles; tile++)
                    Tile(a + tile * RowsOfTile * d, b + (long)panel * Panel * d, d, c + tile * RowsOfTile * stride + panel * Panel, stride);
            }
        }
        for (int row = 0; row < rows; row++) receive(firstRow + row, first, products.AsSpan(row * stride, count));
    }

    static void Tile(double* a, double* b, int d, double* c, int stride)
    {
        double* a1 = a + d, a2 = a1 + d, a3 = a2 + d;
        Vector256<double> c00 = default, c01 = default, c02 = default, c10 = default, c11 = default, c12 = default;
        Vector256<double> c20 = default, c21 = default, c22 = default, c30 = default, c31 = default, c32 = default;
        for (int k = 0; k < d; k++, b += Panel)
        {
            Vector256<double> b0 = Vector256.Load(b), b1 = Vector256.Load(b + Lanes), b2 = Vector256.Load(b + 2 * Lanes);
            Vector256<double> v = Vector256.Create(a[k]);
            c00 = Vector256.FusedMultiplyAdd(v, b0, c00);
            c01 = Vector256.FusedMultiplyAdd(v, b1, c01);
            c02 = Vector256.FusedMultiplyAdd(v, b2, c02);
            v = Vector256.Create(a1[k]);
            c10 = Vector256.FusedMultiplyAdd(v, b0, c10);
            c11 = Vector256.FusedMultiplyAdd(v, b1, c11);
            c12 = Vector256.FusedMultiplyAdd(v, b2, c12);
            v = Vector256.Create(a2[k]);
            c20 = Vector256.FusedMultiplyAdd(v, b0, c20);
            c21 = Vector256.FusedMultiplyAdd(v, b1, c21);
            c22 = Vector256.FusedMultiplyAdd(v, b2, c22);
            v = Vector256.Create(a3[k]);
            c30 = Vector256.FusedMultiplyAdd(v, b0, c30);
            c31 = Vector256.FusedMultiplyAdd(v, b1, c31);
            c32 = Vector256.FusedMultiplyAdd(v, b2, c32);
        }
        Store(c00, c01, c02, c);
        Store(c10, c11, c12, c + stride);
        Store(c20, c21, c22, c + 2 * stride);
        Store(c30, c31, c32, c + 3 * stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Store(Vector256<double> first, Vector256<double> second, Vector256<double> third, double* c)
    {
        first.Store(c);
        second.Store(c + Lanes);
        third.Store(c + 2 * Lanes);
    }
}
