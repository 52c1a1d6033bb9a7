using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Brownian.Nn;

/// <summary>
/// Weights in several files and an index, <c>….safetensors.index.json</c> or <c>….bin.index.json</c>, whose <c>weight_map</c> says which
/// file of the same folder holds which tensor.
/// </summary>
public sealed class ShardedFile : ITensorFile
{
    const int MaxIndexBytes = 16 << 20, MaxShards = 1000;

    readonly Dictionary<string, ITensorFile> _shards = new(StringComparer.Ordinal);
    readonly Dictionary<string, ITensorFile> _tensors = new(StringComparer.Ordinal);

    ShardedFile(string path) => Path = path;

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Files => [Path, .. _shards.Values.Select(shard => shard.Path)];

    /// <summary>The tensors' names, in the order of the index.</summary>
    public IReadOnlyList<string> Names { get; private set; } = [];

    /// <summary>Opens the index and every file that it names, and checks that each tensor is in the one that it should be in, and there alone.</summary>
    /// <exception cref="InvalidDataException">The index or a file is damaged, or they disagree.</exception>
    /// <exception cref="IOException">A file is missing or cannot be opened.</exception>
    public static ShardedFile Read(string path)
    {
        var file = new ShardedFile(path);
        try
        {
            file.ReadIndex();
            file.CheckShards();
            return file;
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
        shape = null;
        return _tensors.TryGetValue(name, out ITensorFile? shard) && shard.TryGetShape(name, out shape);
    }

    /// <inheritdoc/>
    public SafetensorsType TypeOf(string name) => ShardOf(name).TypeOf(name);

    /// <inheritdoc/>
    public float[] ReadFloats(string name) => ShardOf(name).ReadFloats(name);

    ITensorFile ShardOf(string name) => _tensors.TryGetValue(name, out ITensorFile? shard)
        ? shard
        : throw Bad($"no tensor {SafetensorsHeader.Quote(name)} among the {Names.Count} of the index.");

    /// <summary>Closes the files.</summary>
    public void Dispose()
    {
        foreach (ITensorFile shard in _shards.Values) shard.Dispose();
    }

    void ReadIndex()
    {
        try
        {
            using JsonDocument index = JsonFile.Parse(Path, JsonFile.ReadBytes(Path, MaxIndexBytes));
            if (index.RootElement.ValueKind != JsonValueKind.Object || !index.RootElement.TryGetProperty("weight_map", out JsonElement map)
                || map.ValueKind != JsonValueKind.Object)
                throw Bad("has no weight_map; it must be an object of tensors' names and their files.");
            var names = new List<string>();
            foreach (JsonProperty entry in map.EnumerateObject())
            {
                string shard = entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString()! : "";
                if (!_tensors.TryAdd(entry.Name, Shard(entry.Name, shard))) throw Bad($"names tensor {SafetensorsHeader.Quote(entry.Name)} twice.");
                names.Add(entry.Name);
            }
            Names = names;
        }
        catch (InvalidOperationException)
        {
            throw Bad("a text in it is not UTF-8; get the file again.");
        }
    }

    ITensorFile Shard(string tensor, string name)
    {
        if (_shards.TryGetValue(name, out ITensorFile? shard)) return shard;
        // A plain name: an index from elsewhere must not reach into other folders.
        if (name.Length == 0 || name is "." or ".." || name.AsSpan().IndexOfAny("/\\:\0") >= 0)
            throw Bad($"keeps tensor {SafetensorsHeader.Quote(tensor)} in {SafetensorsHeader.Quote(name)}; it must be a file beside the index.");
        if (_shards.Count == MaxShards) throw Bad($"names more than {MaxShards} files.");
        string path = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(Path) ?? "", name);
        if (!File.Exists(path)) throw new FileNotFoundException($"{path}: missing; {Path} keeps {SafetensorsHeader.Quote(tensor)} in it.", path);
        if (path.EndsWith(".json", StringComparison.OrdinalIgnoreCase)) throw Bad($"names {SafetensorsHeader.Quote(name)}, an index, where weights are expected.");
        return _shards[name] = WeightsFile.Open(path);
    }

    void CheckShards()
    {
        foreach (ITensorFile shard in _shards.Values)
        {
            foreach (string name in shard.Names)
            {
                if (!_tensors.TryGetValue(name, out ITensorFile? home)) throw Bad($"does not name tensor {SafetensorsHeader.Quote(name)} of {shard.Path}.");
                if (home != shard) throw Bad($"tensor {SafetensorsHeader.Quote(name)} is in {shard.Path} as well as in {home.Path}.");
            }
        }
        foreach ((string name, ITensorFile home) in _tensors)
        {
            if (!home.TryGetShape(name, out _)) throw Bad($"tensor {SafetensorsHeader.Quote(name)} is not in {home.Path}.");
        }
    }

    InvalidDataException Bad(string problem) => new($"{Path}: {problem}");
}
