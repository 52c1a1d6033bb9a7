using System.Diagnostics.CodeAnalysis;

namespace Brownian.Nn;

/// <summary>A file's tensors, all or some, under other names.</summary>
public class RenamedTensors : ITensorFile
{
    readonly ITensorFile _file;
    readonly Dictionary<string, string> _stored = new(StringComparer.Ordinal);

    /// <param name="file">The file; closed with this.</param>
    /// <param name="rename">From a name in the file to the name here; null leaves the tensor out.</param>
    /// <exception cref="InvalidDataException">Two tensors would have one name.</exception>
    public RenamedTensors(ITensorFile file, Func<string, string?> rename)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(rename);
        _file = file;
        foreach (string stored in file.Names)
        {
            if (rename(stored) is { } name && !_stored.TryAdd(name, stored))
                throw new InvalidDataException($"{file.Path}: two tensors stand for {SafetensorsHeader.Quote(name)}.");
        }
        Names = [.. _stored.Keys];
    }

    /// <summary>The file below all renaming.</summary>
    protected static ITensorFile SourceOf(ITensorFile file) => file is RenamedTensors renamed ? SourceOf(renamed._file) : file;

    /// <inheritdoc/>
    public string Path => _file.Path;

    /// <inheritdoc/>
    public IReadOnlyList<string> Files => _file.Files;

    /// <inheritdoc/>
    public IReadOnlyList<string> Names { get; }

    /// <inheritdoc/>
    public bool TryGetShape(string name, [NotNullWhen(true)] out IReadOnlyList<long>? shape)
    {
        shape = null;
        return _stored.TryGetValue(name, out string? stored) && _file.TryGetShape(stored, out shape);
    }

    /// <inheritdoc/>
    public SafetensorsType TypeOf(string name) => _file.TypeOf(StoredName(name));

    /// <inheritdoc/>
    public float[] ReadFloats(string name) => _file.ReadFloats(StoredName(name));

    string StoredName(string name) => _stored.TryGetValue(name, out string? stored)
        ? stored
        : throw new InvalidDataException($"{Path}: no tensor {SafetensorsHeader.Quote(name)} among the {Names.Count} there are.");

    /// <summary>Closes the file.</summary>
    public void Dispose()
    {
        _file.Dispose();
        GC.SuppressFinalize(this);
    }
}
