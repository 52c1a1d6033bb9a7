using System.Text;
using System.Text.Json.Nodes;

namespace Brownian;

/// <summary>A section of a configuration: its name, and the record that holds its settings and declares its keys.</summary>
sealed record ConfigSection(string Name, Func<TrainConfig, Settings> Get, Func<TrainConfig, Settings, TrainConfig> Set)
{
    /// <summary>The key of <see cref="Model"/> that says which record it is; not a setting of any.</summary>
    public const string TypeKey = "type";

    public static readonly ConfigSection Dataset = new("dataset_params", c => c.Dataset, (c, s) => c with { Dataset = (DatasetParams)s });
    public static readonly ConfigSection Diffusion = new("diffusion_params", c => c.Diffusion, (c, s) => c with { Diffusion = (DiffusionParams)s });
    public static readonly ConfigSection Model = new("model_params", c => c.Model, (c, s) => c with { Model = (NetworkOptions)s });
    public static readonly ConfigSection Train = new("train_params", c => c.Train, (c, s) => c with { Train = (TrainParams)s });
    public static readonly ConfigSection Sampling = new("sample_params", c => c.Sampling, (c, s) => c with { Sampling = (SampleParams)s });

    public static readonly ConfigSection[] All = [Dataset, Diffusion, Model, Train, Sampling];

    public static ConfigSection Find(string name, string where) =>
        All.FirstOrDefault(section => section.Name == name)
        ?? throw new InvalidDataException($"{where}: unknown section '{name}'{Suggestion.For(name, All.Select(s => s.Name))}");

    /// <summary>The configuration with a network of the type that <paramref name="value"/> names; one of another type is replaced.</summary>
    /// <exception cref="InvalidDataException">There is none of that name.</exception>
    public static TrainConfig OfType(TrainConfig config, ConfigValue value)
    {
        NetworkType type = NetworkType.All.FirstOrDefault(known => known.Name == value.Text()) ?? throw new InvalidDataException(
            $"{value.Where}: {value.Key} is '{value.Text()}'{Suggestion.For(value.Text(), NetworkType.All.Select(known => known.Name))}");
        return type.Name == config.Model.Type ? config : config with { Model = type.Initial };
    }

    /// <summary>Throws, with the nearest valid name, unless this configuration has such a key.</summary>
    public void CheckKey(TrainConfig config, string key, string where)
    {
        string[] keys = [.. this == Model ? [TypeKey] : (string[])[], .. Get(config).Keys.Select(known => known.Name)];
        if (keys.Contains(key)) return;
        string title = this == Model ? $"{Name} of type {config.Model.Type}" : Name;
        string? elsewhere = All.Where(other => other != this && other.Get(config).Keys.Any(known => known.Name == key)).Select(other => $"{other.Name}.{key}").FirstOrDefault();
        string hint = elsewhere is null ? ForeignNames.Hint(key) ?? Suggestion.For(key, keys) : $"; did you mean {elsewhere}?";
        throw new InvalidDataException($"{where}: unknown key '{key}' in {title}{hint}");
    }

    /// <summary>Reads one value; its key was checked.</summary>
    /// <exception cref="InvalidDataException">The value is of the wrong type or missing.</exception>
    public TrainConfig Read(TrainConfig config, string key, ConfigValue value)
    {
        if (this == Model && key == TypeKey) return OfType(config, value);
        Settings settings = Get(config);
        SettingKey found = settings.Keys.First(known => known.Name == key);
        return Set(config, found.Set(settings, value.For(found)));
    }

    /// <summary>What is present, in order.</summary>
    public IEnumerable<(string Key, object Value)> Written(TrainConfig config)
    {
        if (this == Model) yield return (TypeKey, config.Model.Type);
        foreach ((SettingKey key, object value) in Get(config).Written())
            yield return (key.Name, key.IsOneOrMany && value is Values<int> { Count: 1 } one ? one[0] : value);
    }

    public void Write(TrainConfig config, StringBuilder yaml)
    {
        (string, object)[] values = [.. Written(config)];
        if (values.Length == 0) return;
        yaml.Append(Name).Append(":\n");
        foreach ((string key, object value) in values)
            yaml.Append("  ").Append(key).Append(": ").Append(ConfigText.Yaml(value)).Append('\n');
    }

    public JsonObject ToJson(TrainConfig config)
    {
        var json = new JsonObject();
        foreach ((string key, object value) in Written(config)) json.Add(key, ConfigText.Json(value));
        return json;
    }
}
