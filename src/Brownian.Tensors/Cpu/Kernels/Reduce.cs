using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>
/// Sums of many numbers: in float over blocks of fixed size, in double over blocks, first to last. The grouping belongs to the
/// data: it depends neither on the threads nor on the vector width.
/// </summary>
static unsafe class Reduce
{
    const int Block = 4096;
    const int BlocksPerJob = 16;
    const int Chains = 16;               // partial sums within a block: the lanes of the widest vector

    /// <summary>Σ f(x, z)</summary>
    public static double Sum<V, TOp>(CpuDevice device, float* x, float* z, int count) where V : unmanaged, ISimd<V> where TOp : struct, IElementOp
    {
        int blocks = (count + Block - 1) / Block;
        SharedMemory slots = device.RentShared(2L * blocks);
        double total = 0;
        fixed (float* s = &slots.First(0))
        {
            double* partial = (double*)s;
            device.Workers.For((blocks + BlocksPerJob - 1) / BlocksPerJob, new SumJob<V, TOp>((nint)x, (nint)z, count, (nint)partial));
            for (int i = 0; i < blocks; i++) total += partial[i];
        }
        slots.Release();
        return total;
    }

    readonly record struct SumJob<V, TOp>(nint X, nint Z, int Count, nint Partial) : IJob where V : unmanaged, ISimd<V> where TOp : struct, IElementOp
    {
        public void Run(int index, int worker)
        {
            for (int block = index * BlocksPerJob, last = block + BlocksPerJob; block < last && block * Block < Count; block++)
            {
                int from = block * Block, count = Math.Min(Block, Count - from);
                ((double*)Partial)[block] = BlockSum<V, TOp>((float*)X + from, Z == 0 ? null : (float*)Z + from, count);
            }
        }
    }

    static double BlockSum<V, TOp>(float* x, float* z, int count) where V : unmanaged, ISimd<V> where TOp : struct, IElementOp
    {
        // One vector of chains at a time, in a register: the block stays in the first-level cache meanwhile.
        float* chains = stackalloc float[Chains];
        int whole = count / Chains * Chains, i = whole;
        for (int j = 0; j < Chains; j += V.Lanes)
        {
            V chain = V.Zero;
            for (int at = j; at < whole; at += Chains) chain += TOp.Invoke(V.Load(x + at), z == null ? V.Zero : V.Load(z + at), V.Zero, V.Zero);
            V.Store(chains + j, chain);
        }
        double total = 0;
        for (int j = 0; j < Chains; j++) total += chains[j];
        float value;
        for (; i < count; i++)
        {
            V1.Store(&value, TOp.Invoke(V1.Load(x + i), z == null ? V1.Zero : V1.Load(z + i), V1.Zero, V1.Zero));
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

    /// <summary>(x − z)²</summary>
    public readonly struct SquaredDifference : IElementOp
    {
        public static V Invoke<V>(V x, V z, V a, V b) where V : unmanaged, ISimd<V> => (x - z) * (x - z);
    }
}
