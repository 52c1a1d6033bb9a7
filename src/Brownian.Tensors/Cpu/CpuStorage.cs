using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Brownian.Tensors.Cpu;

/// <summary>
/// A block of a pinned managed array, aligned to a cache line. Pinned arrays never move, so kernels on other threads may hold
/// plain pointers while the caller pins; and the garbage collector owns them, so nothing leaks when nobody opened a scope.
/// </summary>
sealed class CpuStorage(CpuDevice device, CpuPool pool, PinnedBlock block) : Storage(device)
{
    PinnedBlock? _block = block;

    public override int Capacity => Block.Capacity;

    public override bool IsReleased => _block is null;

    PinnedBlock Block
    {
        get
        {
            if (_block is null) ThrowReleased();
            return _block;
        }
    }

    protected internal override void Escape() => pool.Forget(Block);

    protected internal override void Release()
    {
        PinnedBlock block = Block;
        _block = null;
        pool.Return(block, IsScoped);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref float First(int offset)
    {
        PinnedBlock block = Block;
        return ref block.First(offset);
    }
}

/// <summary>Memory for the length of one kernel call.</summary>
readonly struct SharedMemory(CpuPool pool, PinnedBlock block)
{
    public ref float First(int offset) => ref block.First(offset);

    public void Release() => pool.Return(block, scoped: false);
}

/// <summary>A pinned array, where its aligned part starts, and how many floats that part has.</summary>
sealed record PinnedBlock(float[] Array, int Start, int Capacity)
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref float First(int offset) => ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(Array), Start + offset);
}
