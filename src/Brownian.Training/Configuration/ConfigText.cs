using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Brownian.Training;

/// <summary>Values as YAML and JSON write them, so that <see cref="ConfigValue"/> reads the same value back.</summary>
static class ConfigText
{
    /// <summary>One value of a configuration: a text, number, flag, name or list of these.</summary>
    public static string Yaml(object value) => value switch
    {
        string text => Quoted(text),
        bool flag => flag ? "true" : "false",
        double number => number.ToString("R", CultureInfo.InvariantCulture),
        Enum name => Of(name),
        Values<int> list => List(list),
        Values<double> list => List(list),
        Values<bool> list => List(list),
        Values<string> list => List(list),
        IFormattable integer => integer.ToString(null, CultureInfo.InvariantCulture),
        _ => throw new ArgumentException($"A configuration holds no {value.GetType().Name}."),
    };

    /// <summary>The same for JSON, which is YAML but for the quotes.</summary>
    public static JsonNode Json(object value) => value switch
    {
        string text => JsonValue.Create(text),
        Enum name => JsonValue.Create(Of(name)),
        Values<string> list => new JsonArray([.. list.Select(text => JsonValue.Create(text))]),
        _ => JsonNode.Parse(Yaml(value))!,
    };

    /// <summary>ScaledLinear is written scaled_linear, and AdamW adamw.</summary>
    public static string Of(Enum value)
    {
        string name = value.ToString();
        var text = new StringBuilder();
        for (int i = 0; i < name.Length; i++)
        {
            bool beginsWord = i > 0 && i + 1 < name.Length && char.IsUpper(name[i]) && char.IsLower(name[i + 1]);
            if (beginsWord) text.Append('_');
            text.Append(char.ToLowerInvariant(name[i]));
        }
        return text.ToString();
    }

    static string List<T>(Values<T> values) => $"[{string.Join(", ", values.Select(value => Yaml(value!)))}]";

    // Single quotes keep every character as it is; a line break is the one thing they fold.
    static string Quoted(string text) => text.AsSpan().IndexOfAnyInRange('\0', '\x1f') < 0
        ? $"'{text.Replace("'", "''", StringComparison.Ordinal)}'"
        : throw new ArgumentException($"'{text.Trim()}' holds a control character; remove it.");
}
