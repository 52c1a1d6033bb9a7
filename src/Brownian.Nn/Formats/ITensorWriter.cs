namespace Brownian.Nn;

/// <summary>Collects tensors and writes them as one file. Data are not copied: they are read when the file is written.</summary>
public interface ITensorWriter
{
    /// <summary>Adds a tensor whose bytes a callback writes when the file is written; for data outside of managed arrays.</summary>
    /// <param name="name">A name that no other tensor has.</param>
    /// <param name="type">The type the callback's bytes have.</param>
    /// <param name="shape">Dimensions, outermost first; none for a scalar.</param>
    /// <param name="write">Writes exactly the tensor's little-endian bytes; called once for each <see cref="Write"/>.</param>
    /// <exception cref="ArgumentException">The name is taken, or the shape is impossible.</exception>
    void Add(string name, SafetensorsType type, ReadOnlySpan<long> shape, Action<Stream> write);

    /// <summary>Writes the file so that whoever opens the path finds the old file or the new one, whole.</summary>
    /// <param name="path">Where the file goes; its folder must exist.</param>
    /// <param name="overwrite">Whether an existing file is replaced.</param>
    /// <exception cref="IOException">The file exists and overwrite is false, or the disk fails.</exception>
    void Write(string path, bool overwrite = false);
}

/// <summary>A tensor that is to be written.</summary>
sealed record PendingTensor(string Name, SafetensorsType Type, long[] Shape, long Bytes, Action<Stream> Write)
{
    /// <exception cref="ArgumentException">The shape is impossible.</exception>
    public static PendingTensor Of(string name, SafetensorsType type, ReadOnlySpan<long> shape, Action<Stream> write)
    {
        int size = SafetensorsEntry.SizeOf(type);
        if (!SafetensorsEntry.TryCount(shape, out long count) || count > long.MaxValue / size)
            throw new ArgumentException($"Tensor {SafetensorsHeader.Quote(name)}: impossible shape [{string.Join(", ", shape.ToArray())}].", nameof(shape));
        return new PendingTensor(name, type, shape.ToArray(), count * size, write);
    }

    /// <summary>Checks that as many bytes were written as the shape takes.</summary>
    public void Check(long written)
    {
        if (written != Bytes)
            throw new InvalidOperationException($"Tensor {SafetensorsHeader.Quote(Name)}: {written} bytes were written, its shape takes {Bytes}.");
    }
}
