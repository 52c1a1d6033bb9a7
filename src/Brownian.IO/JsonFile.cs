using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace Brownian.IO;

/// <summary>
/// Small JSON files; what is wrong with one is told as "path:line: message". What Python writes for numbers that JSON has not,
/// <c>NaN</c>, <c>Infinity</c> and <c>-Infinity</c>, is read as the text of that name.
/// </summary>
public static class JsonFile
{
    const int MaxBytes = 16 << 20, MaxDepth = 16;

    static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };
    static readonly JsonDocumentOptions Lenient = new() { MaxDepth = 64 };

    /// <summary>Reads an object of a known type.</summary>
    /// <param name="path">The file.</param>
    /// <param name="type">What it must hold.</param>
    /// <exception cref="InvalidDataException">It holds something else.</exception>
    public static T Read<T>(string path, JsonTypeInfo<T> type) where T : class => Read(path, (bytes, root) =>
    {
        CheckKeys(path, root, type);
        return JsonSerializer.Deserialize(bytes, type)!;
    });

    /// <summary>Reads an object of any keys.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">It is no JSON object.</exception>
    public static JsonObject ReadObject(string path) => Read(path, (_, root) => JsonObject.Create(root.Clone())!);

    /// <summary>Makes sure that a file's text is JSON.</summary>
    /// <param name="path">The file, for the message.</param>
    /// <param name="json">All of it, without a byte order mark.</param>
    /// <exception cref="InvalidDataException">It is empty, cut off, not JSON, or something that a download left in its place; the message says which.</exception>
    public static JsonDocument Parse(string path, ReadOnlyMemory<byte> json)
    {
        if (MistakenText.WhatIs(json.Span, "JSON") is { } other) throw new InvalidDataException($"{path}: {other}.");
        try
        {
            return JsonDocument.Parse(json, Lenient);
        }
        catch (JsonException e)
        {
            // Counted from 0 by System.Text.Json, the column in bytes.
            throw new InvalidDataException(
                $"{path}:{e.LineNumber + 1}: not valid JSON at line {e.LineNumber + 1}, column {e.BytePositionInLine + 1}; mend it there, or get the file again.", e);
        }
    }

    /// <summary>A file's bytes without the byte order mark that some editors put before them.</summary>
    /// <param name="path">The file.</param>
    /// <param name="maxBytes">The most that such a file may have.</param>
    /// <exception cref="InvalidDataException">It is larger.</exception>
    public static ReadOnlyMemory<byte> ReadBytes(string path, int maxBytes)
    {
        long length = new FileInfo(path).Length;
        if (length > maxBytes) throw new InvalidDataException($"{path}: {length} bytes; such a file has at most {maxBytes}.");
        byte[] bytes = File.ReadAllBytes(path);
        return bytes.AsSpan().StartsWith("\uFEFF"u8) ? bytes.AsMemory("\uFEFF"u8.Length) : bytes;
    }

    /// <summary>Writes an object, indented; an existing file is replaced.</summary>
    /// <param name="path">The file.</param>
    /// <param name="json">The object.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void Write(string path, JsonObject json)
    {
        ArgumentNullException.ThrowIfNull(json);
        AtomicFile.Write(path, json.ToJsonString(Indented) + "\n", overwrite: true);
    }

    static T Read<T>(string path, Func<ReadOnlySpan<byte>, JsonElement, T> parse)
    {
        ReadOnlyMemory<byte> bytes = Quoted(ReadBytes(path, MaxBytes));
        using JsonDocument document = Parse(path, bytes);
        if (document.RootElement.ValueKind != JsonValueKind.Object) throw new InvalidDataException($"{path}: not a JSON object; it must begin with '{{'.");
        try
        {
            CheckOnce(path, document.RootElement, MaxDepth);
            return parse(bytes.Span, document.RootElement);
        }
        catch (JsonException e)
        {
            // The text is JSON and its keys are right; .NET's message is about its own types.
            string key = e.Path is null or "$" ? "" : $" {e.Path.AsSpan(2)}:";
            throw new InvalidDataException($"{path}:{e.LineNumber + 1}:{key} a value of another kind than belongs there; undo the edit, or get the file again.", e);
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidDataException($"{path}: a text in it is not UTF-8; get the file again.", e);
        }
    }

    static void CheckKeys<T>(string path, JsonElement root, JsonTypeInfo<T> type)
    {
        foreach (JsonPropertyInfo property in type.Properties)
        {
            if (property.IsRequired && !root.TryGetProperty(property.Name, out _))
                throw new InvalidDataException($"{path}: lacks \"{property.Name}\"; get the file again.");
        }
        foreach (JsonProperty key in root.EnumerateObject())
        {
            if (type.Properties.All(property => property.Name != key.Name))
                throw new InvalidDataException($"{path}: \"{key.Name}\" is no key of such a file; take it out.");
        }
    }

    // Which of two values counts differs from program to program.
    static void CheckOnce(string path, JsonElement value, int depth)
    {
        if (depth == 0) throw new InvalidDataException($"{path}: objects and lists are nested more than {MaxDepth} deep; no such file is.");
        if (value.ValueKind == JsonValueKind.Object)
        {
            var keys = new HashSet<string>(StringComparer.Ordinal);
            foreach (JsonProperty key in value.EnumerateObject())
            {
                if (!keys.Add(key.Name)) throw new InvalidDataException($"{path}: key {IO.Quoted.Name(key.Name)} appears twice; leave one out.");
                CheckOnce(path, key.Value, depth - 1);
            }
        }
        else if (value.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement item in value.EnumerateArray()) CheckOnce(path, item, depth - 1);
        }
    }

    // Puts quotes around Python's names of numbers. No line moves, so that messages still point at the right one.
    static ReadOnlyMemory<byte> Quoted(ReadOnlyMemory<byte> text)
    {
        ReadOnlySpan<byte> json = text.Span;
        if (json.IndexOf("NaN"u8) < 0 && json.IndexOf("Infinity"u8) < 0) return text;
        var quoted = new List<byte>(json.Length + 64);
        bool inText = false;
        for (int i = 0; i < json.Length; i++)
        {
            ReadOnlySpan<byte> rest = json[i..];
            int name = inText ? 0 : rest.StartsWith("-Infinity"u8) ? 9 : rest.StartsWith("Infinity"u8) ? 8 : rest.StartsWith("NaN"u8) ? 3 : 0;
            if (name > 0)
            {
                quoted.Add((byte)'"');
                quoted.AddRange(rest[..name]);
                quoted.Add((byte)'"');
                i += name - 1;
                continue;
            }
            if (json[i] == '"') inText = !inText;
            quoted.Add(json[i]);
            if (inText && json[i] == '\\' && i + 1 < json.Length) quoted.Add(json[++i]);
        }
        return quoted.ToArray();
    }
}
