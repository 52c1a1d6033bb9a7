using System.Numerics;

namespace Brownian.Nn;

/// <summary>Numbers of safetensors' types, wherever they are stored.</summary>
static class StoredElements
{
    const int ChunkBytes = 1 << 16;

    /// <summary>target[i] = element i of those that begin at a byte, rounded to nearest where T is narrower.</summary>
    public static void ReadElements<T>(this ByteSource source, SafetensorsType type, long offset, Span<T> target) where T : unmanaged, INumber<T>
    {
        if (BitConverter.IsLittleEndian && SafetensorsElements.Matches<T>(type))
        {
            source.ReadAsStored(offset, target);
            return;
        }
        int size = SafetensorsEntry.SizeOf(type);
        byte[] chunk = new byte[Math.Min(ChunkBytes, (long)target.Length * size)];
        while (!target.IsEmpty)
        {
            int count = Math.Min(ChunkBytes / size, target.Length);
            source.Read(chunk.AsSpan(0, count * size), offset);
            SafetensorsElements.Convert(type, chunk.AsSpan(0, count * size), target[..count]);
            target = target[count..];
            offset += count * size;
        }
    }
}
