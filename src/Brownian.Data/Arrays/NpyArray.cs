using System.Buffers;
using System.Runtime.InteropServices;
using Brownian.IO;

namespace Brownian.Data;

/// <summary>
/// An array of numbers in NumPy's format. What is asked for is read from the file at that place; arrays whose first dimension runs fastest,
/// where an image is spread over all of the file, are put in order in memory once. Any thread may read.
/// </summary>
sealed class NpyArray
{
    const int ChunkBytes = 1 << 20;

    readonly ByteSource _bytes;
    readonly long _start;

    /// <param name="name">What errors begin with.</param>
    /// <param name="bytes">Where the array is, from the first byte of its format on; whoever opened it closes it.</param>
    /// <param name="file">The file that it is in, where that is not its name.</param>
    /// <exception cref="InvalidDataException">It is damaged, cut off, or no array of numbers.</exception>
    public NpyArray(string name, ByteSource bytes, string? file = null)
    {
        (Name, File) = (name, file ?? name);
        using (var header = new SourceStream(bytes)) Type = Npy.Read(header, name);
        long needed = Type.Count * Type.ItemBytes, found = bytes.Length - Type.DataStart;
        if (found < needed) throw Bad($"its {Type.Extents} numbers take {Counted.Of(needed, "byte")}, but {Math.Max(found, 0)} are there; is the file cut off?");
        Rest = found - needed;
        (_bytes, _start) = Type.FortranOrder && Type.Shape.Count > 1 ? (InOrder(bytes), 0) : (bytes, Type.DataStart);
    }

    /// <summary>What errors call it.</summary>
    public string Name { get; }

    /// <summary>The file that it is in.</summary>
    public string File { get; }

    /// <summary>What its header says.</summary>
    public Npy Type { get; }

    /// <summary>Bytes after the last number.</summary>
    public long Rest { get; }

    /// <summary>What its numbers are called: "float32 values".</summary>
    public string Numbers => Type.Kind switch
    {
        NpyKind.Bool => "bool values",
        NpyKind.Float => $"float{8 * Type.ItemBytes} values",
        NpyKind.Signed => $"int{8 * Type.ItemBytes} values",
        _ => $"uint{8 * Type.ItemBytes} values",
    };

    /// <summary>Reads elements as they are stored.</summary>
    /// <param name="first">Counted with the last dimension running fastest.</param>
    /// <param name="target">A whole number of elements.</param>
    public void Read(long first, Span<byte> target) => _bytes.Read(target, _start + first * Type.ItemBytes);

    /// <summary>Reads elements as numbers.</summary>
    /// <param name="first">Counted with the last dimension running fastest.</param>
    /// <param name="target">One number for each element.</param>
    public void Read(long first, Span<double> target)
    {
        byte[] stored = ArrayPool<byte>.Shared.Rent(target.Length * Type.ItemBytes);
        try
        {
            Span<byte> raw = stored.AsSpan(0, target.Length * Type.ItemBytes);
            Read(first, raw);
            Decode(raw, target);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(stored);
        }
    }

    /// <summary>What its numbers stand for in images, found by reading all of them.</summary>
    /// <exception cref="InvalidDataException">They are no pixels.</exception>
    public ValueRange Range() => ValueRange.Of(Name, Extremes(), Numbers, IsBytes);

    /// <summary>True for numbers of 8 bits from 0 to 255.</summary>
    public bool IsBytes => Type is { Kind: NpyKind.Unsigned, ItemBytes: 1 };

    /// <summary>The least and the largest number, NaN where some are no numbers; of bytes only whether there are others than 0 and 1.</summary>
    public Extremes Extremes()
    {
        if (IsBytes) return new Extremes(0, HasMoreThanOne() ? byte.MaxValue : 1, true);
        Extremes found = Data.Extremes.Nothing;
        double[] values = new double[Math.Min(ChunkBytes / 8, Type.Count)];
        for (long at = 0; at < Type.Count; at += values.Length)
        {
            Span<double> some = values.AsSpan(0, (int)Math.Min(values.Length, Type.Count - at));
            Read(at, some);
            found = found.With(some);
        }
        return found;
    }

    // Images of zeros and ones alone would be black.
    bool HasMoreThanOne()
    {
        byte[] bytes = new byte[Math.Min(ChunkBytes, Type.Count)];
        for (long at = 0; at < Type.Count; at += bytes.Length)
        {
            Span<byte> some = bytes.AsSpan(0, (int)Math.Min(bytes.Length, Type.Count - at));
            Read(at, some);
            if (some.ContainsAnyExceptInRange((byte)0, (byte)1)) return true;
        }
        return false;
    }

    void Decode(Span<byte> raw, Span<double> target)
    {
        if (Type.BigEndian && Type.ItemBytes > 1)
        {
            for (int at = 0; at < raw.Length; at += Type.ItemBytes) raw.Slice(at, Type.ItemBytes).Reverse();
        }
        switch (Type.Kind, Type.ItemBytes)
        {
            case (NpyKind.Bool, _): for (int i = 0; i < target.Length; i++) target[i] = raw[i] == 0 ? 0 : 1; break;
            case (NpyKind.Unsigned, 1): for (int i = 0; i < target.Length; i++) target[i] = raw[i]; break;
            case (NpyKind.Signed, 1): for (int i = 0; i < target.Length; i++) target[i] = (sbyte)raw[i]; break;
            case (NpyKind.Unsigned, 2): Widen<ushort>(raw, target, value => value); break;
            case (NpyKind.Signed, 2): Widen<short>(raw, target, value => value); break;
            case (NpyKind.Unsigned, 4): Widen<uint>(raw, target, value => value); break;
            case (NpyKind.Signed, 4): Widen<int>(raw, target, value => value); break;
            case (NpyKind.Unsigned, 8): Widen<ulong>(raw, target, value => value); break;
            case (NpyKind.Signed, 8): Widen<long>(raw, target, value => value); break;
            case (NpyKind.Float, 2): Widen<Half>(raw, target, value => (double)value); break;
            case (NpyKind.Float, 4): Widen<float>(raw, target, value => value); break;
            default: Widen<double>(raw, target, value => value); break;
        }
    }

    static void Widen<T>(ReadOnlySpan<byte> raw, Span<double> target, Func<T, double> widen) where T : struct
    {
        ReadOnlySpan<T> values = MemoryMarshal.Cast<byte, T>(raw);
        for (int i = 0; i < target.Length; i++) target[i] = widen(values[i]);
    }

    MemoryBytes InOrder(ByteSource bytes)
    {
        long total = Type.Count * Type.ItemBytes;
        if (total > Array.MaxLength)
            throw Bad($"its first dimension runs fastest (Fortran's order), and {total} bytes are too many to put in order; save numpy.ascontiguousarray(array)");
        byte[] stored = new byte[total], ordered = new byte[total];
        bytes.Read(stored, Type.DataStart);
        long[] index = new long[Type.Shape.Count], strides = new long[Type.Shape.Count];
        for (int d = 0; d < strides.Length; d++) strides[d] = d == 0 ? 1 : strides[d - 1] * Type.Shape[d - 1];
        long from = 0;
        for (int to = 0; to < ordered.Length; to += Type.ItemBytes)
        {
            stored.AsSpan((int)from * Type.ItemBytes, Type.ItemBytes).CopyTo(ordered.AsSpan(to));
            for (int d = index.Length - 1; d >= 0; d--)
            {
                from += strides[d];
                if (++index[d] < Type.Shape[d]) break;
                from -= strides[d] * Type.Shape[d];
                index[d] = 0;
            }
        }
        return new MemoryBytes(ordered);
    }

    InvalidDataException Bad(string problem) => new($"{Name}: {problem}.");

    /// <summary>The beginning of a source, as a stream.</summary>
    sealed class SourceStream(ByteSource bytes) : ForwardStream
    {
        long _at;

        public override int Read(Span<byte> buffer)
        {
            int count = (int)Math.Min(buffer.Length, bytes.Length - _at);
            bytes.Read(buffer[..count], _at);
            _at += count;
            return count;
        }
    }
}
