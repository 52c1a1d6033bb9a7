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
    const int MaxBytes = 16 << 20;

    static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };
    static readonly JsonDocumentOptions Strict = new() { MaxDepth = 16, AllowDuplicateProperties = false };

    /// <summary>Reads an object of a known type.</summary>
    /// <param name="path">The file.</param>
    /// <param name="type">What it must hold.</param>
    /// <exception cref="InvalidDataException">It holds something else.</exception>
    public static T Read<T>(string path, JsonTypeInfo<T> type) where T : class =>
        Read(path, bytes => JsonSerializer.Deserialize(bytes, type) ?? throw new InvalidDataException($"{path}: holds nothing but null."));

    /// <summary>Reads an object of any keys.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">It is no JSON object.</exception>
    public static JsonObject ReadObject(string path) => Read(path, bytes =>
        JsonNode.Parse(bytes, documentOptions: Strict) as JsonObject ?? throw new InvalidDataException($"{path}: not a JSON object."));

    /// <summary>Writes an object, indented; an existing file is replaced.</summary>
    /// <param name="path">The file.</param>
    /// <param name="json">The object.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void Write(string path, JsonObject json)
    {
        ArgumentNullException.ThrowIfNull(json);
        AtomicFile.Write(path, json.ToJsonString(Indented) + "\n", overwrite: true);
    }

    static T Read<T>(string path, Func<byte[], T> parse)
    {
        long length = new FileInfo(path).Length;
        if (length > MaxBytes) throw new InvalidDataException($"{path}: {length} bytes; such a file has at most {MaxBytes}.");
        try
        {
            return parse(Quoted(File.ReadAllBytes(path)));
        }
        catch (JsonException e)
        {
            // System.Text.Json counts lines from 0 and appends its own position to the message.
            string what = e.Message.Split(" Path:")[0].Split(" LineNumber:")[0].ReplaceLineEndings(" ").TrimEnd('.', ' ');
            string field = e.Path is null or "$" ? "" : $" ({e.Path})";
            throw new InvalidDataException($"{path}:{e.LineNumber + 1}: {what}{field}.", e);
        }
    }

    // Puts quotes around Python's names of numbers. No line moves, so that messages still point at the right one.
    static byte[] Quoted(byte[] json)
    {
        if (json.AsSpan().IndexOf("NaN"u8) < 0 && json.AsSpan().IndexOf("Infinity"u8) < 0) return json;
        var quoted = new List<byte>(json.Length + 64);
        bool inText = false;
        for (int i = 0; i < json.Length; i++)
        {
            ReadOnlySpan<byte> rest = json.AsSpan(i);
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
        return [.. quoted];
    }
}
