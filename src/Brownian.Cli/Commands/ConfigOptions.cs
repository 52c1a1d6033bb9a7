using System.CommandLine;
using System.CommandLine.Completions;

namespace Brownian.Cli;

/// <summary>The options that name a configuration: a file or a preset.</summary>
sealed class ConfigOptions(
    string file = "A YAML configuration. Default: the built-in digits", string preset = "A built-in configuration",
    string name = "--config")
{
    readonly Option<string?> _config = OptionOf.Text(name, "FILE", file);
    readonly Option<string?> _preset = new("--preset")
    {
        Description = $"{preset}: {string.Join(", ", Presets.Names)}.",
        HelpName = "NAME",
        Arity = ArgumentArity.ZeroOrOne,
        CompletionSources = { _ => Presets.Names.Select(name => new CompletionItem(name)) },
    };

    public Option[] All => [_config, _preset];

    /// <summary>What is named; the default configuration where nothing is.</summary>
    public TrainConfig Load(ParseResult parsed, IEnumerable<string>? overrides = null)
    {
        if (AsksForPresets(parsed)) throw new ArgumentException($"--preset: name one of {string.Join(", ", Presets.Names)}.");
        if (Given(parsed).Length > 2) throw new ArgumentException($"--preset and {name} both give the configuration; use one.");
        return parsed.GetValue(_preset) is { } preset ? Presets.Load(preset, overrides) : TrainConfig.Load(parsed.GetValue(_config), overrides);
    }

    /// <summary>Whether <c>--preset</c> stands there without a name.</summary>
    public bool AsksForPresets(ParseResult parsed) => parsed.GetResult(_preset) is { Implicit: false, Tokens.Count: 0 };

    /// <summary>Every preset in a line.</summary>
    public static void ListPresets(TextWriter to)
    {
        TextTable.Write(to, [.. Presets.Names.Select(IReadOnlyList<string> (name) => [name, Presets.Summary(name)])], _ => true);
        to.WriteLine();
        to.WriteLine("next    brownian train --preset NAME; 'brownian config --preset NAME' prints one");
    }

    /// <summary>
    /// What training does that the named file does not mention, in a line; null for nothing. A tutorial's code may do neither, and who compares
    /// wants to know.
    /// </summary>
    public string? Additions(ParseResult parsed, TrainConfig config, IEnumerable<string> overrides)
    {
        if (parsed.GetValue(_config) is not { } path) return null;
        IReadOnlySet<string> given = TrainConfig.KeysGiven(path, overrides);
        (string Key, bool Adds, string What)[] additions =
        [
            ("train_params.ema_decay", config.Train.EmaDecay > 0, "an average of the weights"),
            ("diffusion_params.clip_sample", config.Diffusion.ClipSample, "a limit on x̂_0"),
        ];
        string[] added = [.. additions.Where(one => one.Adds && !given.Contains(one.Key)).Select(one => $"{one.What} ({one.Key})")];
        return added.Length == 0 ? null : $"{string.Join(" and ", added)}, which {path} does not mention";
    }

    /// <summary>The options as they were given, to be repeated in another command.</summary>
    public string[] Given(ParseResult parsed) =>
        [.. ((Option<string?>[])[_config, _preset]).SelectMany(option => parsed.GetValue(option) is { } value ? [option.Name, value] : (string[])[])];
}
