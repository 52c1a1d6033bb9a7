using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Brownian.Training;

/// <summary>Reads small JSON files; what is wrong is told as "path:line: message".</summary>
static class StrictJson
{
    const int MaxBytes = 16 << 20;

    public static T Read<T>(string path, JsonTypeInfo<T> type)
    {
        long length = new FileInfo(path).Length;
        if (length > MaxBytes) throw new InvalidDataException($"{path}: {length} bytes; such a file has at most {MaxBytes}.");
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), type)
                ?? throw new InvalidDataException($"{path}: holds nothing but null.");
        }
        catch (JsonException e)
        {
            // System.Text.Json counts lines from 0 and appends its own position to the message.
            string what = e.Message.Split(" Path:")[0].Split(" LineNumber:")[0].TrimEnd('.', ' ');
            string field = e.Path is null or "$" ? "" : $" ({e.Path})";
            throw new InvalidDataException($"{path}:{e.LineNumber + 1}: {what}{field}.", e);
        }
    }
}
