using System.Runtime.Intrinsics;
using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tensors.Cpu;

/// <summary>How many floats a kernel handles at once.</summary>
enum SimdWidth
{
    Scalar = 1,
    V128 = 4,
    V256 = 8,
    V512 = 16,
}

/// <summary>
/// The processor as a device: a memory pool, worker threads, and kernels instantiated for one vector width
/// (<see cref="CpuDevice{V}"/>, in <c>CpuDevice.Kernels.cs</c>).
/// </summary>
abstract unsafe class CpuDevice : Device
{
    readonly CpuPool _pool = new();
    float[] _scratch = [];

    private protected CpuDevice(int threads, string instructions)
    {
        Workers = new Workers(threads);
        Name = $"CPU, {threads} {(threads == 1 ? "thread" : "threads")}, {instructions}";
        Instructions = instructions;
    }

    /// <summary>The widest vectors for which this machine has instructions.</summary>
    public static SimdWidth BestWidth =>
        Vector512.IsHardwareAccelerated ? SimdWidth.V512 :
        Vector256.IsHardwareAccelerated ? SimdWidth.V256 :
        Vector128.IsHardwareAccelerated ? SimdWidth.V128 : SimdWidth.Scalar;

    public override string Name { get; }

    public override int Threads => Workers.Count;

    public override string Instructions { get; }

    public override DeviceMemory Memory => _pool.Memory;

    public Workers Workers { get; }

    /// <param name="threads">How many threads compute; 0 for as many as there are processors.</param>
    /// <param name="width">The vector width of all kernels; widths without hardware support run, slowly.</param>
    public static CpuDevice Create(int threads, SimdWidth width)
    {
        if (threads is < 0 or > 1024) throw new ArgumentException($"{threads} threads; give 1 to 1024, or 0 for as many as there are processors.");
        if (threads == 0) threads = Environment.ProcessorCount;
        return width switch
        {
            SimdWidth.V512 => new CpuDevice<V512>(threads, "AVX-512"),
            SimdWidth.V256 => new CpuDevice<V256>(threads, "AVX2"),
            SimdWidth.V128 => new CpuDevice<V128>(threads, System.Runtime.Intrinsics.Arm.AdvSimd.IsSupported ? "Neon" : "128-bit"),
            _ => new CpuDevice<V1>(threads, "scalar"),
        };
    }

    /// <summary>
    /// Private memory for each worker of one kernel call. The same block serves every call; it grows and never shrinks.
    /// </summary>
    /// <returns>The block of worker 0; that of worker w starts w × <paramref name="floatsPerWorker"/> floats later.</returns>
    public float* Scratch(int floatsPerWorker)
    {
        long needed = (long)floatsPerWorker * Workers.Count;
        if (_scratch.Length < needed + 16) _scratch = GC.AllocateUninitializedArray<float>(checked((int)needed + 16), pinned: true);
        nuint first = (nuint)System.Runtime.CompilerServices.Unsafe.AsPointer(ref System.Runtime.InteropServices.MemoryMarshal.GetArrayDataReference(_scratch));
        return (float*)((first + 63) & ~(nuint)63);
    }

    /// <summary>Memory that all workers of one kernel call share; give it back with <see cref="SharedMemory.Release"/>.</summary>
    public SharedMemory RentShared(long floats) => new(_pool, _pool.Rent(checked((int)floats), scoped: false));

    internal override Storage Allocate(int floats) => new CpuStorage(this, _pool, _pool.Rent(floats, scoped: ScopeIsOpen));

    internal override void Upload(ReadOnlySpan<float> source, Tensor target)
    {
        fixed (float* y = target) source.CopyTo(new Span<float>(y, source.Length));
    }

    internal override void Download(Tensor source, Span<float> target)
    {
        fixed (float* x = source) new ReadOnlySpan<float>(x, target.Length).CopyTo(target);
    }

    protected override void Dispose(bool disposing)
    {
        if (!disposing) return;
        Workers.Dispose();
        _pool.Clear();
    }
}
