using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Brownian.Nn;

/// <summary>
/// A safetensors file (https://huggingface.co/docs/safetensors): eight bytes of header length, a JSON header, the tensors' bytes.
/// Opening reads and checks the header only; tensors are read when asked for, straight into their arrays, from any thread.
/// </summary>
public sealed class SafetensorsFile : ITensorFile
{
    readonly ByteSource _bytes;
    readonly long _dataStart;
    readonly Dictionary<string, SafetensorsEntry> _entries;

    SafetensorsFile(string path, ByteSource bytes)
    {
        (Path, _bytes) = (path, bytes);
        long length = bytes.Length;
        if (length < 8) throw Bad($"{length} bytes are too few for a safetensors file; download or save it again.");
        Span<byte> prefix = stackalloc byte[8];
        bytes.Read(prefix, 0);
        ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (headerLength > SafetensorsHeader.MaxLength)
        {
            throw Bad(bytes is FileBytes && OtherFile.WhatIs(path) is { } other
                ? $"{other}."
                : $"no safetensors file: it begins with a header's length of {headerLength} bytes, where {SafetensorsHeader.MaxLength} is the most; "
                    + "check the path, or download the file again.");
        }
        if ((long)headerLength > length - 8)
            throw Bad($"the header takes {headerLength} bytes, but {length - 8} are left; is the file cut off?");
        byte[] header = new byte[headerLength];
        bytes.Read(header, 8);
        _dataStart = 8 + (long)headerLength;
        (List<SafetensorsEntry> tensors, Dictionary<string, string> metadata) =
            SafetensorsHeader.Parse(path, header, length - _dataStart);
        Metadata = metadata;
        Names = tensors.ConvertAll(t => t.Name);
        _entries = tensors.ToDictionary(t => t.Name, StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Files => [Path];

    /// <summary>The file's free text entries, such as "format".</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>The tensors' names, in the order of their bytes in the file.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Type and shape of a tensor.</summary>
    /// <exception cref="InvalidDataException">The file has no such tensor.</exception>
    public SafetensorsEntry this[string name] => _entries.TryGetValue(name, out var entry)
        ? entry
        : throw new InvalidDataException($"{Path}: no tensor {SafetensorsHeader.Quote(name)} among the {Names.Count} of the file.");

    /// <summary>Opens a file and checks its header: sizes, types, and that the tensors fill the file without gap or overlap.</summary>
    /// <exception cref="InvalidDataException">The file is damaged or no safetensors file.</exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static SafetensorsFile Read(string path)
    {
        var file = new FileBytes(path);
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

    /// <summary>The same of a file that is in memory, such as a resource of a program.</summary>
    /// <param name="name">Names it in messages.</param>
    /// <param name="content">All of its bytes.</param>
    /// <exception cref="InvalidDataException">They are damaged or no safetensors file's.</exception>
    public static SafetensorsFile Read(string name, byte[] content)
    {
        ArgumentNullException.ThrowIfNull(content);
        return new SafetensorsFile(name, new MemoryBytes(content));
    }

    /// <summary>Whether the file has a tensor, and what it says about it.</summary>
    public bool TryGet(string name, [NotNullWhen(true)] out SafetensorsEntry? entry) => _entries.TryGetValue(name, out entry);

    /// <inheritdoc/>
    public bool TryGetShape(string name, [NotNullWhen(true)] out IReadOnlyList<long>? shape)
    {
        shape = _entries.TryGetValue(name, out var entry) ? entry.Shape : null;
        return shape is not null;
    }

    /// <inheritdoc/>
    public SafetensorsType TypeOf(string name) => this[name].Type;

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
                $"{Path}: tensor {SafetensorsHeader.Quote(name)} has {Counted.Of(entry.Count, "element")}, the target holds {target.Length}.",
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
        if (entry.Type.IsFloat())
        {
            throw new InvalidDataException(
                $"{Path}: tensor {SafetensorsHeader.Quote(name)} holds {entry.Type}, where integers are expected.");
        }
        return ReadArray<long>(name);
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => (_bytes as IDisposable)?.Dispose();

    InvalidDataException Bad(string problem) => new($"{Path}: {problem}");

    T[] ReadArray<T>(string name) where T : unmanaged, System.Numerics.INumber<T>
    {
        var entry = this[name];
        if (entry.Count > Array.MaxLength)
        {
            throw new InvalidDataException(
                $"{Path}: tensor {SafetensorsHeader.Quote(name)} has {entry.Count} elements; an array holds {Array.MaxLength}.");
        }
        var target = new T[entry.Count];
        ReadInto<T>(entry, target);
        return target;
    }

    void ReadInto<T>(SafetensorsEntry entry, Span<T> target) where T : unmanaged, System.Numerics.INumber<T> =>
        _bytes.ReadElements(entry.Type, _dataStart + entry.Begin, target);
}
