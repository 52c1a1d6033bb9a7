using System.Runtime.Intrinsics.Arm;
using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tensors.Cpu;

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

    public override string Name { get; }

    public override int Threads => Workers.Count;

    public override string Instructions { get; }

    public override DeviceMemory Memory => _pool.Memory;

    public override void ForgetPeak()
    {
        using DeviceTurn turn = TakeTurn();
        _pool.ForgetPeak();
    }

    public Workers Workers { get; }

    /// <param name="threads">How many threads compute; 0 for one per physical core.</param>
    /// <param name="width">The vector width of all kernels; widths without hardware support run, slowly.</param>
    public static CpuDevice Create(int threads, SimdWidth width)
    {
        if (threads is < 0 or > 1024) throw new ArgumentException($"{threads} threads; give 1 to 1024, or 0 for one per physical core.");
        if (threads == 0) threads = Processor.Cores;
        string name = NameOf(width);
        return width switch
        {
            SimdWidth.V512 => new CpuDevice<V512>(threads, name),
            SimdWidth.V256 => new CpuDevice<V256>(threads, name),
            SimdWidth.V128 => new CpuDevice<V128>(threads, name),
            _ => new CpuDevice<V1>(threads, name),
        };
    }

    /// <summary>The instruction set of a width, as a user would name it.</summary>
    public static string NameOf(SimdWidth width) => width switch
    {
        SimdWidth.V512 => "AVX-512",
        SimdWidth.V256 => "AVX2",
        SimdWidth.V128 => AdvSimd.IsSupported ? "Neon" : "128-bit",
        _ => "scalar",
    };

    /// <summary>
    /// Private memory for each worker of one kernel call. The same memory serves every call; it grows and never shrinks.
    /// </summary>
    public WorkerMemory Scratch(int floatsPerWorker)
    {
        nint stride = (floatsPerWorker + 15) / 16 * 16 + WorkerMemory.Gap;
        nint needed = stride * Workers.Count + 16;
        if (_scratch.Length < needed) _scratch = GC.AllocateUninitializedArray<float>(checked((int)needed), pinned: true);
        nint first = (nint)System.Runtime.CompilerServices.Unsafe.AsPointer(ref System.Runtime.InteropServices.MemoryMarshal.GetArrayDataReference(_scratch));
        return new WorkerMemory((first + 63) & ~(nint)63, stride);
    }

    /// <summary>Memory that all workers of one kernel call share; give it back with <see cref="SharedMemory.Release"/>.</summary>
    public SharedMemory RentShared(long floats) => new(_pool, _pool.Rent(checked((int)floats), scoped: false));

    public override Storage Allocate(int floats, bool scoped) => new CpuStorage(this, _pool, _pool.Rent(floats, scoped));

    public override void Upload(ReadOnlySpan<float> source, Tensor target)
    {
        fixed (float* y = target) source.CopyTo(new Span<float>(y, source.Length));
    }

    public override void Download(Tensor source, Span<float> target)
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
