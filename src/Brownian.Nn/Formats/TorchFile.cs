using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace Brownian.Nn;

/// <summary>
/// A file of <c>torch.save</c>, old or new (<c>.pth</c>, <c>.pt</c>, <c>.bin</c>): the tensors in it, however they are nested, named by
/// keys and positions with slashes between. Nothing in the file is executed: a small reader of pickles knows tensors and plain
/// containers and leaves objects of other classes unread. Opening reads the description; tensors are read when asked for, from any thread.
/// </summary>
public sealed class TorchFile : ITensorFile
{
    const uint ZipSignature = 0x04034b50, ZipOfNothing = 0x06054b50;
    const byte PickleStart = 0x80;

    readonly FileBytes _file;
    readonly Dictionary<string, TorchTensor> _tensors;

    TorchFile(FileBytes file)
    {
        _file = file;
        (object? root, IEnumerable<string> unknown) = IsZip(file) ? TorchZip.Read(file) : TorchLegacy.Read(file);
        (List<(string Name, TorchTensor Tensor)> found, List<(string Place, string Class)> unread) = TorchTree.Flatten(file, root);
        Unread = unread;
        UnreadClasses = [.. unknown];
        if (found.Count == 0 && UnreadClasses.Count > 0)
        {
            throw file.Bad(root is UnknownObject whole
                ? $"a whole object of {whole.Name}, pickled, which is refused: only tensors and plain containers are read. {TorchNames.SaveAlone}"
                : $"holds no tensors, but names {UnreadClasses[0]}: only tensors and plain containers are read. {TorchNames.SaveAlone}");
        }
        Names = found.ConvertAll(entry => entry.Name);
        _tensors = found.ToDictionary(entry => entry.Name, entry => entry.Tensor, StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    public string Path => _file.Path;

    /// <inheritdoc/>
    public IReadOnlyList<string> Files => [Path];

    /// <summary>The tensors' names, in the order of the pickle.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Where objects of classes lie that mean nothing here, and the classes' names; the first few. They were passed over unread.</summary>
    public IReadOnlyList<(string Place, string Class)> Unread { get; }

    /// <summary>All classes and functions that the file names and that mean nothing here.</summary>
    public IReadOnlyList<string> UnreadClasses { get; }

    /// <summary>Opens a file and checks that it holds every element of every tensor.</summary>
    /// <exception cref="InvalidDataException">The file is damaged, no file of torch.save, holds objects alone, or names what would run programs.</exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static TorchFile Read(string path)
    {
        var file = new FileBytes(path);
        try
        {
            return new TorchFile(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public bool TryGetShape(string name, [NotNullWhen(true)] out IReadOnlyList<long>? shape)
    {
        shape = _tensors.TryGetValue(name, out TorchTensor? tensor) ? tensor.Shape : null;
        return shape is not null;
    }

    /// <inheritdoc/>
    public SafetensorsType TypeOf(string name) => Find(name).Type;

    /// <inheritdoc/>
    public float[] ReadFloats(string name) => ReadArray<float>(name);

    /// <summary>A tensor's elements as doubles; 64-bit integers are rounded to nearest, all else is exact.</summary>
    /// <exception cref="InvalidDataException">As for <see cref="ReadFloats"/>.</exception>
    public double[] ReadDoubles(string name) => ReadArray<double>(name);

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Dispose();

    TorchTensor Find(string name) => _tensors.TryGetValue(name, out TorchTensor? tensor)
        ? tensor
        : throw _file.Bad($"no tensor {SafetensorsHeader.Quote(name)} among the {Names.Count} of the file.");

    T[] ReadArray<T>(string name) where T : unmanaged, INumber<T>
    {
        TorchTensor tensor = Find(name);
        if (tensor.Count > Array.MaxLength)
            throw _file.Bad($"tensor {SafetensorsHeader.Quote(name)} has {tensor.Count} elements; an array holds {Array.MaxLength}.");
        var target = new T[tensor.Count];
        tensor.Read<T>(target);
        return target;
    }

    static bool IsZip(FileBytes file)
    {
        Span<byte> start = stackalloc byte[4];
        if (file.Length < start.Length) throw file.Bad($"{file.Length} bytes are too few for a file of torch.save; download or save it again.");
        file.Read(start, 0);
        uint signature = BinaryPrimitives.ReadUInt32LittleEndian(start);
        if (signature is ZipSignature or ZipOfNothing) return true;
        return start[0] == PickleStart ? false : throw file.Bad("neither a zip nor a pickle; was it written by torch.save?");
    }
}
