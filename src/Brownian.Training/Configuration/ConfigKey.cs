using System.Text.RegularExpressions;

namespace Brownian;

/// <summary>A key of configuration files as the code that reads it declares it: what <c>brownian config</c> and docs/configuration.md list.</summary>
public sealed partial record ConfigKey
{
    /// <summary>Every key of every section, each as often as a network of another type declares it.</summary>
    public static IReadOnlyList<ConfigKey> All { get; } = [.. ConfigSection.All.SelectMany(KeysOf)];

    /// <summary>Such as <c>train_params</c>.</summary>
    public required string Section { get; init; }

    /// <summary>Such as <c>lr</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The type of network that has the key, in <c>model_params</c>; the samplers that do, in <c>sample_params</c>. Empty for all.</summary>
    public IReadOnlyList<string> Of { get; init; } = [];

    /// <summary>What it holds, in words: a number, a list of whole numbers, or names to choose from.</summary>
    public required string Type { get; init; }

    /// <summary>As a file would have it; null where the key is left out.</summary>
    public string? Default { get; init; }

    /// <summary>Which values it may have, in words; null where any will do, or what may be depends on other keys.</summary>
    public string? Range { get; init; }

    /// <summary>The record that declares it.</summary>
    public required Type Declaring { get; init; }

    /// <summary>The property of that record.</summary>
    public required string Property { get; init; }

    static IEnumerable<ConfigKey> KeysOf(ConfigSection section)
    {
        if (section == ConfigSection.Model) return NetworkType.All.SelectMany(type => KeysOf(section, new TrainConfig { Model = type.Initial }, [type.Name]));
        if (section != ConfigSection.Sampling) return KeysOf(section, new TrainConfig(), []);
        return new SampleParams().Keys.Select(key =>
        {
            SamplerType[] samplers = [.. SamplerType.All.Where(type => type.Has(key.Name))];
            IEnumerable<Rule> rules = samplers is [var first, ..]
                ? samplers.First(type => type.Keys.Any(own => own.Name == key.Name && own.Declaring == key.Declaring)).Initial.Rules()
                : RulesOf(section, new TrainConfig());
            bool isOfAll = samplers.Length == 0 || samplers.Length == SamplerType.All.Count;
            return Described(section, new SampleParams(), key, rules) with { Of = isOfAll ? [] : [.. samplers.Select(type => type.Name)] };
        });
    }

    static IEnumerable<ConfigKey> KeysOf(ConfigSection section, TrainConfig config, string[] of)
    {
        Rule[] rules = [.. RulesOf(section, config)];
        Settings settings = section.Get(config);
        return settings.Keys.Select(key => Described(section, settings, key, rules) with { Of = of });
    }

    static IEnumerable<Rule> RulesOf(ConfigSection section, TrainConfig config) =>
        config.Rules().Where(part => part.Section == section).SelectMany(part => part.Rules);

    static ConfigKey Described(ConfigSection section, Settings settings, SettingKey key, IEnumerable<Rule> rules) => new()
    {
        Section = section.Name,
        Name = key.Name,
        Type = TypeOf(key),
        Default = key.Default is null ? null : ConfigText.Yaml(key.Default),
        Range = RangeOf(settings, key, rules),
        Declaring = key.Declaring,
        Property = key.Property,
    };

    static string TypeOf(SettingKey key)
    {
        Type type = key.Type;
        bool isList = type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Values<>);
        string one = WordOf(isList ? type.GenericTypeArguments[0] : type);
        return !isList ? one : key.IsOneOrMany ? $"{one}, or a list of them" : $"list of {Plural(one)}";

        static string Plural(string one) => one switch { "text" => "texts", "true or false" => "true and false", _ => $"{one}s" };
    }

    static string WordOf(Type type) =>
        type == typeof(string) ? "text"
        : type == typeof(bool) ? "true or false"
        : type == typeof(double) ? "number"
        : type.IsEnum ? string.Join(", ", Names.All(type))
        : "whole number";

    // Rules say what a value must be where it is not that: the declaration of a range is the message about what lies outside.
    static string? RangeOf(Settings settings, SettingKey key, IEnumerable<Rule> rules)
    {
        if (key.Type.IsEnum) return null;
        return rules.Where(rule => rule.Property == key.Property).Select(rule => Demand().Match(rule.Message))
            .FirstOrDefault(match => match.Success)?.Groups["range"].Value is { } range ? settings.InKeys(range) : null;
    }

    [GeneratedRegex(@"^is [^;]*; (it must be|give) (?<range>[^;]+)$", RegexOptions.CultureInvariant)]
    private static partial Regex Demand();
}
