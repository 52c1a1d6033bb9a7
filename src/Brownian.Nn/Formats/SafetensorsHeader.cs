using System.Text.Json;

namespace Brownian.Nn;

/// <summary>
/// Reads and checks the JSON header: {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, …, "__metadata__": {…}}.
/// As the format demands, the tensors must tile the data section: no gap, no overlap, nothing left over.
/// </summary>
ref struct SafetensorsHeader
{
    public const string MetadataKey = "__metadata__";
    public const int MaxLength = 100_000_000;    // the reference implementation's limit

    readonly string _path;
    readonly Dictionary<string, SafetensorsEntry> _tensors = new(StringComparer.Ordinal);
    readonly List<SafetensorsEntry> _inOrder = [];
    Dictionary<string, string>? _metadata;
    Utf8JsonReader _json;

    SafetensorsHeader(string path, ReadOnlySpan<byte> json)
    {
        _path = path;
        _json = new Utf8JsonReader(json);
    }

    /// <summary>Parses a header and checks it against the bytes that follow it.</summary>
    /// <returns>The tensors, sorted by their place in the file, and the metadata.</returns>
    /// <exception cref="InvalidDataException">The header is damaged.</exception>
    public static (List<SafetensorsEntry> Tensors, Dictionary<string, string> Metadata) Parse(
        string path, ReadOnlySpan<byte> json, long dataLength)
    {
        var header = new SafetensorsHeader(path, json);
        try
        {
            header.ReadAll();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException is what the JSON reader throws for text that is not UTF-8.
            throw header.Bad($"the header is not valid JSON ({OneLine(e.Message)})");
        }
        header.CheckTiling(dataLength);
        return (header._inOrder, header._metadata ?? []);
    }

    /// <summary>A name as it may stand in a one-line message.</summary>
    public static string Quote(string name) => Quoted.Name(name);

    void ReadAll()
    {
        _json.Read();
        if (_json.TokenType != JsonTokenType.StartObject) throw Bad("the header is not a JSON object");
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            string name = _json.GetString()!;
            if (name == MetadataKey) ReadMetadata();
            else ReadTensor(name);
        }
        while (_json.Read()) { }    // throws on anything but blanks after the closing brace
    }

    void ReadMetadata()
    {
        if (_metadata is not null) throw Bad($"{MetadataKey} appears twice");
        _metadata = new(StringComparer.Ordinal);
        if (!_json.Read() || _json.TokenType != JsonTokenType.StartObject) throw Bad($"{MetadataKey} is not an object of strings");
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            string key = _json.GetString()!;
            if (!_json.Read() || _json.TokenType != JsonTokenType.String) throw Bad($"{MetadataKey}: {Quote(key)} is not a string");
            if (!_metadata.TryAdd(key, _json.GetString()!)) throw Bad($"{MetadataKey}: {Quote(key)} appears twice");
        }
    }

    void ReadTensor(string name)
    {
        SafetensorsType? type = null;
        long[]? shape = null, range = null;
        if (!_json.Read() || _json.TokenType != JsonTokenType.StartObject) throw Bad(name, "is not described by an object");
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            string field = _json.GetString()!;
            _json.Read();
            bool repeated = false;
            switch (field)
            {
                case "dtype": repeated = type is not null; type = ReadType(name); break;
                case "shape": repeated = shape is not null; shape = ReadNumbers(name, field); break;
                case "data_offsets": repeated = range is not null; range = ReadNumbers(name, field); break;
                default: _json.Skip(); break;    // later versions may say more
            }
            if (repeated) throw Bad(name, $"has {field} twice");
        }
        if (type is null) throw Bad(name, "has no dtype");
        if (shape is null) throw Bad(name, "has no shape");
        if (range is null) throw Bad(name, "has no data_offsets");
        Add(name, type.Value, shape, range);
    }

    SafetensorsType ReadType(string name)
    {
        if (_json.TokenType != JsonTokenType.String) throw Bad(name, "has a dtype that is not a string");
        string dtype = _json.GetString()!;
        return dtype switch
        {
            "F64" => SafetensorsType.F64,
            "F32" => SafetensorsType.F32,
            "F16" => SafetensorsType.F16,
            "BF16" => SafetensorsType.BF16,
            "I64" => SafetensorsType.I64,
            "I32" => SafetensorsType.I32,
            "I16" => SafetensorsType.I16,
            "I8" => SafetensorsType.I8,
            "U8" => SafetensorsType.U8,
            "BOOL" => SafetensorsType.Bool,
            _ => throw Bad(name, $"has dtype {Quote(dtype)}; known are F64, F32, F16, BF16, I64, I32, I16, I8, U8 and BOOL"),
        };
    }

    long[] ReadNumbers(string name, string field)
    {
        if (_json.TokenType != JsonTokenType.StartArray) throw Bad(name, $"has a {field} that is not a list");
        var numbers = new List<long>();
        while (_json.Read() && _json.TokenType != JsonTokenType.EndArray)
        {
            if (_json.TokenType != JsonTokenType.Number || !_json.TryGetInt64(out long number) || number < 0)
                throw Bad(name, $"has a {field} with something else than whole numbers from 0 to 2^63-1");
            numbers.Add(number);
        }
        return [.. numbers];
    }

    void Add(string name, SafetensorsType type, long[] shape, long[] range)
    {
        if (range.Length != 2) throw Bad(name, $"has {range.Length} data_offsets; there must be 2");
        (long begin, long end) = (range[0], range[1]);
        if (end < begin) throw Bad(name, $"ends at byte {end}, before it begins at {begin}");
        int size = SafetensorsEntry.SizeOf(type);
        if (!SafetensorsEntry.TryCount(shape, out long count) || count > long.MaxValue / size)
            throw Bad(name, "has a shape of more bytes than 64 bits can count");
        if (count * size != end - begin)
            throw Bad(name, $"needs {count * size} bytes for its shape and dtype, but its data_offsets hold {end - begin}");
        var entry = new SafetensorsEntry(name, type, shape, begin, end);
        if (!_tensors.TryAdd(name, entry)) throw Bad(name, "appears twice");
        _inOrder.Add(entry);
    }

    readonly void CheckTiling(long dataLength)
    {
        // A tensor without bytes sorts before the one that begins where it lies; names make the order total.
        _inOrder.Sort((a, b) =>
            (a.Begin, a.End).CompareTo((b.Begin, b.End)) is var order and not 0 ? order : string.CompareOrdinal(a.Name, b.Name));
        long position = 0;
        foreach (var entry in _inOrder)
        {
            if (entry.End > dataLength)
                throw Bad(entry.Name, $"ends at byte {entry.End} of the data, but the file holds {dataLength}; is it cut off?");
            if (entry.Begin < position)
                throw Bad(entry.Name, $"begins at byte {entry.Begin}, inside the tensor before it, which ends at {position}");
            if (entry.Begin > position)
                throw Bad(entry.Name, $"begins at byte {entry.Begin}, but the tensor before it ends at {position}");
            position = entry.End;
        }
        if (position != dataLength) throw Bad($"the tensors take {position} bytes, but {dataLength} follow the header");
    }

    readonly InvalidDataException Bad(string problem) => new($"{_path}: {problem}{(problem.EndsWith('?') ? "" : ".")}");

    readonly InvalidDataException Bad(string tensor, string problem) => Bad($"tensor {Quote(tensor)} {problem}");

    static string OneLine(string message) => message.ReplaceLineEndings(" ").TrimEnd('.');
}
