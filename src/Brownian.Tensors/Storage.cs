using System.Diagnostics.CodeAnalysis;

namespace Brownian.Tensors;

/// <summary>
/// A block of device memory that backs one or more tensors. It is owned by the <see cref="TensorScope"/> that was open when it
/// was allocated and returns to the device's pool with it; outside every scope the garbage collector reclaims it.
/// </summary>
/// <remarks>
/// Each device derives its own and finds its numbers through <see cref="Tensor.Storage"/>. It may get its memory at the first write, and a
/// kernel that overwrites all of a block may put its result in the place of the memory: views refer to the block, not to what it holds.
/// </remarks>
/// <param name="device">Whose memory this is.</param>
public abstract class Storage(Device device)
{
    /// <summary>Whose memory this is.</summary>
    public Device Device { get; } = device;

    /// <summary>The number of floats this block can hold.</summary>
    public abstract int Capacity { get; }

    /// <summary>True once the block went back to the pool: every further use throws.</summary>
    public abstract bool IsReleased { get; }

    /// <summary>True while a scope owns the block, so that it counts as live.</summary>
    protected bool IsScoped => Owner is not null;

    internal TensorScope? Owner { get; set; }

    /// <summary>True once a recorded operation will read these numbers for its gradient.</summary>
    internal bool IsKept { get; set; }

    /// <summary>The block that <see cref="Owner"/> got before this one.</summary>
    internal Storage? Previous { get; set; }

    /// <summary>The block has left all scopes: from now on the garbage collector owns it, and it no longer counts as live.</summary>
    protected internal virtual void Escape() { }

    /// <summary>Gives the block back to its pool. Using it afterwards throws.</summary>
    protected internal abstract void Release();

    /// <summary>Tells the user that this block was released.</summary>
    [DoesNotReturn]
    protected internal static void ThrowReleased() => throw new ObjectDisposedException(
        nameof(Tensor),
        "This tensor's memory went back to the pool: its scope has ended, or it was made inside a PlannedForward (a network) that has read it for the last time. "
        + "Call TensorScope.Keep on a result before its scope ends.");
}
