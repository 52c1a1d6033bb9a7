using System.Diagnostics.CodeAnalysis;

namespace Brownian.Tensors;

/// <summary>
/// A block of device memory that backs one or more tensors. It is owned by the <see cref="TensorScope"/> that was open when it
/// was allocated and returns to the device's pool with it; outside every scope the garbage collector reclaims it.
/// </summary>
public abstract class Storage
{
    private protected Storage(Device device) => Device = device;

    /// <summary>Whose memory this is.</summary>
    public Device Device { get; }

    /// <summary>The number of floats this block can hold.</summary>
    public abstract int Capacity { get; }

    /// <summary>True once the block went back to the pool: every further use throws.</summary>
    public abstract bool IsReleased { get; }

    internal TensorScope? Owner { get; set; }

    /// <summary>True once a recorded operation will read these numbers for its gradient.</summary>
    internal bool IsKept { get; set; }

    /// <summary>The block that <see cref="Owner"/> got before this one.</summary>
    internal Storage? Previous { get; set; }

    /// <summary>Leaves all scopes: from now on the garbage collector owns the block.</summary>
    internal abstract void Escape();

    /// <summary>Gives the block back to its pool. Using it afterwards throws.</summary>
    internal abstract void Release();

    [DoesNotReturn]
    internal static void ThrowReleased() => throw new ObjectDisposedException(
        nameof(Tensor),
        "This tensor's memory went back to the pool: its scope has ended, or it was made inside a PlannedForward (a network) that has read it for the last time. "
        + "Call TensorScope.Keep on a result before its scope ends.");
}
