using System.CommandLine;
using System.Globalization;

namespace Brownian.Cli;

/// <summary>What <c>train</c> can be told on the command line, and the keys of the configuration that it stands for.</summary>
sealed class TrainOptions
{
    readonly Option<string?> _data =
        OptionOf.Text("--data", "PATH", "Images to train on, instead of the configuration's; without --preset and --config they choose one. " + DataCommand.Places);
    readonly Option<bool> _strict = OptionOf.Flag("--strict", "Stop at the first unreadable image. Default: list unreadable images and skip them");
    readonly Option<string[]> _set = OptionOf.Set("train_params.lr=2e-4");
    readonly Option<string?> _runs = OptionOf.Text("--runs", "DIR", "Folder for runs. Default: runs");
    readonly Option<string?> _name = OptionOf.Text("--name", "NAME", "Name of the run.");
    readonly Option<string?> _from = OptionOf.Text(
        "--from", "MODEL", "Start from the weights of a model, a run or a diffusers folder; without --preset and --config with its network, too.");
    readonly Option<string?> _resume = OptionOf.Text("--resume", "RUN", "Continue an interrupted run, bit for bit.");
    readonly Option<long?> _steps = OptionOf.Number("--steps", 1L, "Train for N optimiser steps.");
    readonly Option<int?> _epochs = OptionOf.Number("--epochs", 1, "Train for N passes over the images.");
    readonly Option<double?> _minutes = OptionOf.Real(
        "--minutes", TrainParams.LeastMinutes, "Train for N minutes: measures this machine, then picks the number of steps. Default without --config and --preset: 3",
        "N", TrainParams.MostMinutes);
    readonly Option<double?> _rate = OptionOf.Real("--lr", 0, "Learning rate, after warm-up.");
    readonly Option<int?> _batch = OptionOf.Number("--batch-size", 1, "Images per step.");
    readonly Option<ulong?> _seed = OptionOf.Number("--seed", 0UL, "Seed of the initial weights, the image order, the noise and the samples.");
    readonly Option<bool> _changedData = OptionOf.Flag("--allow-changed-data", "With --resume: continue although the images are not those of the checkpoint.");
    readonly Option<string?> _log = OptionOf.Choice("--log-format", ["text", "json"], "What is printed while training: lines for people, or a JSON object for each event. Default: text");
    readonly Option<string?> _level = OptionOf.Choice(
        "--log-level", ["quiet", "normal", "verbose"], "How much is printed: quiet for warnings and errors only, verbose for a line after every step. Default: normal");
    readonly Option<bool> _dryRun = OptionOf.Flag("--dry-run", "Print the time and memory that training would take, then stop. Writes nothing.");

    public ConfigOptions Config { get; } = new("A YAML configuration. Without one, the built-in digits and a small network.");

    public DeviceOptions Device { get; } = new();

    public Option[] All =>
        [.. Config.All, _data, _set, _runs, _name, _from, _resume, _changedData, _minutes, _steps, _epochs, _rate, _batch, _seed, .. Device.All, _strict, _log, _level, _dryRun];

    public string Runs(ParseResult parsed) => parsed.GetValue(_runs) ?? "runs";

    public string? Resume(ParseResult parsed) => parsed.GetValue(_resume);

    public bool AllowsChangedData(ParseResult parsed) => parsed.GetValue(_changedData);

    public bool IsDryRun(ParseResult parsed) => parsed.GetValue(_dryRun);

    public bool IsForPrograms(ParseResult parsed) => parsed.GetValue(_log) == "json";

    public bool IsQuiet(ParseResult parsed) => parsed.GetValue(_level) == "quiet";

    public bool IsVerbose(ParseResult parsed) => parsed.GetValue(_level) == "verbose";

    /// <summary>The model that is named; the built-in one has a name that is no path.</summary>
    public string? From(ParseResult parsed) => parsed.GetValue(_from) switch
    {
        null => null,
        "" => throw new ArgumentException("--from is empty; give a model folder or a run."),
        var named => DefaultModel.FolderOf(named),
    };

    /// <summary>Refuses what contradicts itself.</summary>
    /// <exception cref="ArgumentException">Two options exclude each other.</exception>
    public void Check(ParseResult parsed)
    {
        if (IsForPrograms(parsed) && parsed.GetResult(_level) is not null) throw new ArgumentException("--log-level is for --log-format text; leave it out.");
        Option[] lengths = [.. ((Option[])[_minutes, _steps, _epochs]).Where(option => parsed.GetResult(option) is not null)];
        if (lengths.Length > 1) throw new ArgumentException($"{lengths[0].Name} and {lengths[1].Name} both give the length; use one.");
        if (lengths is [var length] && TrainParams.LengthKeys.Any(key => IsSet(parsed, key)))
            throw new ArgumentException($"{length.Name} and --set both give the length; use one.");
        if (Resume(parsed) is null)
        {
            if (AllowsChangedData(parsed)) throw new ArgumentException("--allow-changed-data is for --resume; a new run takes any images.");
            return;
        }
        foreach (Option option in (Option[])[.. Config.All, _from, _runs, _name, _seed, _minutes])
        {
            if (parsed.GetResult(option) is not null)
                throw new ArgumentException($"{option.Name} cannot be combined with --resume: the run has its own.");
        }
    }

    /// <summary>All that was given, as "section.key=value".</summary>
    public List<string> Overrides(ParseResult parsed)
    {
        List<string> overrides = [.. parsed.GetValue(_set) ?? []];
        if (parsed.GetValue(_data) is { } path) overrides.Add($"dataset_params.im_path={Text(path)}");
        if (From(parsed) is { } model) overrides.Add($"train_params.from={Text(model)}");
        if (parsed.GetValue(_strict)) overrides.Add("dataset_params.strict=true");
        Shortcut("task_name", parsed.GetValue(_name));
        Shortcut("num_steps", parsed.GetValue(_steps));
        Shortcut("num_epochs", parsed.GetValue(_epochs));
        Shortcut("num_minutes", parsed.GetValue(_minutes));
        Shortcut("lr", parsed.GetValue(_rate));
        Shortcut("batch_size", parsed.GetValue(_batch));
        Shortcut("seed", parsed.GetValue(_seed));
        if (Resume(parsed) is null) Shortcut("threads", Device.Threads(parsed));
        return overrides;

        static string Text(string value) => $"'{value.Replace("'", "''", StringComparison.Ordinal)}'";

        void Shortcut(string key, object? value)
        {
            if (value is not null) overrides.Add(string.Create(CultureInfo.InvariantCulture, $"train_params.{key}={value}"));
        }
    }

    /// <summary>The same command without <c>--dry-run</c>.</summary>
    public string WithoutDryRun(ParseResult parsed) =>
        Invocation.Of([.. parsed.Tokens.Select(token => token.Value).Where(text => text != _dryRun.Name)]);

    /// <summary>What to type for a key of a configuration: its option, where it has one.</summary>
    /// <param name="key">As "section.key".</param>
    public static string WayTo(string key) => key switch
    {
        "dataset_params.im_path" => "--data",
        "train_params.num_steps" => "--steps",
        "train_params.num_epochs" => "--epochs",
        "train_params.lr" => "--lr",
        "train_params.batch_size" => "--batch-size",
        _ => $"--set {key}=VALUE",
    };

    bool IsSet(ParseResult parsed, string key) => (parsed.GetValue(_set) ?? []).Any(text =>
        text.StartsWith($"train_params.{key}=", StringComparison.Ordinal) || text.StartsWith($"{key}=", StringComparison.Ordinal));
}
