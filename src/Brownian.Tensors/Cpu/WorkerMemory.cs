namespace Brownian.Tensors.Cpu;

/// <summary>Private memory of each worker, from <see cref="CpuDevice.Scratch"/>: blocks that start a stride apart.</summary>
/// <param name="First">The block of worker 0, aligned to a cache line.</param>
/// <param name="Stride">From one block to the next, in floats.</param>
readonly record struct WorkerMemory(nint First, nint Stride)
{
    /// <summary>
    /// How many floats, 2 MB, lie unused between two blocks; pages that nobody touches take no memory. Side by side,
    /// Winograd's transforms, which write 36 streams 16 KB apart, took twice as long. Most likely the processor foresees such strides, fetches
    /// past the end of a block, for writing too, and so takes lines of the next block away from another core.
    /// </summary>
    public const int Gap = 1 << 19;

    /// <summary>The block of a worker.</summary>
    public unsafe float* Of(int worker) => (float*)First + worker * Stride;
}
