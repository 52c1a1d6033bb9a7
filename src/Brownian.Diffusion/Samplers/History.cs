using Brownian.Tensors;

namespace Brownian.Diffusion;

/// <summary>The last few tensors of a multistep method, newest first, in memory of their own.</summary>
public sealed class History
{
    readonly Tensor[] _ring;
    int _pushed;

    internal History(Shape shape, Device device, int capacity)
    {
        _ring = new Tensor[capacity];
        for (int i = 0; i < capacity; i++) _ring[i] = Tensor.Empty(shape, device);
    }

    /// <summary>How many there are, at most the capacity.</summary>
    public int Count => Math.Min(_pushed, _ring.Length);

    /// <summary>One of them: 0 is the newest.</summary>
    public Tensor this[int age] => (uint)age < (uint)Count
        ? _ring[(_pushed - 1 - age) % _ring.Length]
        : throw new ArgumentOutOfRangeException(nameof(age), $"The history holds {Count} tensors; there is none of age {age}.");

    /// <summary>Copies a tensor in, over the oldest.</summary>
    public void Push(Tensor tensor) => _ring[_pushed++ % _ring.Length].Assign(tensor);
}
