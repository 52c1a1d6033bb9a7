using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>
/// Sums of many numbers: in float over blocks of fixed size, in double over blocks, first to last. The grouping belongs to the
/// data: it depends neither on the threads nor on the vector width.
/// </summary>
static unsafe class Reduce
{
    const int Block = 4096;
    const int BlocksPerJob = 16;         // a job of one block is over before another thread has claimed the next
    const int Chains = 16;               // partial sums within a block: the lanes of the widest vector

    /// <summary>Σ f(x)</summary>
    public static double Sum<V, TOp>(CpuDevice device, float* x, int count) where V : unmanaged, ISimd<V> where TOp : struct, IElementOp
    {
        double sum = 0;
        Sums<V, TOp>(device, x, null, 0, count, new Span<double>(ref sum));
        return sum;
    }

    /// <summary>sums[n] = Σ f(x, z, b) over sample n; samples lie one after the other.</summary>
    public static void Sums<V, TOp>(CpuDevice device, float* x, float* z, float b, int length, Span<double> sums)
        where V : unmanaged, ISimd<V> where TOp : struct, IElementOp
    {
        var blocks = new SampleBlocks(sums.Length, length, Block, BlocksPerJob);
        SharedMemory slots = device.RentShared(2L * blocks.Count);
        fixed (float* s = &slots.First(0))
        {
            device.Workers.For(blocks.Jobs, new SumJob<V, TOp>((nint)x, (nint)z, b, blocks, (nint)s));
            blocks.AddUp((double*)s, sums);
        }
        slots.Release();
    }

    readonly record struct SumJob<V, TOp>(nint X, nint Z, float B, SampleBlocks Blocks, nint Results) : IJob
        where V : unmanaged, ISimd<V> where TOp : struct, IElementOp
    {
        public void Run(int index, int worker)
        {
            (int first, int end) = Blocks.OfJob(index);
            for (int block = first; block < end; block++)
            {
                (int sample, int from, int count) = Blocks.At(block);
                nint at = (nint)sample * Blocks.Length + from;
                ((double*)Results)[block] = BlockSum<V, TOp>((float*)X + at, Z == 0 ? null : (float*)Z + at, B, count);
            }
        }
    }

    static double BlockSum<V, TOp>(float* x, float* z, float b, int count) where V : unmanaged, ISimd<V> where TOp : struct, IElementOp
    {
        // One vector of chains at a time, in a register: the block stays in the first-level cache meanwhile.
        float* chains = stackalloc float[Chains];
        int whole = count / Chains * Chains, i = whole;
        for (int j = 0; j < Chains; j += V.Lanes)
        {
            V chain = V.Zero;
            for (int at = j; at < whole; at += Chains) chain += TOp.Invoke(V.Load(x + at), z == null ? V.Zero : V.Load(z + at), V.Zero, V.Splat(b));
            V.Store(chains + j, chain);
        }
        double total = 0;
        for (int j = 0; j < Chains; j++) total += chains[j];
        float value;
        for (; i < count; i++)
        {
            V1.Store(&value, TOp.Invoke(V1.Load(x + i), z == null ? V1.Zero : V1.Load(z + i), V1.Zero, V1.Splat(b)));
            total += value;
        }
        return total;
    }

    /// <summary>x</summary>
    public readonly struct Identity : IElementOp
    {
        public static V Invoke<V>(V x, V z, V a, V b) where V : unmanaged, ISimd<V> => x;
    }

    /// <summary>x²</summary>
    public readonly struct Square : IElementOp
    {
        public static V Invoke<V>(V x, V z, V a, V b) where V : unmanaged, ISimd<V> => x * x;
    }
}
