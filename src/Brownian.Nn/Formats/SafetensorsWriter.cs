using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Brownian.Nn;

/// <summary>
/// Collects tensors and writes them as one safetensors file. Data are not copied: they are read when the file is written.
/// The bytes depend only on what was added, in which order: wide types come first, so that every tensor is aligned, and within a width
/// the order of adding; metadata are sorted.
/// </summary>
public sealed class SafetensorsWriter : ITensorWriter
{
    static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);
    readonly List<PendingTensor> _tensors = [];
    readonly HashSet<string> _names = new(StringComparer.Ordinal);

    /// <summary>Free text stored beside the tensors, for instance "format" = "pt", which some PyTorch tools ask for.</summary>
    public IDictionary<string, string> Metadata { get; } = new SortedDictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Adds a tensor of floats.</summary>
    /// <param name="name">Any text but "__metadata__"; once.</param>
    /// <param name="shape">Dimensions, outermost first; none for a scalar.</param>
    /// <param name="data">The elements, outermost dimension first; left alone until the file is written.</param>
    /// <exception cref="ArgumentException">The name is taken, or the data do not fill the shape.</exception>
    public void Add(string name, ReadOnlySpan<long> shape, ReadOnlyMemory<float> data) => Add(name, SafetensorsType.F32, shape, data);

    /// <summary>Adds a tensor of doubles.</summary>
    /// <inheritdoc cref="Add(string, ReadOnlySpan{long}, ReadOnlyMemory{float})"/>
    public void Add(string name, ReadOnlySpan<long> shape, ReadOnlyMemory<double> data) => Add(name, SafetensorsType.F64, shape, data);

    /// <summary>Adds a tensor of half-precision floats.</summary>
    /// <inheritdoc cref="Add(string, ReadOnlySpan{long}, ReadOnlyMemory{float})"/>
    public void Add(string name, ReadOnlySpan<long> shape, ReadOnlyMemory<Half> data) => Add(name, SafetensorsType.F16, shape, data);

    /// <summary>Adds a tensor of 64-bit integers.</summary>
    /// <inheritdoc cref="Add(string, ReadOnlySpan{long}, ReadOnlyMemory{float})"/>
    public void Add(string name, ReadOnlySpan<long> shape, ReadOnlyMemory<long> data) => Add(name, SafetensorsType.I64, shape, data);

    /// <summary>Adds a tensor of 32-bit integers.</summary>
    /// <inheritdoc cref="Add(string, ReadOnlySpan{long}, ReadOnlyMemory{float})"/>
    public void Add(string name, ReadOnlySpan<long> shape, ReadOnlyMemory<int> data) => Add(name, SafetensorsType.I32, shape, data);

    /// <summary>Adds a tensor of bytes.</summary>
    /// <inheritdoc cref="Add(string, ReadOnlySpan{long}, ReadOnlyMemory{float})"/>
    public void Add(string name, ReadOnlySpan<long> shape, ReadOnlyMemory<byte> data) => Add(name, SafetensorsType.U8, shape, data);

    /// <inheritdoc/>
    public void Add(string name, SafetensorsType type, ReadOnlySpan<long> shape, Action<Stream> write)
    {
        CheckText(name, "tensor name");
        PendingTensor tensor = PendingTensor.Of(name, type, shape, write);
        if (name == SafetensorsHeader.MetadataKey)
            throw new ArgumentException($"A tensor cannot be named {name}: the format keeps that name for itself.", nameof(name));
        if (!_names.Add(name)) throw new ArgumentException($"There is a tensor {SafetensorsHeader.Quote(name)} already.", nameof(name));
        _tensors.Add(tensor);
    }

    /// <summary>
    /// Writes the file so that whoever opens the path finds the old file or the new one, whole (<see cref="AtomicFile"/>).
    /// </summary>
    /// <param name="path">Where the file goes; its folder must exist.</param>
    /// <param name="overwrite">Whether an existing file is replaced.</param>
    /// <exception cref="IOException">The file exists and overwrite is false, or the disk fails.</exception>
    /// <exception cref="ArgumentException">The header would pass the format's limit, or metadata are no valid text.</exception>
    public void Write(string path, bool overwrite = false)
    {
        PendingTensor[] tensors = [.. _tensors.OrderByDescending(t => SafetensorsEntry.SizeOf(t.Type))];    // OrderBy is stable
        byte[] header = Header(tensors);
        using var file = new AtomicFile(path, overwrite);
        file.Stream.Write(header);
        foreach (var tensor in tensors) WriteTensor(file.Stream, tensor);
        file.Commit();
    }

    void Add<T>(string name, SafetensorsType type, ReadOnlySpan<long> shape, ReadOnlyMemory<T> data) where T : unmanaged
    {
        if (!SafetensorsEntry.TryCount(shape, out long count) || count != data.Length)
        {
            throw new ArgumentException(
                $"Tensor {SafetensorsHeader.Quote(name)}: {Counted.Of(data.Length, "element")} do not fill the shape [{Join(shape)}].", nameof(data));
        }
        Add(name, type, shape, stream => WriteElements(stream, data.Span));
    }

    static void WriteTensor(Stream file, PendingTensor tensor)
    {
        long start = file.Position;
        tensor.Write(file);
        tensor.Check(file.Position - start);
    }

    // In pieces: the byte length of a large array passes the 31 bits of a span's, and reversed bytes need room.
    static void WriteElements<T>(Stream stream, ReadOnlySpan<T> data) where T : unmanaged
    {
        const int Piece = 1 << 14;
        for (int i = 0; i < data.Length; i += Piece)
        {
            var bytes = MemoryMarshal.AsBytes(data.Slice(i, Math.Min(Piece, data.Length - i)));
            stream.Write(BitConverter.IsLittleEndian ? bytes : Reversed(bytes, bytes.Length / Math.Min(Piece, data.Length - i)));
        }
    }

    static byte[] Reversed(ReadOnlySpan<byte> bytes, int size)
    {
        byte[] copy = bytes.ToArray();
        for (int i = 0; i < copy.Length; i += size) copy.AsSpan(i, size).Reverse();
        return copy;
    }

    byte[] Header(PendingTensor[] tensors)
    {
        var buffer = new ArrayBufferWriter<byte>();
        buffer.Write(stackalloc byte[8]);
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            if (Metadata.Count > 0) WriteMetadata(json);
            long offset = 0;
            foreach (var tensor in tensors)
            {
                WriteEntry(json, tensor, offset);
                offset = checked(offset + tensor.Bytes);
            }
            json.WriteEndObject();
        }
        while (buffer.WrittenCount % 8 != 0) buffer.Write(" "u8);    // so that the data start aligned, as in the reference
        byte[] header = buffer.WrittenSpan.ToArray();
        if (header.Length - 8 > SafetensorsHeader.MaxLength)
            throw new ArgumentException($"The header takes {header.Length - 8} bytes; the format's limit is {SafetensorsHeader.MaxLength}.");
        BinaryPrimitives.WriteInt64LittleEndian(header, header.Length - 8);
        return header;
    }

    void WriteMetadata(Utf8JsonWriter json)
    {
        json.WriteStartObject(SafetensorsHeader.MetadataKey);
        foreach (var (key, value) in Metadata)
        {
            CheckText(key, "metadata key");
            CheckText(value, "metadata value");
            json.WriteString(key, value);
        }
        json.WriteEndObject();
    }

    static void WriteEntry(Utf8JsonWriter json, PendingTensor tensor, long offset)
    {
        json.WriteStartObject(tensor.Name);
        json.WriteString("dtype", tensor.Type == SafetensorsType.Bool ? "BOOL" : tensor.Type.ToString());
        json.WriteStartArray("shape");
        foreach (long dim in tensor.Shape) json.WriteNumberValue(dim);
        json.WriteEndArray();
        json.WriteStartArray("data_offsets");
        json.WriteNumberValue(offset);
        json.WriteNumberValue(offset + tensor.Bytes);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    // An unpaired surrogate would be written as U+FFFD: the name would not come back, and two names could become one.
    static void CheckText(string text, string what)
    {
        ArgumentNullException.ThrowIfNull(text);
        try
        {
            Strict.GetByteCount(text);
        }
        catch (EncoderFallbackException)
        {
            throw new ArgumentException($"A {what} of {text.Length} characters holds an unpaired surrogate, which UTF-8 cannot express.");
        }
    }

    static string Join(ReadOnlySpan<long> shape) => string.Join(", ", shape.ToArray());
}
