namespace Brownian.Tensors.Tracing;

/// <summary>A block that only has a size.</summary>
sealed class TracingStorage : Storage
{
    readonly TracingDevice _device;
    bool _released;

    public TracingStorage(TracingDevice device, int floats) : base(device)
    {
        (_device, Capacity) = (device, floats);
        _device.Count(Bytes);
    }

    public override int Capacity { get; }

    public override bool IsReleased => _released;

    long Bytes => (long)sizeof(float) * Capacity;

    protected internal override void Release()
    {
        if (_released) ThrowReleased();
        _released = true;
        _device.Count(-Bytes);
    }
}
