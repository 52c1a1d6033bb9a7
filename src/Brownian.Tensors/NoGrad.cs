namespace Brownian.Tensors;

/// <summary>While it lives, operations on its device record nothing: for sampling and evaluation. Nests.</summary>
public readonly ref struct NoGrad : IDisposable
{
    readonly Device _device;

    internal NoGrad(Device device)
    {
        _device = device;
        device.NoGradDepth++;
    }

    /// <summary>Restores the recording state that was in force before.</summary>
    public void Dispose() => _device.NoGradDepth--;
}
