using System.Text;
using System.Text.Json.Nodes;

namespace Brownian.Training;

/// <summary>A section's name and keys, without its type.</summary>
abstract class ConfigSection(string name)
{
    public static readonly ConfigSection[] All =
    [
        new ConfigSection<DatasetParams>("dataset_params", ConfigKeys.Dataset, c => c.Dataset, (c, s) => c with { Dataset = s }),
        new ConfigSection<DiffusionParams>("diffusion_params", ConfigKeys.Diffusion, c => c.Diffusion, (c, s) => c with { Diffusion = s }),
        new ConfigSection<ModelParams>("model_params", ConfigKeys.Model, c => c.Model, (c, s) => c with { Model = s }),
        new ConfigSection<TrainParams>("train_params", ConfigKeys.Train, c => c.Train, (c, s) => c with { Train = s }),
    ];

    public string Name => name;

    public abstract IEnumerable<string> Keys { get; }

    public static ConfigSection Find(string name, string where) =>
        All.FirstOrDefault(section => section.Name == name)
        ?? throw new InvalidDataException($"{where}: unknown section '{name}'{Suggestion.For(name, All.Select(s => s.Name))}.");

    /// <summary>Throws, with the nearest valid name, unless the key exists.</summary>
    public void CheckKey(string key, string where)
    {
        if (!Keys.Contains(key)) throw new InvalidDataException($"{where}: unknown key '{key}' in {Name}{Suggestion.For(key, Keys)}.");
    }

    /// <summary>Reads one value; its key was checked.</summary>
    public abstract TrainConfig Read(TrainConfig config, string key, ConfigValue value);

    public abstract void Write(TrainConfig config, StringBuilder yaml);

    public abstract JsonObject ToJson(TrainConfig config);
}

sealed class ConfigSection<T>(string name, ConfigKey<T>[] keys, Func<TrainConfig, T> get, Func<TrainConfig, T, TrainConfig> set)
    : ConfigSection(name)
{
    public override IEnumerable<string> Keys => keys.Select(key => key.Name);

    public override TrainConfig Read(TrainConfig config, string key, ConfigValue value)
    {
        ConfigKey<T> found = keys.First(k => k.Name == key);
        if (value.IsNull && !found.MayBeNull)
            throw new InvalidDataException($"{value.Where}: {Name}.{key} has no value; give one or remove the key.");
        return set(config, found.Read(get(config), value));
    }

    public override void Write(TrainConfig config, StringBuilder yaml)
    {
        yaml.Append(Name).Append(":\n");
        foreach (ConfigKey<T> key in keys)
        {
            if (key.Write(get(config)) is { } value)
                yaml.Append("  ").Append(key.Name).Append(": ").Append(ConfigText.Yaml(value)).Append('\n');
        }
    }

    public override JsonObject ToJson(TrainConfig config)
    {
        var json = new JsonObject();
        foreach (ConfigKey<T> key in keys)
        {
            if (key.Write(get(config)) is { } value) json.Add(key.Name, ConfigText.Json(value));
        }
        return json;
    }
}
