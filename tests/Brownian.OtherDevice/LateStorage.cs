using Brownian.Tensors;

namespace Brownian.OtherDevice;

/// <summary>A block that gets its memory, full of NaN, when a kernel first names it.</summary>
sealed class LateStorage : Storage
{
    readonly LateDevice _device;
    Tensor? _memory;
    bool _released;

    public LateStorage(LateDevice device, int floats, bool scoped) : base(device)
    {
        (_device, Capacity) = (device, floats);
        if (scoped) device.Count(floats);
    }

    public override int Capacity { get; }

    public override bool IsReleased => _released;

    public Tensor Memory
    {
        get
        {
            if (_released) ThrowReleased();
            return _memory ??= _device.Undefined(Capacity);
        }
    }

    protected override void Escape() => _device.Count(-Capacity);

    // Work that waits holds on to the memory itself.
    protected override void Release()
    {
        if (_released) ThrowReleased();
        (_released, _memory) = (true, null);
        if (IsScoped) _device.Count(-Capacity);
    }
}
