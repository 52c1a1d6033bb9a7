using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Brownian.Nn;

/// <summary>
/// A safetensors file (https://huggingface.co/docs/safetensors): eight bytes of header length, a JSON header, the tensors' bytes.
/// Opening reads and checks the header only; tensors are read when asked for, straight into their arrays, from any thread.
/// </summary>
public sealed class SafetensorsFile : IDisposable
{
    const int ChunkBytes = 1 << 16;
    readonly string _path;
    readonly SafeFileHandle _file;
    readonly long _dataStart;
    readonly Dictionary<string, SafetensorsEntry> _entries;

    SafetensorsFile(string path, SafeFileHandle file)
    {
        (_path, _file) = (path, file);
        long length = RandomAccess.GetLength(file);
        if (length < 8) throw new InvalidDataException($"{path}: {length} bytes are too few for a safetensors file.");
        Span<byte> prefix = stackalloc byte[8];
        ReadExactly(prefix, 0);
        ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (headerLength > SafetensorsHeader.MaxLength)
        {
            throw new InvalidDataException(
                $"{path}: a header of {headerLength} bytes is over the limit of {SafetensorsHeader.MaxLength}; is this a safetensors file?");
        }
        if ((long)headerLength > length - 8)
        {
            throw new InvalidDataException(
                $"{path}: the header takes {headerLength} bytes, but {length - 8} are left; is the file cut off?");
        }
        byte[] header = new byte[headerLength];
        ReadExactly(header, 8);
        _dataStart = 8 + (long)headerLength;
        (List<SafetensorsEntry> tensors, Dictionary<string, string> metadata) = SafetensorsHeader.Parse(path, header, length - _dataStart);
        Metadata = metadata;
        Names = tensors.ConvertAll(t => t.Name);
        _entries = tensors.ToDictionary(t => t.Name, StringComparer.Ordinal);
    }

    /// <summary>The file's free text entries, such as "format".</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>The tensors' names, in the order of their bytes in the file.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Type and shape of a tensor.</summary>
    /// <exception cref="InvalidDataException">The file has no such tensor.</exception>
    public SafetensorsEntry this[string name] => _entries.TryGetValue(name, out var entry)
        ? entry
        : throw new InvalidDataException($"{_path}: no tensor {SafetensorsHeader.Quote(name)} among the {Names.Count} of the file.");

    /// <summary>Opens a file and checks its header: sizes, types, and that the tensors fill the file without gap or overlap.</summary>
    /// <exception cref="InvalidDataException">The file is damaged or no safetensors file.</exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static SafetensorsFile Read(string path)
    {
        var file = File.OpenHandle(path, share: FileShare.Read | FileShare.Delete);    // a new file may take its place meanwhile
        try
        {
            return new SafetensorsFile(path, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Whether the file has a tensor, and what it says about it.</summary>
    public bool TryGet(string name, [NotNullWhen(true)] out SafetensorsEntry? entry) => _entries.TryGetValue(name, out entry);

    /// <summary>A tensor's elements, outermost dimension first, as floats: doubles and integers are rounded to nearest.</summary>
    /// <exception cref="InvalidDataException">There is no such tensor, or it is larger than an array can be, or the file was cut since.</exception>
    public float[] ReadFloats(string name) => ReadArray<float>(name);

    /// <summary>The same into memory of the caller's.</summary>
    /// <param name="name">The tensor.</param>
    /// <param name="target">As long as the tensor has elements.</param>
    /// <exception cref="ArgumentException">The length of target is not the tensor's.</exception>
    public void ReadFloats(string name, Span<float> target)
    {
        var entry = this[name];
        if (entry.Count != target.Length)
        {
            throw new ArgumentException(
                $"{_path}: tensor {SafetensorsHeader.Quote(name)} has {entry.Count} elements, the target holds {target.Length}.",
                nameof(target));
        }
        ReadInto(entry, target);
    }

    /// <summary>A tensor's elements as doubles; 64-bit integers are rounded to nearest, all else is exact.</summary>
    /// <exception cref="InvalidDataException">As for <see cref="ReadFloats(string)"/>.</exception>
    public double[] ReadDoubles(string name) => ReadArray<double>(name);

    /// <summary>The elements of a tensor of integers or booleans (true is 1).</summary>
    /// <exception cref="InvalidDataException">As for <see cref="ReadFloats(string)"/>, and where the tensor holds floating-point numbers.</exception>
    public long[] ReadIntegers(string name)
    {
        var entry = this[name];
        if (entry.Type is SafetensorsType.F64 or SafetensorsType.F32 or SafetensorsType.F16 or SafetensorsType.BF16)
        {
            throw new InvalidDataException(
                $"{_path}: tensor {SafetensorsHeader.Quote(name)} holds {entry.Type}, where integers are expected.");
        }
        return ReadArray<long>(name);
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Dispose();

    T[] ReadArray<T>(string name) where T : unmanaged, System.Numerics.INumber<T>
    {
        var entry = this[name];
        if (entry.Count > Array.MaxLength)
        {
            throw new InvalidDataException(
                $"{_path}: tensor {SafetensorsHeader.Quote(name)} has {entry.Count} elements; an array holds {Array.MaxLength}.");
        }
        var target = new T[entry.Count];
        ReadInto<T>(entry, target);
        return target;
    }

    void ReadInto<T>(SafetensorsEntry entry, Span<T> target) where T : unmanaged, System.Numerics.INumber<T>
    {
        long offset = _dataStart + entry.Begin;
        if (BitConverter.IsLittleEndian && SafetensorsElements.Matches<T>(entry.Type))
        {
            ReadBytes(target, offset);
            return;
        }
        int size = SafetensorsEntry.SizeOf(entry.Type);
        byte[] chunk = new byte[Math.Min(ChunkBytes, (long)target.Length * size)];
        while (!target.IsEmpty)
        {
            int count = Math.Min(ChunkBytes / size, target.Length);
            ReadExactly(chunk.AsSpan(0, count * size), offset);
            SafetensorsElements.Convert(entry.Type, chunk.AsSpan(0, count * size), target[..count]);
            target = target[count..];
            offset += count * size;
        }
    }

    // In pieces, as the byte length of a large array passes the 31 bits of a span's.
    void ReadBytes<T>(Span<T> target, long offset) where T : unmanaged
    {
        const int Piece = 1 << 26;
        while (!target.IsEmpty)
        {
            var bytes = MemoryMarshal.AsBytes(target[..Math.Min(Piece, target.Length)]);
            ReadExactly(bytes, offset);
            offset += bytes.Length;
            target = target[Math.Min(Piece, target.Length)..];
        }
    }

    void ReadExactly(Span<byte> target, long offset)
    {
        while (!target.IsEmpty)
        {
            int read = RandomAccess.Read(_file, target, offset);
            if (read == 0) throw new InvalidDataException($"{_path}: the file ends at byte {offset}; it was cut while being read.");
            target = target[read..];
            offset += read;
        }
    }
}
