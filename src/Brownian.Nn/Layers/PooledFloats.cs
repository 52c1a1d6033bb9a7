using System.Buffers;

namespace Brownian.Nn;

/// <summary>Numbers on their way to a device, in an array that the next step uses again. Their content is undefined at first.</summary>
readonly struct PooledFloats(int count) : IDisposable
{
    readonly float[] _array = ArrayPool<float>.Shared.Rent(count);

    public Span<float> Span => _array.AsSpan(0, count);

    public void Dispose() => ArrayPool<float>.Shared.Return(_array);
}
