using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>
/// Convolution with any kernel, stride and padding, and its gradient, as products of gathered patches with the weights. Every number
/// of a result is one chain of multiply-adds over taps and channels, whatever the blocks; so these may follow the number of threads.
/// </summary>
/// <remarks>
/// Seen from an input pixel only every stride-th tap met an output. So for gradients, and transposed convolutions, pixels fall into
/// stride × stride classes with taps of their own: a 4×4 one of stride 2 is four of 2×2. Tiny images, of which each pixel sees taps of
/// its own, fall into as many classes as they have pixels.
/// </remarks>
static unsafe class DirectConvolution<V> where V : unmanaged, ISimd<V>
{
    const int BlockPixels = 96;         // a multiple of the micro-kernels' 6 and 12 rows
    const int BlockDepth = 256;         // what a product sums before its result returns to memory
    const int FewPixels = 192;          // with these, packed weights would hardly be used before they are forgotten
    const int WidestColumns = 128;
    const int NarrowestColumns = 64;    // a panel of the widest vectors
    const int Tiny = 2;

    /// <summary>y = conv(x, W) + bias + perSample + residual</summary>
    public static void Forward(
        CpuDevice device, ConvShape s, float* x, float* w, float* bias, float* perSample, float* residual, float* y) =>
        RunClasses(device, s, x, w, turned: false, new PatchResult(s.OutHeight, s.OutWidth, s.Out, (nint)bias, (nint)perSample, (nint)residual, (nint)y));

    /// <summary>dx (+)= the gradient of x, plus bias if given.</summary>
    public static void GradInput(CpuDevice device, ConvShape s, float* dy, float* w, float* bias, float* dx, bool accumulate) =>
        RunClasses(device, s, dy, w, turned: true, new PatchResult(s.Height, s.Width, s.In, (nint)bias, 0, accumulate ? (nint)dx : 0, (nint)dx));

    /// <summary>From x to y, or, turned, from dy to dx: every class of the result's pixels in turn.</summary>
    static void RunClasses(CpuDevice device, ConvShape s, float* source, float* w, bool turned, PatchResult result)
    {
        bool tiny = IsTiny(s, result);
        int down = Step(s.Spec.Down), across = Step(s.Spec.Across);
        for (int i = 0; i < Math.Min(down, result.Height); i++)
        {
            for (int j = 0; j < Math.Min(across, result.Width); j++)
            {
                PatchAxis rows = Axis(s.Spec.Down, s.Height, s.OutHeight, i, down), columns = Axis(s.Spec.Across, s.Width, s.OutWidth, j, across);
                var patches = new Patches(s.Samples, rows, columns, turned ? s.Out : s.In, s.Spec.Across.Kernel);
                Run(device, patches, source, new PatchWeights(patches, (nint)w, result.Channels, turned), result);
            }
        }

        int Step(WindowAxis axis) => tiny && axis.Stride == 1 ? Tiny : turned ? axis.Stride : 1;

        PatchAxis Axis(WindowAxis axis, int inputs, int outputs, int first, int step) =>
            (turned ? PatchAxis.OfInputs(axis, inputs, outputs, first, step) : PatchAxis.OfOutputs(axis, inputs, outputs, first, step)).Trimmed();
    }

    // Most taps of a tiny image see padding. Leaving them out multiplies less and packs some weights several times, which a few samples do not pay for.
    static bool IsTiny(ConvShape s, PatchResult result) =>
        result.Height <= Tiny && result.Width <= Tiny && s.Spec.Down.Padding + s.Spec.Across.Padding > 0 && s.Samples > 4;

    static void Run(CpuDevice device, Patches patches, float* x, PatchWeights weights, PatchResult result)
    {
        if (patches.Pixels <= FewPixels && weights.Columns >= NarrowestColumns * Math.Max(2, device.Threads)) RunByColumns(device, patches, x, weights, result);
        else RunByPixels(device, patches, x, weights, result);
    }

    /// <summary>All weights are packed first; each block of pixels gathers its patches bit by bit.</summary>
    static void RunByPixels(CpuDevice device, Patches patches, float* x, PatchWeights weights, PatchResult result)
    {
        int depth = patches.Depth, n = weights.Columns, packedColumns = Gemm.PackedColumns<V>(n);
        int pixels = BlockPixels, columns = n, wanted = 4 * device.Threads;
        while (Blocks(patches.Pixels, pixels) * Blocks(n, columns) < wanted && columns > 4 * NarrowestColumns) columns = HalfColumns(columns);
        while (Blocks(patches.Pixels, pixels) * Blocks(n, columns) < wanted && pixels > 12) pixels /= 2;
        while (Blocks(patches.Pixels, pixels) * Blocks(n, columns) < wanted && columns > NarrowestColumns) columns = HalfColumns(columns);
        SharedMemory packed = device.RentShared((long)depth * packedColumns);
        fixed (float* p = &packed.First(0))
        {
            int panels = Blocks(n, NarrowestColumns);
            device.Workers.For(Blocks(depth, BlockDepth) * panels, new PackJob(weights, depth, panels, packedColumns, (nint)p));
            int perWorker = pixels * (BlockDepth + Padding + packedColumns + Padding);
            WorkerMemory scratch = device.Scratch(perWorker);
            device.Workers.For(Blocks(patches.Pixels, pixels) * Blocks(n, columns),
                new PixelJob(patches, (nint)x, n, (nint)p, packedColumns, pixels, columns, result, scratch));
        }
        packed.Release();
    }

    // Rows one cache line further apart than powers of two, or they would share sets of the cache; it also takes what Gather overwrites.
    const int Padding = 16;

    static int Blocks(int count, int block) => (count + block - 1) / block;

    static int HalfColumns(int columns) => Blocks(columns / 2, NarrowestColumns) * NarrowestColumns;

    readonly record struct PackJob(PatchWeights Weights, int Depth, int Panels, int PackedColumns, nint Packed) : IJob
    {
        public void Run(int index, int worker)
        {
            int first = index / Panels * BlockDepth, rows = Math.Min(BlockDepth, Depth - first), from = index % Panels * NarrowestColumns;
            float* target = (float*)Packed + (nint)first * PackedColumns + (nint)from * rows;
            Weights.Pack<V>(first, rows, from, Math.Min(Weights.Columns, from + NarrowestColumns), target);
        }
    }

    readonly record struct PixelJob(
        Patches Patches, nint X, int N, nint Packed, int PackedColumns, int Pixels, int Columns, PatchResult Result, WorkerMemory Scratch) : IJob
    {
        public void Run(int index, int worker)
        {
            int columnBlocks = Blocks(N, Columns), depth = Patches.Depth;
            int first = index / columnBlocks * Pixels, pixels = Math.Min(Pixels, Patches.Pixels - first);
            int from = index % columnBlocks * Columns, to = Math.Min(N, from + Columns);
            nint lda = BlockDepth + Padding, ldc = PackedColumns + Padding;
            float* a = Scratch.Of(worker), c = a + Pixels * lda;
            for (int k = 0; k < depth; k += BlockDepth)
            {
                int length = Math.Min(BlockDepth, depth - k);
                Patches.Gather<V>((float*)X, first, pixels, k, length, a, lda);
                Gemm.MultiplyColumns<V>(
                    pixels, N, from, to, length, new Matrix(a, lda, 1), (float*)Packed + (nint)k * PackedColumns, c - from, ldc, accumulate: k > 0);
            }
            Result.Store<V>(Patches, first, pixels, from, to, depth == 0 ? null : c, ldc);
        }
    }

    /// <summary>All patches are gathered first; each block of columns reads its weights where they lie or, turned, packs them bit by bit and forgets them.</summary>
    static void RunByColumns(CpuDevice device, Patches patches, float* x, PatchWeights weights, PatchResult result)
    {
        int n = weights.Columns, columns = WidestColumns, pixels = patches.Pixels, blocks = Blocks(patches.Depth, BlockDepth);
        if (Blocks(n, columns) < 2 * device.Threads) columns = NarrowestColumns;
        int perWorker = BlockDepth * columns + pixels * (columns + Padding);
        SharedMemory gathered = device.RentShared((long)blocks * pixels * (BlockDepth + Padding) + 1);
        fixed (float* a = &gathered.First(0))
        {
            device.Workers.For(blocks, new GatherJob(patches, (nint)x, (nint)a));
            WorkerMemory scratch = device.Scratch(perWorker);
            device.Workers.For(Blocks(n, columns), new ColumnJob(patches, (nint)a, weights, columns, result, scratch));
        }
        gathered.Release();
    }

    readonly record struct GatherJob(Patches Patches, nint X, nint Gathered) : IJob
    {
        public void Run(int index, int worker)
        {
            int first = index * BlockDepth;
            float* target = (float*)Gathered + (nint)index * Patches.Pixels * (BlockDepth + Padding);
            Patches.Gather<V>((float*)X, 0, Patches.Pixels, first, Math.Min(BlockDepth, Patches.Depth - first), target, BlockDepth + Padding);
        }
    }

    readonly record struct ColumnJob(
        Patches Patches, nint Gathered, PatchWeights Weights, int Columns, PatchResult Result, WorkerMemory Scratch) : IJob
    {
        public void Run(int index, int worker)
        {
            int n = Weights.Columns, depth = Patches.Depth, pixels = Patches.Pixels, from = index * Columns, to = Math.Min(n, from + Columns);
            nint lda = BlockDepth + Padding, ldc = Columns + Padding;
            float* packed = Scratch.Of(worker), c = packed + BlockDepth * Columns;
            for (int k = 0; k < depth; k += BlockDepth)
            {
                int length = Math.Min(BlockDepth, depth - k);
                var a = new Matrix((float*)Gathered + k / BlockDepth * pixels * lda, lda, 1);
                if (!Weights.Turned)
                {
                    MultiplyInPlace(a, k, length, from, to, c, ldc);
                    continue;
                }
                Weights.Pack<V>(k, length, from, to, packed);
                Gemm.MultiplyColumns<V>(pixels, n, from, to, length, a, packed - (nint)from * length, c - from, ldc, accumulate: k > 0);
            }
            Result.Store<V>(Patches, 0, pixels, from, to, depth == 0 ? null : c, ldc);
        }

        // So few pixels read weights two or three times, which costs less than a copy.
        void MultiplyInPlace(Matrix a, int first, int length, int from, int to, float* c, nint ldc)
        {
            for (int row = first; row < first + length;)
            {
                float* weights = Weights.RowsFrom(row, first + length - row, out int rows);
                Gemm.MultiplyInPlace<V>(
                    Patches.Pixels, to - from, rows, a.From(0, row - first), weights + from, Weights.Columns, c, ldc, accumulate: row > 0);
                row += rows;
            }
        }
    }

    /// <summary>dW += the gradient of W: the patches, turned over, times dy.</summary>
    public static void GradWeight(CpuDevice device, ConvShape s, float* x, float* dy, float* dw)
    {
        var patches = new Patches(
            s.Samples, PatchAxis.OfOutputs(s.Spec.Down, s.Height, s.OutHeight, 0, 1), PatchAxis.OfOutputs(s.Spec.Across, s.Width, s.OutWidth, 0, 1), s.In,
            s.Spec.Across.Kernel);
        int pixels = patches.Pixels, length = patches.Depth * s.Out, rows = pixels <= FewPixels ? BlockPixels / 4 : BlockPixels;
        // Long sums are cut where rows alone would leave threads idle: into a number of slots that depends on the shapes alone.
        int slots = Math.Clamp(Math.Min(pixels / 1024, 64 / Blocks(patches.Depth, BlockPixels)), 1, 8), chunk = Blocks(pixels, slots);
        int perWorker = BlockDepth * (rows + Padding);
        WorkerMemory scratch = device.Scratch(perWorker);
        if (slots == 1)
        {
            device.Workers.For(Blocks(patches.Depth, rows), new GradWeightJob(patches, (nint)x, (nint)dy, s.Out, rows, chunk, (nint)dw, true, scratch));
            return;
        }
        SharedMemory partial = device.RentShared((long)slots * length);
        fixed (float* p = &partial.First(0))
        {
            device.Workers.For(slots * Blocks(patches.Depth, rows), new GradWeightJob(patches, (nint)x, (nint)dy, s.Out, rows, chunk, (nint)p, false, scratch));
            Rows.SumSlots<V>(device, p, slots, length, dw);
        }
        partial.Release();
    }

    /// <summary>Some rows of the gradient over one chunk of pixels.</summary>
    readonly record struct GradWeightJob(
        Patches Patches, nint X, nint Dy, int Out, int Rows, int Chunk, nint Target, bool Accumulate, WorkerMemory Scratch) : IJob
    {
        public void Run(int index, int worker)
        {
            int depth = Patches.Depth, blocks = Blocks(depth, Rows);
            int slot = index / blocks, from = index % blocks * Rows, rows = Math.Min(Rows, depth - from);
            int first = slot * Chunk, last = Math.Min(Patches.Pixels, first + Chunk);
            nint lda = Rows + Padding;
            float* a = Scratch.Of(worker), target = (float*)Target + ((nint)slot * depth + from) * Out;
            for (int pixel = first; pixel < last; pixel += BlockDepth)
            {
                int count = Math.Min(BlockDepth, last - pixel);
                Patches.Gather<V>((float*)X, pixel, count, from, rows, a, lda);
                Gemm.MultiplyInPlace<V>(
                    rows, Out, count, new Matrix(a, 1, lda), (float*)Dy + (nint)pixel * Out, Out, target, Out, Accumulate || pixel > first);
            }
        }
    }
}

/// <summary>Where the pixels of a convolution's result lie, and what is added to them.</summary>
readonly unsafe record struct PatchResult(int Height, int Width, int Channels, nint Bias, nint PerSample, nint Residual, nint Y)
{
    /// <summary>y = sums + bias + perSample + residual for some rows of patches and columns [from, to), of which the first is the first of the sums.</summary>
    public void Store<V>(Patches patches, int first, int count, int from, int to, float* sums, nint stride) where V : unmanaged, ISimd<V>
    {
        for (int row = first; row < first + count; row++, sums = sums == null ? null : sums + stride)
        {
            nint pixel = patches.ResultOf(row, Height, Width), at = pixel * Channels + from;
            float* bias = Bias == 0 ? null : (float*)Bias + from, residual = Residual == 0 ? null : (float*)Residual + at;
            float* perSample = PerSample == 0 ? null : (float*)PerSample + pixel / (Height * Width) * Channels + from, y = (float*)Y + at;
            int c = 0, columns = to - from;
            for (; c + V.Lanes <= columns; c += V.Lanes) V.Store(y + c, Value<V>(sums, bias, perSample, residual, c));
            for (; c < columns; c++) V1.Store(y + c, Value<V1>(sums, bias, perSample, residual, c));
        }
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.AggressiveInlining)]
    static W Value<W>(float* sums, float* bias, float* perSample, float* residual, int c) where W : unmanaged, ISimd<W>
    {
        W rest = Rows.StartAt<W>(bias, perSample, residual, c);
        return sums == null ? rest : W.Load(sums + c) + rest;
    }
}
