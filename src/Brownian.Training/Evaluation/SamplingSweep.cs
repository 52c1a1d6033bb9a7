using System.Globalization;
using Brownian.Nn;
using YamlDotNet.RepresentationModel;

namespace Brownian;

/// <summary>Settings of sampling, or widths of the average, each with the values that it is to have in turn: every combination is a point.</summary>
/// <param name="Axes">At least one.</param>
public sealed record SamplingSweep(IReadOnlyList<SweepAxis> Axes)
{
    const int MostPoints = 200;

    // Names for a folder and lists of timesteps have no place on an axis.
    static readonly string[] NoAxes = ["class_names", "timesteps"];

    /// <summary>What can be swept: the keys of <c>sample_params</c>, also as options without their dashes, and <see cref="SweepPoint.EmaStd"/>.</summary>
    public static IReadOnlyList<string> Known { get; } = [.. Keys().SelectMany(NamesOf).Distinct(), SweepPoint.EmaStd];

    /// <summary>All combinations; the last axis changes fastest.</summary>
    public IReadOnlyList<SweepPoint> Points
    {
        get
        {
            IEnumerable<SweepPoint> points = [new SweepPoint([])];
            foreach (SweepAxis axis in Axes)
                points = [.. points.SelectMany(point => axis.Values.Select(value => new SweepPoint([.. point.Settings, (axis.Key, value)])))];
            return [.. points];
        }
    }

    /// <summary>Reads axes as people write them: <c>steps=10,20,50</c>, <c>sampler=ddim,unipc</c>.</summary>
    /// <param name="texts">One for each axis.</param>
    /// <exception cref="ArgumentException">A key or a value is unknown, or there are too many points; the message names the nearest.</exception>
    public static SamplingSweep Parse(IReadOnlyList<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        SweepAxis[] axes = [.. texts.Select(Axis)];
        if (axes.GroupBy(axis => axis.Key).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new ArgumentException($"--sweep: {twice.Key} is given twice; list all its values in one, separated by commas.");
        long points = axes.Aggregate(1L, (product, axis) => product * axis.Values.Count);
        if (points > MostPoints) throw new ArgumentException($"--sweep: {points} combinations are more than {MostPoints}; leave some values out.");
        return new SamplingSweep(axes);
    }

    static SweepAxis Axis(string text)
    {
        string[] parts = text.Split('=', 2, StringSplitOptions.TrimEntries);
        if (parts.Length < 2 || parts[1].Length == 0) throw new ArgumentException($"--sweep {text}: write a setting and its values, such as steps=10,20,50.");
        if (parts[0] is SweepPoint.EmaStd or "ema-std") return Different(text, SweepPoint.EmaStd, parts[1], Width);
        SettingKey key = Keys().FirstOrDefault(key => NamesOf(key).Contains(parts[0]))
            ?? throw new ArgumentException($"--sweep {text}: there is no setting '{parts[0]}'{Suggestion.For(parts[0], Known)}");
        return Different(text, key.Name, parts[1], value => ValueOf(key, value));
    }

    static SweepAxis Different(string text, string key, string list, Func<string, object> read)
    {
        object[] values = [.. list.Split(',', StringSplitOptions.TrimEntries).Select(read)];
        return values.Distinct().Count() == values.Length
            ? new SweepAxis(key, values)
            : throw new ArgumentException($"--sweep {text}: a value is given twice; remove one.");
    }

    static object Width(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double width) && width is >= PowerProfile.LeastWidth and <= PowerProfile.MostWidth
            ? width
            : throw new ArgumentException($"--sweep {SweepPoint.EmaStd}: '{text}' is no width; give numbers of {ConfigText.Yaml(PowerProfile.LeastWidth)} to {ConfigText.Yaml(PowerProfile.MostWidth)}.");

    static object ValueOf(SettingKey key, string text)
    {
        if (key.Type.IsEnum)
        {
            return Names.Find(key.Type, text)
                ?? throw new ArgumentException($"--sweep {key.Name}: there is no '{text}'{Suggestion.For(text, Names.All(key.Type))}");
        }
        if (key.Property == nameof(SampleParams.Sampler))
        {
            string[] samplers = [.. SamplerType.All.Select(type => type.Name)];
            return samplers.Contains(text) ? text : throw new ArgumentException($"--sweep sampler: there is no sampler '{text}'{Suggestion.For(text, samplers)}");
        }
        try
        {
            object value = new ConfigValue(new YamlScalarNode(text), "--sweep", key.Name).For(key)!;
            return value is int or double && Convert.ToDouble(value, CultureInfo.InvariantCulture) < key.Least
                ? throw new ArgumentException($"--sweep: {key.Name} is {text}; it must be at least {ConfigText.Yaml(key.Least)}.")
                : value;
        }
        catch (InvalidDataException e)
        {
            throw new ArgumentException(e.Message, e);
        }
    }

    static IEnumerable<SettingKey> Keys() => new SampleParams().Keys.Where(key => !NoAxes.Contains(key.Name));

    static string[] NamesOf(SettingKey key) => key.Option is { } option && option.TrimStart('-') != key.Name ? [key.Name, option.TrimStart('-')] : [key.Name];
}

/// <summary>A setting and the values that it is to have.</summary>
/// <param name="Key">A key of <c>sample_params</c>, or <see cref="SweepPoint.EmaStd"/>.</param>
/// <param name="Values">Of the key's type.</param>
public sealed record SweepAxis(string Key, IReadOnlyList<object> Values);

/// <summary>One combination.</summary>
/// <param name="Settings">A value for each axis, in their order.</param>
public sealed record SweepPoint(IReadOnlyList<(string Key, object Value)> Settings)
{
    /// <summary>The key of an axis that is no setting of sampling: the width of the average, as <c>brownian ema --std</c> takes it.</summary>
    public const string EmaStd = "ema_std";

    /// <summary>The width of the average; null where it is not swept.</summary>
    public double? EmaWidth => Settings.FirstOrDefault(setting => setting.Key == EmaStd).Value as double?;

    /// <summary>As people write it: "ddim, 20 steps".</summary>
    public string Label => LabelOf(Settings);

    /// <summary>Those besides the number of steps: points that share it are one curve.</summary>
    public string Curve => LabelOf(Settings.Where(setting => setting.Key != "steps"));

    /// <summary>Sampling with these settings over others.</summary>
    /// <param name="sampling">The others.</param>
    public SampleParams Over(SampleParams sampling)
    {
        ArgumentNullException.ThrowIfNull(sampling);
        foreach ((string key, object value) in Settings.Where(setting => setting.Key != EmaStd))
            sampling = sampling.Keys.First(known => known.Name == key).Set(sampling, value);
        return sampling;
    }

    /// <summary>One value as people write it.</summary>
    /// <param name="key">The setting.</param>
    /// <param name="value">Its value.</param>
    public static string Words(string key, object value)
    {
        string text = Text(value);
        return key switch { "sampler" => text, "steps" => text == "1" ? "1 step" : $"{text} steps", "guidance_scale" => $"guidance {text}", EmaStd => $"average {text}", _ => $"{key} {text}" };
    }

    /// <summary>A value as an option takes it.</summary>
    public static string Text(object value) => ConfigText.Yaml(value).Trim('\'');

    static string LabelOf(IEnumerable<(string Key, object Value)> settings) => string.Join(", ", settings.Select(setting => Words(setting.Key, setting.Value)));
}
