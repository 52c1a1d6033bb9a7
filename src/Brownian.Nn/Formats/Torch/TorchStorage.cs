using System.Numerics;

namespace Brownian.Nn;

/// <summary>A row of elements that one or more tensors are views of.</summary>
/// <param name="key">Its name in the file.</param>
/// <param name="type">Of its elements.</param>
/// <param name="count">How many there are.</param>
sealed class TorchStorage(string key, SafetensorsType type, long count)
{
    (ByteSource Source, long Begin)? _bytes;

    public string Key => key;

    public SafetensorsType Type => type;

    public long Count => count;

    /// <summary>Fits 64 bits: counts are checked when they are read.</summary>
    public long ByteCount => count * SafetensorsEntry.SizeOf(type);

    /// <summary>The storage that this one is a stretch of, from its element <see cref="First"/> on; null for one of its own.</summary>
    public TorchStorage? Whole { get; init; }

    public long First { get; init; }

    /// <summary>Whether the container has said where the bytes are.</summary>
    public bool IsFound => _bytes is not null || Whole is { IsFound: true };

    public void SetBytes(ByteSource source, long begin) => _bytes = (source, begin);

    /// <summary>target[i] = element first + i.</summary>
    public void Read<T>(long first, Span<T> target) where T : unmanaged, INumber<T>
    {
        if (Whole is not null)
        {
            Whole.Read(First + first, target);
            return;
        }
        (ByteSource source, long begin) = _bytes!.Value;
        source.ReadElements(type, begin + first * SafetensorsEntry.SizeOf(type), target);
    }
}
