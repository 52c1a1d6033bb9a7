using System.Runtime.CompilerServices;
using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>
/// Losses of d = x − z, with derivatives times a below them; b is the threshold or scale where a loss has one. What is not a number stays
/// so, or a broken step would pass for a good one.
/// </summary>
static unsafe class PixelLosses
{
    /// <summary>sums[n] = Σ f(x − z) over sample n.</summary>
    public static void Sums<V>(LossSpec spec, CpuDevice device, float* x, float* z, int length, Span<double> sums) where V : unmanaged, ISimd<V>
    {
        switch (spec.Op)
        {
            case LossOp.Squared: Reduce.Sums<V, Squared>(device, x, z, spec.Scale, length, sums); break;
            case LossOp.Absolute: Reduce.Sums<V, Absolute>(device, x, z, spec.Scale, length, sums); break;
            case LossOp.Huber: Reduce.Sums<V, Huber>(device, x, z, spec.Scale, length, sums); break;
            case LossOp.PseudoHuber: Reduce.Sums<V, PseudoHuber>(device, x, z, spec.Scale, length, sums); break;
            default: throw new NotSupportedException($"{device.Name} has no kernel for {spec.Op}.");
        }
    }

    /// <summary>dx (+)= scales[n]·f'(x − z) in every sample n.</summary>
    public static void Gradients<V>(
        LossSpec spec, CpuDevice device, float* x, float* z, ReadOnlySpan<float> scales, float* dx, int length, bool accumulate)
        where V : unmanaged, ISimd<V>
    {
        switch (spec.Op)
        {
            case LossOp.Squared: Elementwise.MapPerSample<V, SquaredGrad>(device, x, z, scales, [spec.Scale], dx, length, accumulate); break;
            case LossOp.Absolute: Elementwise.MapPerSample<V, AbsoluteGrad>(device, x, z, scales, [spec.Scale], dx, length, accumulate); break;
            case LossOp.Huber: Elementwise.MapPerSample<V, HuberGrad>(device, x, z, scales, [spec.Scale], dx, length, accumulate); break;
            case LossOp.PseudoHuber: Elementwise.MapPerSample<V, PseudoHuberGrad>(device, x, z, scales, [spec.Scale], dx, length, accumulate); break;
            default: throw new NotSupportedException($"{device.Name} has no kernel for {spec.Op}.");
        }
    }

    /// <summary>d²</summary>
    public readonly struct Squared : IElementOp
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Invoke<V>(V x, V z, V a, V b) where V : unmanaged, ISimd<V> => (x - z) * (x - z);
    }

    /// <summary>2·d</summary>
    public readonly struct SquaredGrad : IElementOp
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Invoke<V>(V x, V z, V a, V b) where V : unmanaged, ISimd<V>
        {
            V twice = a + a;
            return V.Fma(twice, x, (V.Zero - twice) * z);
        }
    }

    /// <summary>|d|</summary>
    public readonly struct Absolute : IElementOp
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Invoke<V>(V x, V z, V a, V b) where V : unmanaged, ISimd<V> => V.SelectGreater(z, x, z - x, x - z);
    }

    /// <summary>sign(d), which is 0 at 0</summary>
    public readonly struct AbsoluteGrad : IElementOp
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Invoke<V>(V x, V z, V a, V b) where V : unmanaged, ISimd<V>
        {
            V d = x - z;
            return V.SelectGreater(d, V.Zero, a, V.SelectGreater(V.Zero, d, V.Zero - a, d));
        }
    }

    /// <summary>½d² up to b, b·(|d| − ½b) beyond: both are k·(d − ½k), where k is d limited to ±b.</summary>
    public readonly struct Huber : IElementOp
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Invoke<V>(V x, V z, V a, V b) where V : unmanaged, ISimd<V>
        {
            V d = x - z, k = Limited(d, b);
            return k * V.FmaNegated(k, V.Splat(0.5f), d);
        }
    }

    /// <summary>d limited to ±b</summary>
    public readonly struct HuberGrad : IElementOp
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Invoke<V>(V x, V z, V a, V b) where V : unmanaged, ISimd<V> => a * Limited(x - z, b);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static V Limited<V>(V d, V b) where V : unmanaged, ISimd<V> => V.Min(b, V.Max(V.Zero - b, d));

    /// <summary>√(d² + b²) − b, as d²/(√(d² + b²) + b): the difference of two nearly equal numbers would lose digits.</summary>
    public readonly struct PseudoHuber : IElementOp
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Invoke<V>(V x, V z, V a, V b) where V : unmanaged, ISimd<V>
        {
            V d = x - z;
            return d * d / (Root(d, b) + b);
        }
    }

    /// <summary>d/√(d² + b²)</summary>
    public readonly struct PseudoHuberGrad : IElementOp
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Invoke<V>(V x, V z, V a, V b) where V : unmanaged, ISimd<V>
        {
            V d = x - z;
            return a * d / Root(d, b);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static V Root<V>(V d, V b) where V : unmanaged, ISimd<V> => V.Sqrt(V.Fma(d, d, b * b));
}
