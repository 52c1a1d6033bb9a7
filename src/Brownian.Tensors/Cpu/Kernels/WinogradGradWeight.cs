using Brownian.Tensors.Cpu.Simd;
using T = Brownian.Tensors.Cpu.Kernels.WinogradTransforms;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>
/// The gradient of the weights of a 3×3 convolution by the transpose of Winograd's algorithm:
/// dW = Gᵀ·[Σ over tiles (Bᵀ·d·B) ⊙ (A·dy·Aᵀ)]·G, where the sum is, for each of the 36 points, a matrix product over tiles.
/// </summary>
static unsafe class WinogradGradWeight<V> where V : unmanaged, ISimd<V>
{
    const int TransformTiles = 8;
    const int OutputRows = 192;         // 36 points are jobs enough; a taller block of sums reads M less often
    const int FewTiles = 64, LargeWeight = 128 * 128, HugeWeight = 256 * 512;
    const int BlockRows = 64, BlockColumns = 64;    // at 36 points they are 590 KB, at home in the second-level cache

    /// <summary>dW += the gradient of W, 3×3×I×O.</summary>
    public static void Run(CpuDevice device, ConvShape s, float* x, float* dy, float* dw)
    {
        var tiles = new TileGrid(s);
        int pass = Math.Min(tiles.Count, TilesPerPass(s));
        // By blocks where sums are many for the tiles, as in small batches, or where the last-level cache could not hold them.
        bool large = s.In * s.Out >= (tiles.Count <= FewTiles ? LargeWeight : HugeWeight);
        SharedMemory products = device.RentShared(large ? 1 : T.Points * T.PointStride(s.In, s.Out));
        SharedMemory transformed = device.RentShared(T.Points * (T.PointStride(pass, s.In) + T.PointStride(pass, s.Out)));
        fixed (float* du = &products.First(0), v = &transformed.First(0))
        {
            float* m = v + T.Points * T.PointStride(pass, s.In);
            int rowBlocks = (s.In + OutputRows - 1) / OutputRows, together = Math.Clamp(pass / (4 * device.Threads), 1, TransformTiles);
            for (int first = 0; first < tiles.Count; first += pass)
            {
                int count = Math.Min(pass, tiles.Count - first);
                device.Workers.For((count + together - 1) / together, new TransformJob(s, tiles, together, first, count, pass, (nint)x, (nint)dy, (nint)v, (nint)m));
                if (large) RunByBlocks(device, s, count, pass, v, m, dw);
                else device.Workers.For(T.Points * rowBlocks, new ProductJob(s, rowBlocks, count, pass, (nint)v, (nint)m, (nint)du, first > 0));
            }
            if (!large) device.Workers.For(s.In, new WeightJob(s.In, s.Out, (nint)du, (nint)dw));
        }
        products.Release();
        transformed.Release();
    }

    // A pass writes and reads 36·(I+O) floats for each tile, and reads and writes all 36·I·O sums: more tiles per pass save the
    // second, until what was transformed no longer fits in the last-level cache. 2 M floats are 8 MB.
    static int TilesPerPass(ConvShape s) => Math.Max(96, 2_000_000 / (T.Points * (s.In + s.Out)) / TransformTiles * TransformTiles);

    /// <summary>
    /// All 36 points of a block of weights, summed in the second-level cache and turned into the gradient there: the sums of all weights,
    /// four times their size, would go to memory and back.
    /// </summary>
    static void RunByBlocks(CpuDevice device, ConvShape s, int count, int pass, float* v, float* m, float* dw)
    {
        int rows = Math.Min(s.In, BlockRows), columns = Math.Min(s.Out, BlockColumns);
        while (rows > 16 && (s.In + rows - 1) / rows * ((s.Out + columns - 1) / columns) < 4 * device.Threads) rows /= 2;
        int perWorker = T.Points * (int)T.PointStride(rows, columns), columnBlocks = (s.Out + columns - 1) / columns;
        WorkerMemory scratch = device.Scratch(perWorker);
        device.Workers.For(
            (s.In + rows - 1) / rows * columnBlocks, new BlockJob(s, rows, columns, columnBlocks, count, pass, (nint)v, (nint)m, (nint)dw, scratch));
    }

    readonly record struct BlockJob(
        ConvShape S, int Rows, int Columns, int ColumnBlocks, int Count, int Pass, nint Vt, nint Mt, nint Dw, WorkerMemory Scratch) : IJob
    {
        public void Run(int index, int worker)
        {
            int row = index / ColumnBlocks * Rows, rows = Math.Min(Rows, S.In - row);
            int column = index % ColumnBlocks * Columns, columns = Math.Min(Columns, S.Out - column);
            nint stride = T.PointStride(Rows, Columns);
            float* du = Scratch.Of(worker), dw = (float*)Dw + (nint)row * S.Out + column;
            for (int point = 0; point < T.Points; point++)
            {
                Fetch(dw, rows, columns, point);
                var a = new Matrix((float*)Vt + point * T.PointStride(Pass, S.In) + row, 1, S.In);
                float* b = (float*)Mt + point * T.PointStride(Pass, S.Out) + column;
                Gemm.MultiplyInPlace<V>(rows, columns, Count, a, b, S.Out, du + point * stride, Columns, accumulate: false);
            }
            for (int i = 0; i < rows; i++) AddRow(du + (nint)i * Columns, stride, columns, dw + (nint)i * S.Out, (nint)S.In * S.Out);
        }

        /// <summary>Fetches a 36th of the gradient that will be added to.</summary>
        void Fetch(float* dw, int rows, int columns, int point)
        {
            int lines = 9 * rows, last = (point + 1) * lines / T.Points;
            for (int line = point * lines / T.Points; line < last; line++)
            {
                float* target = dw + ((nint)(line / rows) * S.In + line % rows) * S.Out;
                for (int i = 0; i < columns; i += 16) Prefetch.SecondLevel(target + i);
            }
        }
    }

    readonly record struct TransformJob(ConvShape S, TileGrid Tiles, int Together, int First, int Count, int Pass, nint X, nint Dy, nint Vt, nint Mt) : IJob
    {
        public void Run(int index, int worker)
        {
            int last = Math.Min(Count, (index + 1) * Together);
            for (int i = index * Together; i < last; i++)
            {
                TilePosition tile = Tiles.At(First + i);
                WinogradInput<V>.Transform((float*)X, S.Height, S.Width, S.In, tile, (float*)Vt + (nint)i * S.In, T.PointStride(Pass, S.In));
                GradTransform(tile, (float*)Mt + (nint)i * S.Out);
            }
        }

        /// <summary>A·dy·Aᵀ for the 4×4 gradients of a tile; those outside the image are zeros.</summary>
        void GradTransform(TilePosition tile, float* m)
        {
            V* half = stackalloc V[T.Inputs * T.Tile];
            V* g = stackalloc V[T.Tile];
            nint step = T.PointStride(Pass, S.Out) / V.Lanes;
            int rows = S.Height - tile.Y, columns = S.Width - tile.X;
            float* corner = (float*)Dy + (((nint)tile.Sample * S.Height + tile.Y) * S.Width + tile.X) * S.Out;
            for (int c = 0; c < S.Out; c += V.Lanes)
            {
                for (int j = 0; j < T.Tile; j++)
                {
                    for (int i = 0; i < T.Tile; i++)
                    {
                        float* pixel = corner + ((nint)i * S.Width + j) * S.Out + c;
                        g[i] = i < rows && j < columns ? V.Load(pixel) : V.Zero;
                        Prefetch.FirstLevel(pixel + T.Tile * S.Out);    // for the tile to the right, see WinogradInput
                    }
                    T.OutputTransposed(g[0], g[1], g[2], g[3], half + j, T.Tile);
                }
                V* target = (V*)(m + c);
                for (int i = 0; i < T.Inputs; i++, target += T.Inputs * step)
                {
                    V* row = half + i * T.Tile;
                    T.OutputTransposed(row[0], row[1], row[2], row[3], target, step);
                }
            }
        }
    }

    /// <summary>dU[point] (+)= Vᵀ·M for some rows of one point.</summary>
    readonly record struct ProductJob(ConvShape S, int RowBlocks, int Count, int Pass, nint Vt, nint Mt, nint Du, bool Accumulate) : IJob
    {
        public void Run(int index, int worker)
        {
            int point = index / RowBlocks, from = index % RowBlocks * OutputRows, rows = Math.Min(OutputRows, S.In - from);
            var a = new Matrix((float*)Vt + point * T.PointStride(Pass, S.In) + from, 1, S.In);
            float* b = (float*)Mt + point * T.PointStride(Pass, S.Out);
            float* c = (float*)Du + point * T.PointStride(S.In, S.Out) + (nint)from * S.Out;
            Gemm.MultiplyInPlace<V>(rows, S.Out, Count, a, b, S.Out, c, S.Out, Accumulate);
        }
    }

    /// <summary>dW += Gᵀ·dU·G for one input channel.</summary>
    readonly record struct WeightJob(int In, int Out, nint Du, nint Dw) : IJob
    {
        public void Run(int row, int worker) =>
            AddRow((float*)Du + (nint)row * Out, T.PointStride(In, Out), Out, (float*)Dw + (nint)row * Out, (nint)In * Out);
    }

    /// <summary>dW += Gᵀ·dU·G for one input channel and some output channels.</summary>
    static void AddRow(float* du, nint pointStride, int columns, float* dw, nint tapStride)
    {
        V* half = stackalloc V[18];
        V* taps = stackalloc V[9];
        for (int c = 0; c < columns; c += V.Lanes)
        {
            for (int j = 0; j < T.Inputs; j++)
            {
                float* column = du + c + j * pointStride;
                nint down = T.Inputs * pointStride;
                T.KernelTransposed(
                    V.Load(column), V.Load(column + down), V.Load(column + 2 * down),
                    V.Load(column + 3 * down), V.Load(column + 4 * down), V.Load(column + 5 * down), half + j, T.Inputs);
            }
            for (int i = 0; i < 3; i++)
            {
                V* h = half + i * T.Inputs;
                T.KernelTransposed(h[0], h[1], h[2], h[3], h[4], h[5], taps + i * 3, 1);
            }
            for (int tap = 0; tap < 9; tap++)
            {
                float* target = dw + tap * tapStride + c;
                V.Store(target, V.Load(target) + taps[tap]);
            }
        }
    }
}
