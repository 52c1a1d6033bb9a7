using System.Text;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Brownian;

/// <summary>What a YAML file and the overrides say, by section and key, before any of it is understood.</summary>
sealed class ConfigFile
{
    const int MaxBytes = 1 << 20;
    const int MaxDepth = 16;

    readonly Dictionary<(string Section, string Key), (string WhereKey, ConfigValue Value)> _values = [];

    /// <summary>What was given, as "section.key".</summary>
    public IEnumerable<string> Keys => _values.Keys.Select(key => $"{key.Section}.{key.Key}");

    /// <summary>Where a key was given, for messages about its value; null where it was not.</summary>
    public string? WhereIs(string section, string key) => _values.TryGetValue((section, key), out (string, ConfigValue Value) found) ? found.Value.Where : null;

    /// <summary>Reads a file. What is wrong is told as "path:line:column: message".</summary>
    public void AddFile(string path)
    {
        string text = ReadText(path);
        if (text.Length > 0 && MistakenText.WhatIs(Encoding.UTF8.GetBytes(text), "a configuration") is { } other)
            throw new InvalidDataException($"{path}: {other}.");
        AddYaml(text, mark => $"{path}:{mark.Line}:{mark.Column}");
    }

    /// <summary>Reads YAML from memory; <paramref name="at"/> is what messages call a place in it.</summary>
    public void AddYaml(string yaml, Func<Mark, string> at)
    {
        YamlNode? root = Parse(yaml, at);
        if (root is null) return;
        foreach ((YamlNode key, YamlNode value) in Mapping(root, at, "a configuration"))
        {
            ConfigSection section = ConfigSection.Find(Name(key, at), at(key.Start));
            if (value is YamlScalarNode { Value: null or "" }) continue;
            foreach ((YamlNode entry, YamlNode content) in Mapping(value, at, section.Name))
                Add(section, Name(entry, at), content, at(entry.Start), at(content.Start));
        }
    }

    /// <summary>Reads "section.key=value", or "key=value" where one section alone has the key. A length takes the place of one in another unit.</summary>
    public void AddOverride(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals < 1) throw new InvalidDataException($"--set {text}: write it as section.key=value, for example train_params.lr=2e-4.");
        string where = $"--set {text}", name = text[..equals].Trim();
        int dot = name.IndexOf('.', StringComparison.Ordinal);
        string key = name[(dot + 1)..];
        ConfigSection section = ConfigSection.Find(dot < 0 ? SectionOf(key, where) : name[..dot], where);
        YamlNode value = Parse(text[(equals + 1)..], _ => where) ?? new YamlScalarNode("");
        Add(section, key, value, where, where);
        if (section != ConfigSection.Train || !TrainParams.LengthKeys.Contains(key)) return;
        foreach (string other in TrainParams.LengthKeys.Where(other => other != key)) _values.Remove((section.Name, other));
    }

    static string SectionOf(string key, string where)
    {
        string[] sections = key == ConfigSection.TypeKey
            ? [ConfigSection.Model.Name]
            : [.. ConfigKey.All.Where(known => known.Name == key).Select(known => known.Section).Distinct()];
        if (sections is [var only]) return only;
        if (sections.Length > 1) throw new InvalidDataException($"{where}: {string.Join(" and ", sections)} both have {key}; say which, such as {sections[0]}.{key}.");
        string hint = ForeignNames.Hint(key) ?? Suggestion.For(key, ConfigKey.All.Select(known => known.Name).Distinct(), listAll: false);
        throw new InvalidDataException($"{where}: no section has a key '{key}'{hint}");
    }

    /// <summary>The given configuration with everything that was read put into it.</summary>
    public TrainConfig ApplyTo(TrainConfig config)
    {
        // Whoever says how long to train replaces the length that the configuration had, whichever way that was given.
        if (TrainParams.LengthKeys.Any(key => WhereIs(ConfigSection.Train.Name, key) is not null))
            config = config with { Train = config.Train.Lasting(steps: null) };
        // So does whoever names a model to start from.
        if (WhereIs("train_params", "from") is not null) config = config with { Train = config.Train with { FromHash = "" } };
        // The type of the network decides which keys there are besides.
        if (_values.TryGetValue((ConfigSection.Model.Name, ConfigSection.TypeKey), out (string, ConfigValue Value) type))
            config = ConfigSection.OfType(config, type.Value);
        foreach (((string section, string key), (string where, _)) in _values) ConfigSection.Find(section, where).CheckKey(config, key, where);
        foreach (((string section, string key), (string where, ConfigValue value)) in _values)
            config = ConfigSection.Find(section, where).Read(config, key, value);
        return config;
    }

    void Add(ConfigSection section, string key, YamlNode value, string whereKey, string whereValue) =>
        _values[(section.Name, key)] = (whereKey, new ConfigValue(value, whereValue, $"{section.Name}.{key}"));

    static IDictionary<YamlNode, YamlNode> Mapping(YamlNode node, Func<Mark, string> at, string what) =>
        (node as YamlMappingNode)?.Children
        ?? throw new InvalidDataException($"{at(node.Start)}: {what} must be a mapping of 'key: value' lines.");

    static string Name(YamlNode key, Func<Mark, string> at) =>
        (key as YamlScalarNode)?.Value ?? throw new InvalidDataException($"{at(key.Start)}: a key must be a plain word.");

    static YamlNode? Parse(string yaml, Func<Mark, string> at)
    {
        try
        {
            CheckDepth(yaml, at);
            var stream = new YamlStream();
            stream.Load(new StringReader(yaml));
            if (stream.Documents.Count > 1)
                throw new InvalidDataException($"{at(stream.Documents[1].RootNode.Start)}: a second document begins; keep one.");
            return stream.Documents.Count == 0 ? null : stream.Documents[0].RootNode;
        }
        catch (YamlException e)
        {
            Exception inner = e;
            while (inner.InnerException is not null) inner = inner.InnerException;
            throw new InvalidDataException($"{at(e.Start)}: {inner.Message.TrimEnd('.')}.", e);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or IndexOutOfRangeException)
        {
            // The scanner trips over some broken input instead of refusing it.
            throw new InvalidDataException($"{at(Mark.Empty)}: this is not YAML.", e);
        }
    }

    // The reader below is recursive, so that a file of brackets could exhaust the stack.
    static void CheckDepth(string yaml, Func<Mark, string> at)
    {
        var parser = new Parser(new StringReader(yaml));
        int depth = 0;
        while (parser.MoveNext())
        {
            depth += parser.Current!.NestingIncrease;
            if (depth > MaxDepth)
                throw new InvalidDataException($"{at(parser.Current.Start)}: nested more than {MaxDepth} deep; this is no configuration.");
        }
    }

    static string ReadText(string path)
    {
        if (Directory.Exists(path)) throw new InvalidDataException($"{path}: a folder; give a YAML file.");
        if (!File.Exists(path)) throw new FileNotFoundException($"{path}: there is no such file; give a YAML configuration, or a preset with --preset.", path);
        long length = new FileInfo(path).Length;
        if (length > MaxBytes) throw new InvalidDataException($"{path}: {length} bytes; a configuration has at most {MaxBytes}.");
        try
        {
            return new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true)
                .GetString(File.ReadAllBytes(path)).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidDataException($"{path}: not UTF-8 text (byte {e.Index}).", e);
        }
    }
}
