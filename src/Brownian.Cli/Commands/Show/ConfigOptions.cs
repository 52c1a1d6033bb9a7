using System.CommandLine;
using Brownian.Training;

namespace Brownian.Cli;

/// <summary>The options that name a configuration.</summary>
sealed class ConfigOptions
{
    readonly Option<string?> _config = OptionOf.Text("--config", "FILE", "A YAML configuration. Without one, the built-in digits.");
    readonly Option<string?> _preset =
        OptionOf.Text("--preset", "NAME", $"A configuration that comes with the program: {string.Join(", ", Presets.Names)}.");

    public Option[] All => [_config, _preset];

    /// <summary>What is named; the default configuration where nothing is.</summary>
    public TrainConfig Load(ParseResult parsed, IEnumerable<string>? overrides = null)
    {
        if (Given(parsed).Length > 2) throw new ArgumentException("--preset and --config both give the configuration; use one.");
        return parsed.GetValue(_preset) is { } preset ? Presets.Load(preset, overrides) : TrainConfig.Load(parsed.GetValue(_config), overrides);
    }

    /// <summary>The options as they were given, to be repeated in another command.</summary>
    public string[] Given(ParseResult parsed) =>
    [
        .. parsed.GetValue(_config) is { } config ? [_config.Name, config] : (string[])[],
        .. parsed.GetValue(_preset) is { } preset ? [_preset.Name, preset] : (string[])[],
    ];
}
