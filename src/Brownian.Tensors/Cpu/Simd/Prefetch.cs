using System.Runtime.Intrinsics.X86;

namespace Brownian.Tensors.Cpu.Simd;

/// <summary>Hints to the cache, for access patterns that the hardware does not foresee; nothing where there is no such instruction.</summary>
static unsafe class Prefetch
{
    /// <summary>Fetches a cache line into the second level. Any address is allowed.</summary>
    public static void SecondLevel(float* address)
    {
        if (Sse.IsSupported) Sse.Prefetch1(address);
    }
}
