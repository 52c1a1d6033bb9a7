using System.Numerics;

namespace Brownian.Nn;

/// <summary>A view of a storage: element (i, j, …) is its element offset + i·strides[0] + j·strides[1] + ….</summary>
sealed class TorchTensor
{
    /// <summary>As in PyTorch.</summary>
    public const int MaxRank = 64;

    const long MaxRepeated = 1 << 24;   // a stride of 0 makes a large tensor of a small file

    readonly TorchStorage _storage;
    readonly long _offset;
    readonly long[] _shape, _strides;
    readonly long _span;                // elements from the first to the last, both included; 0 for an empty tensor

    TorchTensor(TorchStorage storage, long offset, long[] shape, long[] strides, long count, long span)
    {
        (_storage, _offset, _shape, _strides) = (storage, offset, shape, strides);
        (Count, _span) = (count, span);
    }

    public IReadOnlyList<long> Shape => _shape;

    public long Count { get; }

    public SafetensorsType Type => _storage.Type;

    /// <summary>Checks that the storage holds every element.</summary>
    /// <returns>null, with the reason, where it does not.</returns>
    public static TorchTensor? TryCreate(TorchStorage storage, long offset, long[] shape, long[] strides, out string problem)
    {
        problem = "";
        if (shape.Length != strides.Length || shape.Length > MaxRank)
            problem = $"a tensor has {Counted.Of(shape.Length, "dimension")} and {Counted.Of(strides.Length, "stride")}; there may be {MaxRank}, as many of each";
        else if (offset < 0 || strides.Any(stride => stride < 0) || !SafetensorsEntry.TryCount(shape, out long count))
            problem = $"a tensor's shape [{string.Join(", ", shape)}], strides or offset is impossible";
        else
        {
            Int128 last = offset;
            for (int d = 0; d < shape.Length; d++) last += (Int128)Math.Max(shape[d] - 1, 0) * strides[d];
            if (count > 0 && last >= storage.Count)
                problem = $"a tensor [{string.Join(", ", shape)}] needs {last + 1} elements of storage {SafetensorsHeader.Quote(storage.Key)}, which has {storage.Count}";
            else if (count > Math.Max(storage.Count, MaxRepeated))
                problem = $"a tensor of {Counted.Of(count, "element")} repeats a storage of {storage.Count}";
            else
                return new TorchTensor(storage, offset, shape, strides, count, count == 0 ? 0 : (long)(last - offset + 1));
        }
        return null;
    }

    /// <summary>All elements, outermost dimension first.</summary>
    /// <param name="target">As long as <see cref="Count"/>.</param>
    public void Read<T>(Span<T> target) where T : unmanaged, INumber<T>
    {
        if (Count == 0) return;
        if (IsContiguous())
        {
            _storage.Read(_offset, target);
            return;
        }
        T[] span = new T[_span];
        _storage.Read<T>(_offset, span);
        Gather(span, target);
    }

    bool IsContiguous()
    {
        long expected = 1;
        for (int d = _shape.Length - 1; d >= 0; d--)
        {
            if (_shape[d] != 1 && _strides[d] != expected) return false;
            expected *= _shape[d];
        }
        return true;
    }

    // Counts through all indices, the last one fastest.
    void Gather<T>(T[] from, Span<T> to)
    {
        Span<long> index = stackalloc long[_shape.Length];
        long at = 0;
        foreach (ref T element in to)
        {
            element = from[at];
            for (int d = _shape.Length - 1; d >= 0; d--)
            {
                at += _strides[d];
                if (++index[d] < _shape[d]) break;
                at -= _strides[d] * _shape[d];
                index[d] = 0;
            }
        }
    }
}
