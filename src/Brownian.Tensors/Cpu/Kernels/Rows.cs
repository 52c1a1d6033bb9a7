using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>Small passes over rows of contiguous floats that larger kernels share.</summary>
static unsafe class Rows
{
    /// <summary>y = bias + perSample + residual; each of them may be null, and residual may be y itself.</summary>
    public static void Start<V>(float* y, float* bias, float* perSample, float* residual, int count) where V : unmanaged, ISimd<V>
    {
        int i = 0;
        for (; i + V.Lanes <= count; i += V.Lanes) V.Store(y + i, StartAt<V>(bias, perSample, residual, i));
        for (; i < count; i++) V1.Store(y + i, StartAt<V1>(bias, perSample, residual, i));
    }

    /// <summary>The lanes at offset i of bias + perSample + residual, absent terms being zero.</summary>
    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.AggressiveInlining)]
    public static V StartAt<V>(float* bias, float* perSample, float* residual, int i) where V : unmanaged, ISimd<V>
    {
        V sum = bias == null ? V.Zero : V.Load(bias + i);
        if (perSample != null) sum += V.Load(perSample + i);
        if (residual != null) sum += V.Load(residual + i);
        return sum;
    }

    /// <summary>target = source·factor</summary>
    public static void Scale<V>(float* target, float* source, float factor, int count) where V : unmanaged, ISimd<V>
    {
        int i = 0;
        for (; i + V.Lanes <= count; i += V.Lanes) V.Store(target + i, V.Load(source + i) * V.Splat(factor));
        for (; i < count; i++) target[i] = source[i] * factor;
    }

    /// <summary>target += source</summary>
    public static void Add<V>(float* target, float* source, int count) where V : unmanaged, ISimd<V>
    {
        int i = 0;
        for (; i + V.Lanes <= count; i += V.Lanes) V.Store(target + i, V.Load(target + i) + V.Load(source + i));
        for (; i < count; i++) target[i] += source[i];
    }

    /// <summary>target += the slots, first to last: partial sums that different threads computed, in an order that none of them decides.</summary>
    public static void SumSlots<V>(CpuDevice device, float* slots, int count, int length, float* target) where V : unmanaged, ISimd<V> =>
        device.Workers.For((length + SumBlock - 1) / SumBlock, new SumSlotsJob<V>((nint)slots, count, length, (nint)target));

    const int SumBlock = 8192;

    readonly record struct SumSlotsJob<V>(nint Slots, int Count, int Length, nint Target) : IJob where V : unmanaged, ISimd<V>
    {
        public void Run(int index, int worker)
        {
            int from = index * SumBlock, count = Math.Min(SumBlock, Length - from);
            for (int slot = 0; slot < Count; slot++)
                Add<V>((float*)Target + from, (float*)Slots + (nint)slot * Length + from, count);
        }
    }
}
