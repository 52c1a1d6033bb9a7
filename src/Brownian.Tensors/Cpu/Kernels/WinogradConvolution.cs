using System.Runtime.CompilerServices;
using Brownian.Tensors.Cpu.Simd;
using T = Brownian.Tensors.Cpu.Kernels.WinogradTransforms;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>
/// 3×3 convolution with stride 1 and padding 1 by Winograd's F(4×4, 3×3), fused over blocks of tiles: transform the block's input,
/// multiply its 36 points by the transformed weights, transform back, add bias, time embedding and residual, store.
/// </summary>
static unsafe class WinogradConvolution<V> where V : unmanaged, ISimd<V>
{
    // 24 tiles are 4 and 2 full micro-kernels high, and V and M of a block stay in the second-level cache: at 128 channels
    // each takes 36·24·128 floats = 442 KB. Larger blocks were slower, smaller ones read the weights too often.
    const int BlockTiles = 24;

    // With so few tiles, writing the transformed weights to memory and reading them back would take longer than all the rest.
    const int FewTiles = 64;
    const int BlockWeights = 4096;      // at 36 points they are 590 KB, at home in the second-level cache

    /// <summary>
    /// Channels must fill whole vectors of the widest instruction set, so that all widths choose the same algorithm. Images of 2×2 pixels
    /// fill a quarter of a tile: 36 multiplications, where direct sums without padding need 16.
    /// </summary>
    public static bool Fits(ConvShape s) =>
        s.Spec == new ConvSpec(3, 1, 1) && s.In % 16 == 0 && s.Out % 16 == 0 && (s.Height > 2 || s.Width > 2);

    /// <summary>y = conv(x, W) + bias + perSample + residual for W 3×3×I×O.</summary>
    public static void Forward(CpuDevice device, ConvShape s, float* x, float* w, float* bias, float* perSample, float* residual, float* y) =>
        Run(device, s, x, w, flipped: false, bias, perSample, residual, y);

    /// <summary>dx (+)= the gradient of x: the convolution of dy with the kernel turned by 180° and its channels exchanged.</summary>
    public static void GradInput(CpuDevice device, ConvShape s, float* dy, float* w, float* dx, bool accumulate)
    {
        ConvShape turned = s with { In = s.Out, Out = s.In };
        Run(device, turned, dy, w, flipped: true, null, null, accumulate ? dx : null, dx);
    }

    static void Run(
        CpuDevice device, ConvShape s, float* x, float* w, bool flipped, float* bias, float* perSample, float* residual, float* y)
    {
        var tiles = new TileGrid(s);
        var weights = new WinogradWeights<V>(s.In, s.Out, (nint)w, flipped);
        var output = new WinogradOutput<V>(s, (nint)bias, (nint)perSample, (nint)residual, (nint)y);
        if (tiles.Count <= FewTiles) RunByColumns(device, s, tiles, x, weights, output);
        else RunByTiles(device, s, tiles, x, weights, output);
    }

    /// <summary>All weights are transformed first and read again for each block of tiles.</summary>
    static void RunByTiles(CpuDevice device, ConvShape s, TileGrid tiles, float* x, WinogradWeights<V> weights, WinogradOutput<V> output)
    {
        int perWorker = T.Points * (int)(T.PointStride(BlockTiles, s.In) + T.PointStride(BlockTiles, s.Out));
        SharedMemory transformed = device.RentShared(T.Points * T.PointStride(s.In, s.Out));
        fixed (float* u = &transformed.First(0))
        {
            weights.Transform(device, u);
            WorkerMemory scratch = device.Scratch(perWorker);
            // As many blocks for each thread, as long as they are so few that a last one would keep the others waiting.
            int blocks = (tiles.Count + BlockTiles - 1) / BlockTiles;
            if (blocks < 8 * device.Threads) blocks = (blocks + device.Threads - 1) / device.Threads * device.Threads;
            int perBlock = (tiles.Count + blocks - 1) / blocks;
            device.Workers.For(
                (tiles.Count + perBlock - 1) / perBlock, new TileJob(s, tiles, perBlock, (nint)x, (nint)u, output, scratch));
        }
        transformed.Release();
    }

    readonly record struct TileJob(ConvShape S, TileGrid Tiles, int PerBlock, nint X, nint U, WinogradOutput<V> Output, WorkerMemory Scratch) : IJob
    {
        public void Run(int index, int worker)
        {
            int first = index * PerBlock, count = Math.Min(PerBlock, Tiles.Count - first);
            nint inputs = T.PointStride(BlockTiles, S.In), weights = T.PointStride(S.In, S.Out), outputs = T.PointStride(BlockTiles, S.Out);
            float* v = Scratch.Of(worker), m = v + T.Points * inputs;
            for (int i = 0; i < count; i++)
                WinogradInput<V>.Transform((float*)X, S.Height, S.Width, S.In, Tiles.At(first + i), v + i * S.In, inputs);
            for (int point = 0; point < T.Points; point++)
            {
                var a = new Matrix(v + point * inputs, S.In, 1);
                Gemm.Multiply<V>(count, S.Out, S.In, a, (float*)U + point * weights, m + point * outputs, S.Out, accumulate: false);
            }
            for (int i = 0; i < count; i++) Output.Transform(Tiles.At(first + i), m + i * S.Out, outputs, 0, S.Out);
        }
    }

    /// <summary>
    /// All tiles are transformed first; each block of columns transforms its weights bit by bit into the second-level cache and forgets them.
    /// The bits are the same as by tiles, because each element of a product is one chain of additions in either case.
    /// </summary>
    static void RunByColumns(CpuDevice device, ConvShape s, TileGrid tiles, float* x, WinogradWeights<V> weights, WinogradOutput<V> output)
    {
        // A panel of the widest kernels: tall blocks multiply longer before sums return to memory. Fewer where threads would be idle.
        int columns = 64;
        while (columns > 16 && (s.Out % columns != 0 || s.Out / columns < device.Threads)) columns /= 2;
        int rows = Math.Min(s.In, BlockWeights / columns);
        int perWorker = T.Points * (int)(T.PointStride(rows, columns) + T.PointStride(tiles.Count, columns));
        SharedMemory transformed = device.RentShared(T.Points * T.PointStride(tiles.Count, s.In));
        fixed (float* v = &transformed.First(0))
        {
            device.Workers.For(tiles.Count, new InputJob(s, tiles, (nint)x, (nint)v));
            WorkerMemory scratch = device.Scratch(perWorker);
            device.Workers.For(s.Out / columns, new ColumnJob(s.In, rows, columns, tiles, (nint)v, weights, output, scratch));
        }
        transformed.Release();
    }

    readonly record struct InputJob(ConvShape S, TileGrid Tiles, nint X, nint Transformed) : IJob
    {
        public void Run(int index, int worker) => WinogradInput<V>.Transform(
            (float*)X, S.Height, S.Width, S.In, Tiles.At(index), (float*)Transformed + (nint)index * S.In, T.PointStride(Tiles.Count, S.In));
    }

    readonly record struct ColumnJob(
        int In, int Rows, int Columns, TileGrid Tiles, nint Transformed, WinogradWeights<V> Weights, WinogradOutput<V> Output,
        WorkerMemory Scratch) : IJob
    {
        public void Run(int index, int worker)
        {
            int from = index * Columns, count = Tiles.Count;
            nint inputs = T.PointStride(count, In), outputs = T.PointStride(count, Columns);
            float* m = Scratch.Of(worker);
            if (count == 1 && !Weights.Flipped) WinogradAtOnce<V>.Multiply(Weights, (float*)Transformed, inputs, from, Columns, m, outputs);
            else Multiply(inputs, from, m, outputs);
            for (int i = 0; i < count; i++) Output.Transform(Tiles.At(i), m + i * Columns, outputs, from, from + Columns);
        }

        void Multiply(nint inputs, int from, float* m, nint outputs)
        {
            int count = Tiles.Count;
            float* u = m + T.Points * outputs;
            for (int row = 0; row < In; row += Rows)
            {
                int rows = Math.Min(Rows, In - row);
                nint weights = T.PointStride(rows, Columns);
                Weights.TransformBlock(row, row + rows, from, from + Columns, u);
                for (int point = 0; point < T.Points; point++)
                {
                    var a = new Matrix((float*)Transformed + point * inputs + row, In, 1);
                    Gemm.Multiply<V>(count, Columns, rows, a, u + point * weights, m + point * outputs, Columns, accumulate: row > 0);
                }
            }
        }
    }
}

/// <summary>The output transform of one tile, with all that is added to it.</summary>
readonly unsafe record struct WinogradOutput<V>(ConvShape S, nint Bias, nint PerSample, nint Residual, nint Y) where V : unmanaged, ISimd<V>
{
    /// <summary>y = Aᵀ·m·A + bias + perSample + residual for channels [from, to), of which the first is the first of m.</summary>
    public void Transform(TilePosition tile, float* m, nint pointStride, int from, int to)
    {
        V* half = stackalloc V[T.Inputs * T.Tile];
        V* y = stackalloc V[T.Tile * T.Tile];
        for (int c = from; c < to; c += V.Lanes)
        {
            for (int i = 0; i < T.Inputs; i++)
            {
                float* row = m + i * T.Inputs * pointStride + c - from;
                T.Output(
                    V.Load(row), V.Load(row + pointStride), V.Load(row + 2 * pointStride),
                    V.Load(row + 3 * pointStride), V.Load(row + 4 * pointStride), V.Load(row + 5 * pointStride), half + i * T.Tile, 1);
            }
            for (int j = 0; j < T.Tile; j++)
            {
                V* column = half + j;
                T.Output(column[0], column[4], column[8], column[12], column[16], column[20], y + j, T.Tile);
            }
            StoreTile(tile, y, c);
        }
    }

    void StoreTile(TilePosition tile, V* y, int c)
    {
        int rows = Math.Min(T.Tile, S.Height - tile.Y), columns = Math.Min(T.Tile, S.Width - tile.X);
        float* bias = Bias == 0 ? null : (float*)Bias + c;
        float* perSample = PerSample == 0 ? null : (float*)PerSample + (nint)tile.Sample * S.Out + c;
        V shift = Kernels.Rows.StartAt<V>(bias, perSample, null, 0);
        for (int i = 0; i < rows; i++)
        {
            nint offset = (((nint)tile.Sample * S.Height + tile.Y + i) * S.Width + tile.X) * S.Out + c;
            for (int j = 0; j < columns; j++, offset += S.Out)
            {
                V value = y[i * T.Tile + j] + shift;
                if (Residual != 0)
                {
                    value += V.Load((float*)Residual + offset);
                    Prefetch.FirstLevel((float*)Residual + offset + T.Tile * S.Out);
                }
                V.Store((float*)Y + offset, value);
                Prefetch.FirstLevel((float*)Y + offset + T.Tile * S.Out);   // for the tile to the right, see WinogradInput
            }
        }
    }
}

/// <summary>A 4×4 tile of the output by the sample it lies in and its top left pixel.</summary>
readonly record struct TilePosition(int Sample, int Y, int X);

/// <summary>All tiles of a batch, numbered along rows, then images.</summary>
readonly struct TileGrid(ConvShape s)
{
    readonly int _down = (s.Height + T.Tile - 1) / T.Tile, _across = (s.Width + T.Tile - 1) / T.Tile;

    public int Count => s.Samples * _down * _across;

    public TilePosition At(int index)
    {
        (int row, int x) = Math.DivRem(index, _across);
        (int sample, int y) = Math.DivRem(row, _down);
        return new TilePosition(sample, y * T.Tile, x * T.Tile);
    }
}

/// <summary>
/// The input transform of one tile, for all its channels. A tile is dozens of short runs of addresses, which the hardware does not
/// foresee: waiting for them took half the time of all transforms. So each tile fetches what its right neighbour will need; where it has
/// none, that is in vain and harmless.
/// </summary>
static unsafe class WinogradInput<V> where V : unmanaged, ISimd<V>
{
    /// <summary>v[point] = (Bᵀ·d·B)[point] for the 6×6 pixels around the tile; pixels outside the image are zeros.</summary>
    public static void Transform(float* x, int height, int width, int channels, TilePosition tile, float* v, nint pointStride)
    {
        V* half = stackalloc V[T.Points];
        nint step = pointStride / V.Lanes, down = (nint)width * channels;
        float* next = x + ((((nint)tile.Sample * height + tile.Y - 1) * width) + tile.X - 1 + T.Tile) * channels;
        float** pixels = stackalloc float*[T.Points];
        bool inside = Locate(x, height, width, channels, tile, pixels);
        for (int c = 0; c < channels; c += V.Lanes)
        {
            Fetch(next + c, down, channels);
            for (int j = 0; j < T.Inputs; j++)
            {
                float** p = pixels + j;
                if (inside)
                    T.Input(V.Load(p[0] + c), V.Load(p[6] + c), V.Load(p[12] + c), V.Load(p[18] + c), V.Load(p[24] + c), V.Load(p[30] + c), half + j, T.Inputs);
                else
                    T.Input(At(p[0], c), At(p[6], c), At(p[12], c), At(p[18], c), At(p[24], c), At(p[30], c), half + j, T.Inputs);
            }
            V* target = (V*)(v + c);
            for (int i = 0; i < T.Inputs; i++, target += T.Inputs * step)
            {
                V* row = half + i * T.Inputs;
                T.Input(row[0], row[1], row[2], row[3], row[4], row[5], target, step);
            }
        }
    }

    // The first two columns belong to this tile too.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Fetch(float* corner, nint down, int channels)
    {
        for (int j = T.Inputs - T.Tile; j < T.Inputs; j++)
        {
            for (int i = 0; i < T.Inputs; i++) Prefetch.FirstLevel(corner + i * down + (nint)j * channels);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static V At(float* pixel, int c) => pixel == null ? V.Zero : V.Load(pixel + c);

    static bool Locate(float* x, int height, int width, int channels, TilePosition tile, float** pixels)
    {
        bool inside = true;
        for (int i = 0; i < T.Inputs; i++)
        {
            for (int j = 0; j < T.Inputs; j++)
            {
                int py = tile.Y + i - 1, px = tile.X + j - 1;
                bool here = (uint)py < (uint)height && (uint)px < (uint)width;
                pixels[i * T.Inputs + j] = here ? x + (((nint)tile.Sample * height + py) * width + px) * channels : null;
                inside &= here;
            }
        }
        return inside;
    }
}
