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
        new ModelSection(),
        new ConfigSection<TrainParams>("train_params", ConfigKeys.Train, c => c.Train, (c, s) => c with { Train = s }),
        new ConfigSection<SampleParams>("sample_params", ConfigKeys.Sample, c => c.Sampling, (c, s) => c with { Sampling = s }),
    ];

    public string Name => name;

    public static ConfigSection Find(string name, string where) =>
        All.FirstOrDefault(section => section.Name == name)
        ?? throw new InvalidDataException($"{where}: unknown section '{name}'{Suggestion.For(name, All.Select(s => s.Name))}.");

    /// <summary>Throws, with the nearest valid name, unless this configuration has such a key.</summary>
    public void CheckKey(TrainConfig config, string key, string where)
    {
        if (!KeysOf(config).Contains(key))
            throw new InvalidDataException($"{where}: unknown key '{key}' in {TitleOf(config)}{Suggestion.For(key, KeysOf(config))}.");
    }

    /// <summary>Reads one value; its key was checked.</summary>
    public abstract TrainConfig Read(TrainConfig config, string key, ConfigValue value);

    public void Write(TrainConfig config, StringBuilder yaml)
    {
        (string, object)[] values = [.. ValuesOf(config)];
        if (values.Length == 0) return;
        yaml.Append(Name).Append(":\n");
        foreach ((string key, object value) in values)
            yaml.Append("  ").Append(key).Append(": ").Append(ConfigText.Yaml(value)).Append('\n');
    }

    public JsonObject ToJson(TrainConfig config)
    {
        var json = new JsonObject();
        foreach ((string key, object value) in ValuesOf(config)) json.Add(key, ConfigText.Json(value));
        return json;
    }

    protected abstract IEnumerable<string> KeysOf(TrainConfig config);

    /// <summary>What messages about its keys call it.</summary>
    protected virtual string TitleOf(TrainConfig config) => Name;

    protected abstract IEnumerable<(string Key, object Value)> ValuesOf(TrainConfig config);
}

sealed class ConfigSection<T>(string name, ConfigKey<T>[] keys, Func<TrainConfig, T> get, Func<TrainConfig, T, TrainConfig> set)
    : ConfigSection(name)
{
    readonly ConfigTable<T> _table = new(keys);

    public override TrainConfig Read(TrainConfig config, string key, ConfigValue value) => set(config, _table.Read(get(config), key, value));

    protected override IEnumerable<string> KeysOf(TrainConfig config) => _table.Keys;

    protected override IEnumerable<(string Key, object Value)> ValuesOf(TrainConfig config) => _table.Write(get(config));
}
