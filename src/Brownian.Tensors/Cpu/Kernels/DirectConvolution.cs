using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>The extents of a convolution: images N×H×W×I, kernel k×k, result N×H'×W'×O.</summary>
readonly record struct ConvShape(ConvSpec Spec, int Samples, int Height, int Width, int In, int OutHeight, int OutWidth, int Out)
{
    public int Taps => Spec.Kernel * Spec.Kernel;

    /// <summary>
    /// The output positions o along one axis for which tap k reads inside an input of the given extent: o·stride + k − padding ∈ [0, extent).
    /// </summary>
    public (int From, int To) OutputsOf(int tap, int extent, int outputs)
    {
        int shift = Spec.Padding - tap;
        int from = shift <= 0 ? 0 : (shift + Spec.Stride - 1) / Spec.Stride;
        int to = (extent - 1 + shift) / Spec.Stride + 1;
        if (extent - 1 + shift < 0) to = 0;
        return (from, Math.Min(outputs, to));
    }
}

/// <summary>
/// Convolution as sums of small matrix products, one for each tap of the kernel and row of the image: a row of pixels (every
/// stride-th) is a matrix of pixels × channels as it lies, so nothing is gathered or copied. Any kernel, stride and padding.
/// </summary>
static unsafe class DirectConvolution<V> where V : unmanaged, ISimd<V>
{
    /// <summary>y = conv(x, W) + bias + perSample + residual</summary>
    public static void Forward(
        CpuDevice device, ConvShape s, float* x, float* w, float* bias, float* perSample, float* residual, float* y)
    {
        int stride = s.In * Gemm.PackedColumns<V>(s.Out);
        SharedMemory packed = device.RentShared((long)s.Taps * stride);
        fixed (float* p = &packed.First(0))
        {
            device.Workers.For(s.Taps, new PackJob((nint)w, s.In * s.Out, s.Out, 1, s.In, s.Out, (nint)p, stride));
            device.Workers.For(
                s.Samples * s.OutHeight, new ForwardJob(s, (nint)x, (nint)p, stride, (nint)bias, (nint)perSample, (nint)residual, (nint)y));
        }
        packed.Release();
    }

    /// <summary>Packs the matrix of one tap.</summary>
    readonly record struct PackJob(nint W, int TapStride, nint RowStride, nint ColumnStride, int K, int N, nint Packed, int PackedStride) : IJob
    {
        public void Run(int tap, int worker) => Gemm.Pack<V>(
            new Matrix((float*)W + (nint)tap * TapStride, RowStride, ColumnStride), K, N, 0, N, (float*)Packed + (nint)tap * PackedStride);
    }

    /// <summary>One row of the output.</summary>
    readonly record struct ForwardJob(
        ConvShape S, nint X, nint Packed, int PackedStride, nint Bias, nint PerSample, nint Residual, nint Y) : IJob
    {
        public void Run(int index, int worker)
        {
            int n = index / S.OutHeight, oy = index % S.OutHeight, kernel = S.Spec.Kernel, stride = S.Spec.Stride;
            nint first = (nint)index * S.OutWidth * S.Out;
            float* y = (float*)Y + first;
            StartRow(y, n, first);
            for (int ky = 0; ky < kernel; ky++)
            {
                int iy = oy * stride + ky - S.Spec.Padding;
                if ((uint)iy >= (uint)S.Height) continue;
                float* row = (float*)X + ((nint)n * S.Height + iy) * S.Width * S.In;
                for (int kx = 0; kx < kernel; kx++)
                {
                    (int from, int to) = S.OutputsOf(kx, S.Width, S.OutWidth);
                    if (from >= to) continue;
                    var a = new Matrix(row + (nint)(from * stride + kx - S.Spec.Padding) * S.In, (nint)stride * S.In, 1);
                    float* b = (float*)Packed + (nint)(ky * kernel + kx) * PackedStride;
                    Gemm.Multiply<V>(to - from, S.Out, S.In, a, b, y + (nint)from * S.Out, S.Out, accumulate: true);
                }
            }
        }

        void StartRow(float* y, int n, nint first)
        {
            float* perSample = PerSample == 0 ? null : (float*)PerSample + (nint)n * S.Out;
            for (int ox = 0; ox < S.OutWidth; ox++)
            {
                float* residual = Residual == 0 ? null : (float*)Residual + first + (nint)ox * S.Out;
                Rows.Start<V>(y + (nint)ox * S.Out, (float*)Bias, perSample, residual, S.Out);
            }
        }
    }

    /// <summary>
    /// dx (+)= the gradient of x, plus bias if given. Seen from an input pixel only every stride-th tap meets an output, so the
    /// pixels of one row fall into stride classes, each a plain product with its own taps.
    /// </summary>
    public static void GradInput(CpuDevice device, ConvShape s, float* dy, float* w, float* bias, float* dx, bool accumulate)
    {
        int stride = s.Out * Gemm.PackedColumns<V>(s.In);
        SharedMemory packed = device.RentShared((long)s.Taps * stride);
        fixed (float* p = &packed.First(0))
        {
            device.Workers.For(s.Taps, new PackJob((nint)w, s.In * s.Out, 1, s.Out, s.Out, s.In, (nint)p, stride));
            device.Workers.For(s.Samples * s.Height, new GradInputJob(s, (nint)dy, (nint)p, stride, (nint)bias, (nint)dx, accumulate));
        }
        packed.Release();
    }

    /// <summary>One row of dx.</summary>
    readonly record struct GradInputJob(ConvShape S, nint Dy, nint Packed, int PackedStride, nint Bias, nint Dx, bool Accumulate) : IJob
    {
        public void Run(int index, int worker)
        {
            int n = index / S.Height, iy = index % S.Height, kernel = S.Spec.Kernel, stride = S.Spec.Stride;
            float* dx = (float*)Dx + (nint)index * S.Width * S.In;
            for (int ix = 0; ix < S.Width && (!Accumulate || Bias != 0); ix++)
                Rows.Start<V>(dx + (nint)ix * S.In, (float*)Bias, null, Accumulate ? dx + (nint)ix * S.In : null, S.In);
            for (int ky = 0; ky < kernel; ky++)
            {
                int up = iy + S.Spec.Padding - ky;
                if (up < 0 || up % stride != 0 || up / stride >= S.OutHeight) continue;
                float* row = (float*)Dy + ((nint)n * S.OutHeight + up / stride) * S.OutWidth * S.Out;
                for (int kx = 0; kx < kernel; kx++)
                {
                    (int from, int to) = S.OutputsOf(kx, S.Width, S.OutWidth);
                    if (from >= to) continue;
                    float* target = dx + (nint)(from * stride + kx - S.Spec.Padding) * S.In;
                    float* b = (float*)Packed + (nint)(ky * kernel + kx) * PackedStride;
                    var a = new Matrix(row + (nint)from * S.Out, S.Out, 1);
                    Gemm.Multiply<V>(to - from, S.In, S.Out, a, b, target, (nint)stride * S.In, accumulate: true);
                }
            }
        }
    }

    /// <summary>dW += the gradient of W: for each tap the product of a shifted row of x, transposed, with a row of dy.</summary>
    public static void GradWeight(CpuDevice device, ConvShape s, float* x, float* dy, float* dw)
    {
        int rows = s.Samples * s.OutHeight, length = s.Taps * s.In * s.Out;
        int slots = Math.Clamp(rows / 64, 1, 8), chunk = (rows + slots - 1) / slots;
        SharedMemory partial = device.RentShared((long)slots * length);
        fixed (float* p = &partial.First(0))
        {
            device.Workers.For(slots * s.Spec.Kernel, new GradWeightJob(s, chunk, (nint)x, (nint)dy, (nint)p));
            Rows.SumSlots<V>(device, p, slots, length, dw);
        }
        partial.Release();
    }

    /// <summary>One row of taps over one chunk of output rows.</summary>
    readonly record struct GradWeightJob(ConvShape S, int Chunk, nint X, nint Dy, nint Partial) : IJob
    {
        public void Run(int index, int worker)
        {
            int kernel = S.Spec.Kernel, slot = index / kernel, ky = index % kernel, matrix = S.In * S.Out;
            float* target = (float*)Partial + ((nint)slot * S.Taps + ky * kernel) * matrix;
            new Span<float>(target, kernel * matrix).Clear();
            int last = Math.Min(S.Samples * S.OutHeight, (slot + 1) * Chunk);
            for (int row = slot * Chunk; row < last; row++)
            {
                int n = row / S.OutHeight, iy = row % S.OutHeight * S.Spec.Stride + ky - S.Spec.Padding;
                if ((uint)iy >= (uint)S.Height) continue;
                AddRow((float*)X + ((nint)n * S.Height + iy) * S.Width * S.In, (float*)Dy + (nint)row * S.OutWidth * S.Out, target, matrix);
            }
        }

        void AddRow(float* x, float* dy, float* target, int matrix)
        {
            for (int kx = 0; kx < S.Spec.Kernel; kx++)
            {
                (int from, int to) = S.OutputsOf(kx, S.Width, S.OutWidth);
                if (from >= to) continue;
                var a = new Matrix(x + (nint)(from * S.Spec.Stride + kx - S.Spec.Padding) * S.In, 1, (nint)S.Spec.Stride * S.In);
                float* b = dy + (nint)from * S.Out;
                Gemm.MultiplyInPlace<V>(S.In, S.Out, to - from, a, b, S.Out, target + (nint)kx * matrix, S.Out, accumulate: true);
            }
        }
    }
}
