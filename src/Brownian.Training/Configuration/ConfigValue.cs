using System.Globalization;
using System.Numerics;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Brownian;

/// <summary>One value of a configuration as it was written, with the place to name when it is wrong.</summary>
/// <param name="node">What the YAML says.</param>
/// <param name="where">"file:line:column" or the option that gave it.</param>
/// <param name="key">"section.key"</param>
sealed class ConfigValue(YamlNode node, string where, string key)
{
    public string Where => where;

    /// <summary>"section.key"</summary>
    public string Key => key;

    /// <summary>Nothing, <c>~</c> or <c>null</c>: the key is there without a value.</summary>
    public bool IsNull => Plain is "" or "~" or "null" or "Null" or "NULL";

    string? Plain => node is YamlScalarNode { Style: ScalarStyle.Plain or ScalarStyle.Any, Value: { } value } ? value : null;

    public string Text() => node is YamlScalarNode { Value: { } value } && !IsNull ? value : throw Wrong("a text");

    /// <summary>The value for a key, of its property's type.</summary>
    /// <exception cref="InvalidDataException">It is of another type or missing.</exception>
    public object? For(SettingKey setting)
    {
        if (!IsNull) return setting.IsOneOrMany && node is YamlScalarNode ? Values.Of<int>([(int)Of(typeof(int))]) : Of(setting.Type);
        if (setting.MayBeEmpty) return setting.Default;
        throw new InvalidDataException($"{where}: {key} has no value; give one or remove the key.");
    }

    object Of(Type type) =>
        type == typeof(string) ? Text()
        : type == typeof(bool) ? Flag()
        : type == typeof(int) ? Parsed<int>(NumberStyles.AllowLeadingSign, "a whole number")
        : type == typeof(long) ? Parsed<long>(NumberStyles.AllowLeadingSign, "a whole number")
        : type == typeof(ulong) ? Parsed<ulong>(NumberStyles.None, "a whole number from 0 to 2^64-1")
        : type == typeof(double) ? Number()
        : type == typeof(Values<int>) ? List<int>()
        : type == typeof(Values<double>) ? List<double>()
        : type == typeof(Values<bool>) ? List<bool>()
        : type == typeof(Values<string>) ? List<string>()
        : type.IsEnum ? Names.Find(type, Text()) ?? throw Wrong(string.Join(" or ", Names.All(type)))
        : throw new ArgumentException($"A configuration holds no {type.Name}.");

    T Parsed<T>(NumberStyles style, string what) where T : INumber<T> =>
        T.TryParse(Plain, style, CultureInfo.InvariantCulture, out T? value) ? value : throw Wrong(what);

    double Number()
    {
        double value = Parsed<double>(NumberStyles.Float, "a number");
        return double.IsFinite(value) ? value : throw Wrong("a number");
    }

    bool Flag() => Plain switch
    {
        "true" or "True" or "TRUE" => true,
        "false" or "False" or "FALSE" => false,
        _ => throw Wrong("true or false"),
    };

    Values<T> List<T>() => node is YamlSequenceNode list
        ? Values.Of<T>([.. list.Children.Select(child => (T)new ConfigValue(child, where, key).Of(typeof(T)))])
        : throw Wrong("a list such as [1, 2]");

    InvalidDataException Wrong(string expected) => new($"{where}: {key} must be {expected}, not {Shown}.");

    string Shown => node switch
    {
        _ when IsNull => "empty",
        YamlScalarNode { Value: { Length: > 40 } value } => $"'{value[..40]}…'",
        YamlScalarNode scalar => $"'{scalar.Value}'",
        YamlSequenceNode => "a list",
        _ => "a mapping",
    };
}

/// <summary>Values as YAML and JSON write them, so that <see cref="ConfigValue"/> reads the same value back.</summary>
static class ConfigText
{
    /// <summary>One value of a configuration: a text, number, flag, name or list of these.</summary>
    public static string Yaml(object value) => value switch
    {
        string text => Quoted(text),
        bool flag => flag ? "true" : "false",
        double number => number.ToString("R", CultureInfo.InvariantCulture),
        Enum name => Names.Of(name),
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
        Enum name => JsonValue.Create(Names.Of(name)),
        Values<string> list => new JsonArray([.. list.Select(text => JsonValue.Create(text))]),
        _ => JsonNode.Parse(Yaml(value))!,
    };

    static string List<T>(Values<T> values) => $"[{string.Join(", ", values.Select(value => Yaml(value!)))}]";

    // Single quotes keep every character as it is; a line break is the one thing they fold.
    static string Quoted(string text) => text.AsSpan().IndexOfAnyInRange('\0', '\x1f') < 0
        ? $"'{text.Replace("'", "''", StringComparison.Ordinal)}'"
        : throw new ArgumentException($"'{text.Trim()}' holds a control character; remove it.");
}
