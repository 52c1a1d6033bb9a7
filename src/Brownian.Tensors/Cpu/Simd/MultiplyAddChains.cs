using System.Runtime.CompilerServices;

namespace Brownian.Tensors.Cpu.Simd;

/// <summary>
/// Chains of fused multiply-adds that never leave the registers: the most that one thread can do with vectors of a width. Two units with a
/// latency of four or five cycles need eight to ten independent chains; twelve and their two constants fit into the sixteen registers of AVX2.
/// </summary>
static unsafe class MultiplyAddChains
{
    public const int Count = 12;

    /// <summary>Runs <paramref name="iterations"/> × <see cref="Count"/> multiply-adds of <see cref="ISimd{V}.Lanes"/> floats.</summary>
    /// <returns>A number that depends on all of them, so that none can be left out.</returns>
    // Optimised at once: the loop runs few times, so tiered compilation would time its slow first version.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Run<V>(int iterations) where V : unmanaged, ISimd<V>
    {
        V scale = V.Splat(0.999f), shift = V.Splat(0.001f);        // tends to 1: neither infinities nor denormals
        V c0 = shift, c1 = shift, c2 = shift, c3 = shift, c4 = shift, c5 = shift;
        V c6 = shift, c7 = shift, c8 = shift, c9 = shift, ca = shift, cb = shift;
        for (int i = 0; i < iterations; i++)
        {
            c0 = V.Fma(c0, scale, shift);
            c1 = V.Fma(c1, scale, shift);
            c2 = V.Fma(c2, scale, shift);
            c3 = V.Fma(c3, scale, shift);
            c4 = V.Fma(c4, scale, shift);
            c5 = V.Fma(c5, scale, shift);
            c6 = V.Fma(c6, scale, shift);
            c7 = V.Fma(c7, scale, shift);
            c8 = V.Fma(c8, scale, shift);
            c9 = V.Fma(c9, scale, shift);
            ca = V.Fma(ca, scale, shift);
            cb = V.Fma(cb, scale, shift);
        }
        V sum = c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9 + ca + cb;
        float* lanes = stackalloc float[V.Lanes];
        V.Store(lanes, sum);
        return lanes[0];
    }
}
