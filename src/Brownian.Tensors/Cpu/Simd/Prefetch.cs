using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Brownian.Tensors.Cpu.Simd;

/// <summary>Hints to the cache, for access patterns that the hardware does not foresee; nothing where there is no such instruction.</summary>
static unsafe class Prefetch
{
    /// <summary>Fetches a cache line into the first level. Any address is allowed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void FirstLevel(float* address)
    {
        if (Sse.IsSupported) Sse.Prefetch0(address);
    }

    /// <summary>The same into the second level.</summary>
    public static void SecondLevel(float* address)
    {
        if (Sse.IsSupported) Sse.Prefetch1(address);
    }
}
