using System.Text.Json;
using System.Text.Json.Nodes;

namespace Brownian.Training;

/// <summary>Reads and writes the small JSON files of a diffusers folder.</summary>
static class DiffusersJson
{
    const int MaxBytes = 1 << 20;
    static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };
    static readonly JsonDocumentOptions Strict = new() { MaxDepth = 16, AllowDuplicateProperties = false };

    /// <exception cref="InvalidDataException">The file is no JSON object.</exception>
    public static JsonObject Read(string path)
    {
        long length = new FileInfo(path).Length;
        if (length > MaxBytes) throw new InvalidDataException($"{path}: {length} bytes; such a file has at most {MaxBytes}.");
        try
        {
            return JsonNode.Parse(File.ReadAllBytes(path), documentOptions: Strict) as JsonObject
                ?? throw new InvalidDataException($"{path}: not a JSON object.");
        }
        catch (JsonException e)
        {
            string what = e.Message.Split(" LineNumber:")[0].ReplaceLineEndings(" ").TrimEnd('.', ' ');
            throw new InvalidDataException($"{path}:{e.LineNumber + 1}: {what}.", e);
        }
    }

    /// <summary>The name of the Python class that a file configures; null where it does not say.</summary>
    public static string? ClassOf(JsonObject json) => json["_class_name"] is JsonValue value && value.TryGetValue(out string? name) ? name : null;

    public static void Write(string path, JsonObject json) => Files.WriteAtomically(path, json.ToJsonString(Indented) + "\n");
}
