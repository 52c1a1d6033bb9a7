using Brownian.Tensors;

namespace Brownian.Peers;

/// <summary>A block that holds numbers only where they were uploaded: weights, and what comes from the host.</summary>
sealed class RecordedStorage(Device device, int floats) : Storage(device)
{
    float[]? _numbers;
    bool _released;

    public override int Capacity => floats;

    public override bool IsReleased => _released;

    /// <summary>Zeros until something was uploaded.</summary>
    public float[] Numbers => _numbers ??= new float[floats];

    protected override void Release()
    {
        if (_released) ThrowReleased();
        (_released, _numbers) = (true, null);
    }
}
