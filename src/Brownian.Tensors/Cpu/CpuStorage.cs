using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Brownian.Tensors.Cpu;

/// <summary>
/// A block of a pinned managed array, aligned to a cache line. Pinned arrays never move, so kernels on other threads may hold
/// plain pointers while the caller pins; and the garbage collector owns them, so nothing leaks when nobody opened a scope.
/// </summary>
sealed class CpuStorage(CpuPool pool, PinnedBlock block) : Storage
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

    internal override void Escape()
    {
        Owner = null;
        pool.Forget(Block);
    }

    internal override void Release()
    {
        PinnedBlock block = Block;
        _block = null;
        pool.Return(block, Owner is not null);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref float First(int offset)
    {
        PinnedBlock block = Block;
        return ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(block.Array), block.Start + offset);
    }
}

/// <summary>A pinned array, where its aligned part starts, and how many floats that part has.</summary>
sealed record PinnedBlock(float[] Array, int Start, int Capacity);
