namespace Brownian.Tensors;

/// <summary>
/// While it lives, operations on its device record nothing: for sampling and evaluation. It holds for the code that opened it and for tasks
/// started there, not for other threads. Nests.
/// </summary>
public readonly ref struct NoGrad : IDisposable
{
    readonly Device _device;
    readonly bool _recorded;

    internal NoGrad(Device device)
    {
        (_device, _recorded) = (device, device.RecordsGradients);
        if (_recorded) device.RecordsGradients = false;
    }

    /// <summary>Restores the recording state that was in force before.</summary>
    public void Dispose()
    {
        if (_recorded) _device.RecordsGradients = true;
    }
}
