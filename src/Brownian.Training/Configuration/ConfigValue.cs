using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Brownian.Training;

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

    public int Integer() =>
        int.TryParse(Plain, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value)
            ? value : throw Wrong("a whole number");

    public long Long() =>
        long.TryParse(Plain, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value)
            ? value : throw Wrong("a whole number");

    public ulong Seed() =>
        ulong.TryParse(Plain, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value)
            ? value : throw Wrong("a whole number from 0 to 2^64-1");

    public double Number() =>
        double.TryParse(Plain, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value)
            ? value
            : throw Wrong("a number");

    public bool Flag() => Plain switch
    {
        "true" or "True" or "TRUE" => true,
        "false" or "False" or "FALSE" => false,
        _ => throw Wrong("true or false"),
    };

    public Values<T> List<T>(Func<ConfigValue, T> element) => node is YamlSequenceNode list
        ? Values.Of<T>([.. list.Children.Select(child => element(new ConfigValue(child, where, key)))])
        : throw Wrong("a list such as [1, 2]");

    /// <summary>A list, or one element without brackets.</summary>
    public Values<T> OneOrList<T>(Func<ConfigValue, T> element) => node is YamlSequenceNode ? List(element) : [element(this)];

    /// <summary>A word that names a value; <paramref name="aliases"/> are what others call one, and are not among those a message lists.</summary>
    public T OneOf<T>(params ReadOnlySpan<(string Alias, T Value)> aliases) where T : struct, Enum
    {
        foreach ((string alias, T value) in aliases)
        {
            if (Text() == alias) return value;
        }
        foreach (T value in Enum.GetValues<T>())
        {
            if (Text() == ConfigText.Of(value)) return value;
        }
        throw Wrong(string.Join(" or ", Enum.GetValues<T>().Select(value => ConfigText.Of(value))));
    }

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
