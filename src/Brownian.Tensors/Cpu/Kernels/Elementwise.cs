using System.Runtime.CompilerServices;
using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>A function of two numbers and two coefficients, applied element by element.</summary>
interface IElementOp
{
    static abstract V Invoke<V>(V x, V z, V a, V b) where V : unmanaged, ISimd<V>;
}

/// <summary>Passes over contiguous numbers, cut into blocks of fixed size.</summary>
static unsafe class Elementwise
{
    const int Block = 16384;

    /// <summary>a·x + b·z</summary>
    public readonly struct Affine : IElementOp
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Invoke<V>(V x, V z, V a, V b) where V : unmanaged, ISimd<V> => V.Fma(a, x, b * z);
    }

    /// <summary>x·z</summary>
    public readonly struct Multiply : IElementOp
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Invoke<V>(V x, V z, V a, V b) where V : unmanaged, ISimd<V> => x * z;
    }

    /// <summary>x limited to [a, b]</summary>
    public readonly struct Clamp : IElementOp
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Invoke<V>(V x, V z, V a, V b) where V : unmanaged, ISimd<V> => V.Min(b, V.Max(a, x));
    }

    /// <summary>x·σ(x)</summary>
    public readonly struct Silu : IElementOp
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Invoke<V>(V x, V z, V a, V b) where V : unmanaged, ISimd<V> => x * VectorMath.Sigmoid(x);
    }

    /// <summary>z·silu'(x)</summary>
    public readonly struct SiluGrad : IElementOp
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Invoke<V>(V x, V z, V a, V b) where V : unmanaged, ISimd<V> => z * SiluSlope(x);
    }

    /// <summary>x·w with w = tanh(ln(1 + eˣ))</summary>
    public readonly struct Mish : IElementOp
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Invoke<V>(V x, V z, V a, V b) where V : unmanaged, ISimd<V>
        {
            V e = MishExp(x), n = e * (e + V.Splat(2f));
            return x * (n / (n + V.Splat(2f)));
        }
    }

    /// <summary>z·mish'(x), mish' = w + x·w'. With n = eˣ·(eˣ + 2): w = n/(n + 2) and w' = 4·eˣ·(eˣ + 1)/(n + 2)².</summary>
    public readonly struct MishGrad : IElementOp
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Invoke<V>(V x, V z, V a, V b) where V : unmanaged, ISimd<V>
        {
            V e = MishExp(x), n = e * (e + V.Splat(2f)), inverse = V.Splat(1f) / (n + V.Splat(2f));
            V slope = V.Splat(4f) * e * (e + V.Splat(1f)) * inverse * inverse;
            return z * V.Fma(x, slope, n * inverse);
        }
    }

    // Beyond 20 w is 1 in float32, and the squares of eˣ stay finite.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static V MishExp<V>(V x) where V : unmanaged, ISimd<V> => VectorMath.Exp(V.Min(V.Splat(20f), x));

    /// <summary>max(x, 0); what is not a number stays so, or a broken step would pass for a good one.</summary>
    public readonly struct Relu : IElementOp
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Invoke<V>(V x, V z, V a, V b) where V : unmanaged, ISimd<V> => V.SelectGreater(V.Zero, x, V.Zero, x);
    }

    /// <summary>z where x is positive</summary>
    public readonly struct ReluGrad : IElementOp
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Invoke<V>(V x, V z, V a, V b) where V : unmanaged, ISimd<V> => V.SelectGreater(x, V.Zero, z, V.Zero);
    }

    /// <summary>x·Φ(x)</summary>
    public readonly struct Gelu : IElementOp
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Invoke<V>(V x, V z, V a, V b) where V : unmanaged, ISimd<V> => x * VectorMath.Normal(x, out _);
    }

    /// <summary>z·gelu'(x), gelu' = Φ(x) + x·φ(x) with φ(x) = e^(−x²/2)/√(2π)</summary>
    public readonly struct GeluGrad : IElementOp
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Invoke<V>(V x, V z, V a, V b) where V : unmanaged, ISimd<V>
        {
            V share = VectorMath.Normal(x, out V bell);
            return z * V.Fma(x * bell, V.Splat(0.398942280f), share);
        }
    }

    /// <summary>d(x·σ)/dx = σ·(1 + x·(1 − σ))</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V SiluSlope<V>(V x) where V : unmanaged, ISimd<V>
    {
        V sigma = VectorMath.Sigmoid(x);
        return sigma * V.Fma(x, V.Splat(1f) - sigma, V.Splat(1f));
    }

    /// <summary>y = value</summary>
    public static void Fill(CpuDevice device, float* y, float value, int count) =>
        device.Workers.For((count + FillBlock - 1) / FillBlock, new FillJob((nint)y, value, count));

    const int FillBlock = 4 * Block;

    readonly record struct FillJob(nint Y, float Value, int Count) : IJob
    {
        public void Run(int index, int worker) => new Span<float>((float*)Y + (nint)index * FillBlock, Math.Min(FillBlock, Count - index * FillBlock)).Fill(Value);
    }

    /// <summary>y (+)= op(x, z, a, b); z may be null.</summary>
    public static void Map<V, TOp>(CpuDevice device, float* x, float* z, float a, float b, float* y, int count, bool accumulate)
        where V : unmanaged, ISimd<V> where TOp : struct, IElementOp =>
        device.Workers.For((count + Block - 1) / Block, new MapJob<V, TOp>((nint)x, (nint)z, a, b, (nint)y, count, accumulate));

    readonly record struct MapJob<V, TOp>(nint X, nint Z, float A, float B, nint Y, int Count, bool Accumulate) : IJob
        where V : unmanaged, ISimd<V> where TOp : struct, IElementOp
    {
        public void Run(int index, int worker)
        {
            int from = index * Block, count = Math.Min(Block, Count - from);
            Map<V, TOp>((float*)X + from, Z == 0 ? null : (float*)Z + from, A, B, (float*)Y + from, count, Accumulate);
        }
    }

    /// <summary>y (+)= op(x, z, a[n], b[n]) in every sample n; where b has one number only, it is that of all samples.</summary>
    public static void MapPerSample<V, TOp>(
        CpuDevice device, float* x, float* z, ReadOnlySpan<float> a, ReadOnlySpan<float> b, float* y, int length, bool accumulate)
        where V : unmanaged, ISimd<V> where TOp : struct, IElementOp
    {
        var blocks = new SampleBlocks(a.Length, length, Block);
        fixed (float* pa = a, pb = b)
        {
            var coefficients = new Coefficients((nint)pa, (nint)pb, b.Length == 1 ? 0 : 1);
            device.Workers.For(blocks.Jobs, new MapPerSampleJob<V, TOp>((nint)x, (nint)z, coefficients, (nint)y, blocks, accumulate));
        }
    }

    readonly record struct Coefficients(nint A, nint B, int StepB);

    readonly record struct MapPerSampleJob<V, TOp>(nint X, nint Z, Coefficients By, nint Y, SampleBlocks Blocks, bool Accumulate) : IJob
        where V : unmanaged, ISimd<V> where TOp : struct, IElementOp
    {
        public void Run(int index, int worker)
        {
            (int first, int end) = Blocks.OfJob(index);
            for (int block = first; block < end; block++)
            {
                (int n, int from, int count) = Blocks.At(block);
                nint at = (nint)n * Blocks.Length + from;
                float a = ((float*)By.A)[n], b = ((float*)By.B)[n * By.StepB];
                Map<V, TOp>((float*)X + at, (float*)Z + at, a, b, (float*)Y + at, count, Accumulate);
            }
        }
    }

    /// <summary>y (+)= op(x, z, a, b) on the calling thread; z may be null.</summary>
    public static void Map<V, TOp>(float* x, float* z, float a, float b, float* y, int count, bool accumulate)
        where V : unmanaged, ISimd<V> where TOp : struct, IElementOp
    {
        int i = 0;
        for (; i + V.Lanes <= count; i += V.Lanes) MapAt<V, TOp>(x, z, a, b, y, i, accumulate);
        for (; i < count; i++) MapAt<V1, TOp>(x, z, a, b, y, i, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void MapAt<V, TOp>(float* x, float* z, float a, float b, float* y, int i, bool accumulate)
        where V : unmanaged, ISimd<V> where TOp : struct, IElementOp
    {
        V value = TOp.Invoke(V.Load(x + i), z == null ? V.Zero : V.Load(z + i), V.Splat(a), V.Splat(b));
        if (accumulate) value += V.Load(y + i);
        V.Store(y + i, value);
    }
}
