using System.CommandLine;
using System.Globalization;
using Brownian.Tensors;

namespace Brownian.Cli;

/// <summary><c>brownian train</c></summary>
sealed class TrainCommand : AppCommand
{
    readonly ConfigOptions _config = new("A YAML configuration. Without one, the built-in digits and a small network.");
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
    readonly DeviceOptions _device = new();
    readonly Option<string?> _log = OptionOf.Choice("--log-format", ["text", "json"], "What is printed while training: lines for people, or a JSON object for each event. Default: text");
    readonly Option<string?> _level = OptionOf.Choice(
        "--log-level", ["quiet", "normal", "verbose"], "How much is printed: quiet for warnings and errors only, verbose for a line after every step. Default: normal");
    readonly Option<bool> _dryRun = OptionOf.Flag("--dry-run", "Print the time and memory that training would take, then stop. Writes nothing.");

    // What people are told; nobody, where a program reads.
    Terminal _told;

    public TrainCommand(Terminal terminal, CancellationToken cancel) : base("train",
        "Train a model. Ctrl-C saves a checkpoint and prints the command to resume.\n"
        + "Example: brownian train --preset mnist --set train_params.lr=2e-4", terminal, cancel)
    {
        _told = terminal;
        Add([.. _config.All, _data, _set, _runs, _name, _from, _resume, _changedData, _minutes, _steps, _epochs, _rate, _batch, _seed, .. _device.All, _strict, _log, _level, _dryRun]);
    }

    protected override int Run(ParseResult parsed)
    {
        if (IsForPrograms(parsed) && parsed.GetResult(_level) is not null) throw new ArgumentException("--log-level is for --log-format text; leave it out.");
        if (IsForPrograms(parsed)) _told = new Terminal(TextWriter.Null, _terminal.Error);
        if (parsed.GetValue(_level) == "quiet") _told = _terminal.Quiet();
        if (_config.AsksForPresets(parsed))
        {
            ConfigOptions.ListPresets(_terminal.Out);
            return ExitCode.Success;
        }
        Option[] lengths = [.. ((Option[])[_minutes, _steps, _epochs]).Where(option => parsed.GetResult(option) is not null)];
        if (lengths.Length > 1) throw new ArgumentException($"{lengths[0].Name} and {lengths[1].Name} both give the length; use one.");
        string[] set = parsed.GetValue(_set) ?? [];
        if (lengths is [var length] && TrainParams.LengthKeys.Any(key => set.Any(text => text.StartsWith($"train_params.{key}=", StringComparison.Ordinal) || text.StartsWith($"{key}=", StringComparison.Ordinal))))
            throw new ArgumentException($"{length.Name} and --set both give the length; use one.");
        return parsed.GetValue(_resume) is { } resume ? Resume(parsed, resume) : Start(parsed);
    }

    int Start(ParseResult parsed)
    {
        if (parsed.GetValue(_changedData)) throw new ArgumentException("--allow-changed-data is for --resume; a new run takes any images.");
        TrainConfig config = Configuration(parsed);
        // Before there is a folder, so that a wrong path leaves none behind.
        using IImageDataset images = _told.TrackReading(progress => ConfiguredDataset.Open(config, progress, _cancel));
        config = ConfiguredDataset.Fit(config, images);
        using Device device = OpenDevice(parsed, config);
        TimeBudget? budget = config.Train.Minutes is { } minutes ? new TimeBudget(minutes) : null;
        if (budget is not null) config = Spend(budget, config, device, images, Overrides(parsed));
        config = FineTuning.Sealed(config);
        if (parsed.GetValue(_dryRun)) return Plan(parsed, config, device, images, hasBudget: budget is not null);
        return Train(parsed, RunDirectory.Create(parsed.GetValue(_runs) ?? "runs", config), config, device, images, hasBudget: budget is not null);
    }

    TrainConfig Configuration(ParseResult parsed)
    {
        if (_config.Given(parsed) is not []) return _config.Load(parsed, Overrides(parsed));
        // Who says nothing about what to train has not said how long either.
        TrainConfig config = Chosen(parsed) ?? _config.Load(parsed);
        config = config with { Train = config.Train.Lasting(steps: null) with { Minutes = TimeBudget.Default.Time.TotalMinutes } };
        return config.With(Overrides(parsed));
    }

    // The built-in model has a name that is no path.
    string? From(ParseResult parsed) => parsed.GetValue(_from) switch
    {
        null => null,
        "" => throw new ArgumentException("--from is empty; give a model folder or a run."),
        var named => DefaultModel.FolderOf(named),
    };

    // Who names images, or a model to start from, and nothing else is given what suits them.
    TrainConfig? Chosen(ParseResult parsed)
    {
        if (_config.Given(parsed) is not []) return null;
        if (From(parsed) is { } model)
        {
            var tuning = FineTuning.For(model, Overrides(parsed));
            _told.Out.WriteLine($"config  {tuning.Reason}");
            return tuning.Config;
        }
        DatasetParams wanted = TrainConfig.Default.With(Overrides(parsed)).Dataset;
        if (wanted.IsBuiltIn) return null;
        using IImageSource source = ConfiguredDataset.Source(wanted);
        var choice = PresetChoice.For(source, wanted.ImagePath);
        _told.Out.WriteLine($"preset  {choice.Preset}: {choice.Reason}; another with --preset NAME");
        return choice.Config;
    }

    // What the user said of checkpoints and grids stands, whatever suits the budget.
    TrainConfig Spend(TimeBudget budget, TrainConfig config, Device device, IImageDataset images, IEnumerable<string> overrides)
    {
        BudgetedTraining fitted = _told.Track(line =>
        {
            line.Update(0, "measuring how fast this machine trains");
            return budget.Spend(config, device, images, _cancel);
        });
        TrainConfig wished = fitted.Config.With(overrides);
        fitted = fitted with { Config = wished with { Train = wished.Train.Lasting(fitted.Steps) } };
        BudgetDisplay.Tell(_told.Out, budget, fitted);
        return fitted.Config;
    }

    int Resume(ParseResult parsed, string path)
    {
        foreach (Option option in (Option[])[.. _config.All, _from, _runs, _name, _seed, _minutes])
        {
            if (parsed.GetResult(option) is not null)
                throw new ArgumentException($"{option.Name} cannot be combined with --resume: the run has its own.");
        }
        RunDirectory run = RunDirectory.Open(path);
        TrainConfig config = run.Config.With(Overrides(parsed));
        if (config.Train.Minutes is not null) throw new ArgumentException($"{path}: a run keeps its length; train_params.num_minutes is for new runs.");
        if (config.Model != run.Config.Model || config.Diffusion != run.Config.Diffusion)
            throw new ArgumentException($"{path}: model_params and diffusion_params of a run cannot change; start a new run.");
        if (config.Train.From != run.Config.Train.From) throw new ArgumentException($"{path}: what a run started from cannot change; start a new run.");
        if (FinishedRun.Of(run, config) is { } done) return Finished(parsed, run, done);
        config = WithImages(run, config);
        using IImageDataset images = _told.TrackReading(progress => ConfiguredDataset.Open(config, progress, _cancel));
        if (ConfiguredDataset.Fit(config, images).Model != run.Config.Model)
            throw new ArgumentException($"{path}: the classes that the network of a run is told cannot change; start a new run.");
        using Device device = OpenDevice(parsed, config);
        if (parsed.GetValue(_dryRun)) return Plan(parsed, config, device, images, run);
        return Train(parsed, run, config, device, images, allowChangedData: parsed.GetValue(_changedData));
    }

    int Finished(ParseResult parsed, RunDirectory run, TrainResult result)
    {
        if (IsForPrograms(parsed)) new JsonTrainLog(_terminal.Out, run).Finish(result);
        _told.Out.WriteLine($"done    already, {Phrases.Count(result.Step, "step")}; --steps N trains for longer");
        return Results(run, result);
    }

    // A run of an earlier version may have a path that is relative to where it was begun: most often beside the folder of its runs.
    static TrainConfig WithImages(RunDirectory run, TrainConfig config)
    {
        string path = config.Dataset.ImagePath, beside = Path.GetFullPath(Path.Combine(run.FullPath, "..", "..", path));
        if (config.Dataset.IsBuiltIn || path.StartsWith("data/", StringComparison.Ordinal) && Path.Exists(Path.Combine("..", path)) || Path.Exists(path)) return config;
        return Path.Exists(beside)
            ? config with { Dataset = config.Dataset with { ImagePath = beside } }
            : throw new FileNotFoundException($"{path}: the images of the run are not there; name their place with --data PATH.", path);
    }

    int Train(ParseResult parsed, RunDirectory run, TrainConfig config, Device device, IImageDataset images, bool hasBudget = false, bool allowChangedData = false)
    {
        using IDisposable saving = Interrupts.Saving();
        var trainer = new Trainer(config, device, images) { AllowChangedData = allowChangedData };
        Stopping = "stopping, and saving the steps so far";
        if (IsForPrograms(parsed))
        {
            var log = new JsonTrainLog(_terminal.Out, run);
            TrainResult told = trainer.Run(run, new LastCheckpoint(_terminal, run, log), _cancel);
            log.Finish(told);
            return told.IsComplete ? ExitCode.Success : ExitCode.Interrupted;
        }
        TrainResult result = _told.Track(line =>
            trainer.Run(run, new LastCheckpoint(_terminal, run, Display(parsed, line, config, run, hasBudget)), _cancel), parsed.GetValue(_level) == "verbose");
        return result.IsComplete ? Conclude(run, result) : Interrupted(run, result);
    }

    bool IsForPrograms(ParseResult parsed) => parsed.GetValue(_log) == "json";

    TrainDisplay Display(ParseResult parsed, IProgressLine line, TrainConfig config, RunDirectory? run, bool hasBudget) =>
        new(line, config, run) { HasBudget = hasBudget, Additions = _config.Additions(parsed, config, Overrides(parsed)) };

    // A run may come from a larger machine. The result does not depend on the number of threads.
    Device OpenDevice(ParseResult parsed, TrainConfig config) =>
        _device.Open(parsed, _told, Math.Min(config.Train.Threads, Environment.ProcessorCount));

    int Plan(ParseResult parsed, TrainConfig config, Device device, IImageDataset images, RunDirectory? run = null, bool hasBudget = false)
    {
        var trainer = new Trainer(config, device, images) { AllowChangedData = parsed.GetValue(_changedData) };
        if (IsForPrograms(parsed)) trainer.Plan(run, new JsonTrainLog(_terminal.Out, run), _cancel);
        else _told.Track(line => trainer.Plan(run, Display(parsed, line, config, run, hasBudget), _cancel));
        _told.Out.WriteLine("next    " + Invocation.Of([.. parsed.Tokens.Select(token => token.Value).Where(text => text != _dryRun.Name)]));
        return ExitCode.Success;
    }

    List<string> Overrides(ParseResult parsed)
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
        if (parsed.GetValue(_resume) is null) Shortcut("threads", _device.Threads(parsed));
        return overrides;

        static string Text(string value) => $"'{value.Replace("'", "''", StringComparison.Ordinal)}'";

        void Shortcut(string key, object? value)
        {
            if (value is not null) overrides.Add(string.Create(CultureInfo.InvariantCulture, $"train_params.{key}={value}"));
        }
    }

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

    int Conclude(RunDirectory run, TrainResult result)
    {
        string loss = result.SmoothedLoss.ToString("0.0000", CultureInfo.InvariantCulture);
        string time = Phrases.Duration(TimeSpan.FromSeconds(result.SecondsTrained));
        _told.Out.WriteLine($"done    {Phrases.Count(result.Step, "step")} in {time}, loss {loss}");
        return Results(run, result);
    }

    int Results(RunDirectory run, TrainResult result)
    {
        TextWriter to = _told.Out;
        if (result.Forecast is { } forecast)
            to.WriteLine($"memory  {Phrases.Megabytes(ProcessMemory.Peak)} at most (predicted {Phrases.Megabytes(forecast.PeakMemory)})");
        if (result.SampleGrid is { } grid) to.WriteLine($"samples {Phrases.Relative(grid)}");
        to.WriteLine($"loss    {Phrases.Relative(run.LossChartPath)}");
        to.WriteLine($"model   {Phrases.Relative(result.ModelPath ?? run.ModelPath)}");
        to.WriteLine($"next    {Invocation.Of("sample", "--model", Phrases.Relative(run.FullPath))}");
        return ExitCode.Success;
    }

    int Interrupted(RunDirectory run, TrainResult result)
    {
        _told.Out.WriteLine(result.Step > 0 ? $"saved   after step {Phrases.Count(result.Step)}; to continue:" : "stopped before a step was complete; to begin:");
        _told.Out.WriteLine(Invocation.Of("train", "--resume", Phrases.Relative(run.FullPath)));
        return ExitCode.Interrupted;
    }
}
