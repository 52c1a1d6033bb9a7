using System.CommandLine;
using Brownian.Tensors;

namespace Brownian.Cli;

/// <summary><c>brownian train</c></summary>
sealed class TrainCommand : AppCommand
{
    readonly TrainOptions _options = new();

    // What people are told; nobody, where a program reads.
    Terminal _told;

    public TrainCommand(Terminal terminal, CancellationToken cancel) : base("train",
        "Train a model. Ctrl-C saves a checkpoint and prints the command to resume.\n"
        + "Example: brownian train --preset mnist --set train_params.lr=2e-4", terminal, cancel)
    {
        _told = terminal;
        Add(_options.All);
    }

    protected override int Run(ParseResult parsed)
    {
        if (_options.Config.AsksForPresets(parsed))
        {
            ConfigOptions.ListPresets(_terminal.Out);
            return ExitCode.Success;
        }
        _options.Check(parsed);
        if (_options.IsForPrograms(parsed)) _told = new Terminal(TextWriter.Null, _terminal.Error);
        if (_options.IsQuiet(parsed)) _told = _terminal.Quiet();
        return _options.Resume(parsed) is { } resume ? Resume(parsed, resume) : Start(parsed);
    }

    int Start(ParseResult parsed)
    {
        List<string> overrides = _options.Overrides(parsed);
        TrainConfig config = Configuration(parsed, overrides);
        // Before there is a folder, so that a wrong path leaves none behind.
        using IImageDataset images = _told.TrackReading(progress => ConfiguredDataset.Open(config, progress, _cancel));
        config = ConfiguredDataset.Fit(config, images);
        using Device device = OpenDevice(parsed, config);
        TimeBudget? budget = config.Train.Minutes is { } minutes ? new TimeBudget(minutes) : null;
        if (budget is not null) config = Spend(budget, config, device, images, overrides);
        config = FineTuning.Sealed(config);
        if (_options.IsDryRun(parsed)) return Plan(parsed, config, device, images, hasBudget: budget is not null);
        return Train(parsed, RunDirectory.Create(_options.Runs(parsed), config), config, device, images, hasBudget: budget is not null);
    }

    TrainConfig Configuration(ParseResult parsed, List<string> overrides)
    {
        if (_options.Config.Given(parsed) is not []) return _options.Config.Load(parsed, overrides);
        // Who says nothing about what to train has not said how long either.
        TrainConfig config = Chosen(parsed, overrides) ?? _options.Config.Load(parsed);
        return config.Lasting(TimeBudget.Default.Time).With(overrides);
    }

    // Who names images, or a model to start from, and nothing else is given what suits them.
    TrainConfig? Chosen(ParseResult parsed, List<string> overrides)
    {
        if (_options.From(parsed) is { } model)
        {
            var tuning = FineTuning.For(model, overrides);
            _told.Out.WriteLine($"config  {tuning.Reason}");
            return tuning.Config;
        }
        DatasetParams wanted = TrainConfig.Default.With(overrides).Dataset;
        if (wanted.IsBuiltIn) return null;
        using IImageSource source = ConfiguredDataset.Source(wanted);
        var choice = PresetChoice.For(source, wanted.ImagePath);
        _told.Out.WriteLine($"preset  {choice.Preset}: {choice.Reason}; another with --preset NAME");
        return choice.Config;
    }

    // What the user said of checkpoints and grids stands, whatever suits the budget.
    TrainConfig Spend(TimeBudget budget, TrainConfig config, Device device, IImageDataset images, List<string> overrides)
    {
        BudgetedTraining fitted = _told.Track(line =>
        {
            line.Update(0, "measuring how fast this machine trains");
            return budget.Spend(config, device, images, _cancel);
        });
        fitted = fitted with { Config = fitted.Config.With(overrides).Lasting(fitted.Steps) };
        BudgetDisplay.Tell(_told.Out, budget, fitted);
        return fitted.Config;
    }

    int Resume(ParseResult parsed, string path)
    {
        var run = RunDirectory.Open(path);
        TrainConfig config = run.Config.With(_options.Overrides(parsed));
        if (config.Train.Minutes is not null) throw new ArgumentException($"{path}: a run keeps its length; train_params.num_minutes is for new runs.");
        if (config.Model != run.Config.Model || config.Diffusion != run.Config.Diffusion)
            throw new ArgumentException($"{path}: model_params and diffusion_params of a run cannot change; start a new run.");
        if (config.Train.From != run.Config.Train.From) throw new ArgumentException($"{path}: what a run started from cannot change; start a new run.");
        if (FinishedRun.Of(run, config) is { } done)
        {
            if (_options.IsForPrograms(parsed)) new JsonTrainLog(_terminal.Out, run).Report(new TrainProgress.Finished(done));
            return TrainConclusion.FinishedBefore(_told.Out, run, done);
        }
        config = WithImages(run, config);
        using IImageDataset images = _told.TrackReading(progress => ConfiguredDataset.Open(config, progress, _cancel));
        if (ConfiguredDataset.Fit(config, images).Model != run.Config.Model)
            throw new ArgumentException($"{path}: the classes that the network of a run is told cannot change; start a new run.");
        using Device device = OpenDevice(parsed, config);
        return _options.IsDryRun(parsed) ? Plan(parsed, config, device, images, run) : Train(parsed, run, config, device, images);
    }

    // A run of an earlier version may have a path that is relative to where it was begun: most often beside the folder of its runs.
    static TrainConfig WithImages(RunDirectory run, TrainConfig config)
    {
        string path = config.Dataset.ImagePath, beside = Path.GetFullPath(Path.Combine(run.FullPath, "..", "..", path));
        if (config.Dataset.IsBuiltIn || DataPlaces.TryFind(path) is not null) return config;
        return Path.Exists(beside)
            ? config with { Dataset = config.Dataset with { ImagePath = beside } }
            : throw new FileNotFoundException($"{path}: the images of the run are not there; name their place with --data PATH.", path);
    }

    int Train(ParseResult parsed, RunDirectory run, TrainConfig config, Device device, IImageDataset images, bool hasBudget = false)
    {
        using IDisposable saving = Interrupts.Saving();
        Stopping = "stopping, and saving the steps so far";
        Trainer trainer = TrainerOf(parsed, config, device, images);
        if (_options.IsForPrograms(parsed))
        {
            TrainResult told = trainer.Run(run, new LastCheckpoint(_terminal, run, new JsonTrainLog(_terminal.Out, run)), _cancel);
            return told.IsComplete ? ExitCode.Success : ExitCode.Interrupted;
        }
        TrainResult result = _told.Track(
            line => trainer.Run(run, new LastCheckpoint(_terminal, run, Display(parsed, line, config, run, hasBudget)), _cancel), _options.IsVerbose(parsed));
        return result.IsComplete ? TrainConclusion.Finished(_told.Out, run, result) : TrainConclusion.Interrupted(_told.Out, run, result);
    }

    int Plan(ParseResult parsed, TrainConfig config, Device device, IImageDataset images, RunDirectory? run = null, bool hasBudget = false)
    {
        Trainer trainer = TrainerOf(parsed, config, device, images);
        if (_options.IsForPrograms(parsed)) trainer.Plan(run, new JsonTrainLog(_terminal.Out, run), _cancel);
        else _told.Track(line => trainer.Plan(run, Display(parsed, line, config, run, hasBudget), _cancel));
        _told.Out.WriteLine($"next    {_options.WithoutDryRun(parsed)}");
        return ExitCode.Success;
    }

    Trainer TrainerOf(ParseResult parsed, TrainConfig config, Device device, IImageDataset images) =>
        new(config, device, images) { AllowChangedData = _options.AllowsChangedData(parsed) };

    TrainDisplay Display(ParseResult parsed, IProgressLine line, TrainConfig config, RunDirectory? run, bool hasBudget) =>
        new(line, config, run) { HasBudget = hasBudget, Additions = _options.Config.Additions(parsed, config, _options.Overrides(parsed)) };

    // A run may come from a larger machine. The result does not depend on the number of threads.
    Device OpenDevice(ParseResult parsed, TrainConfig config) =>
        _options.Device.Open(parsed, _told, Math.Min(config.Train.Threads, Environment.ProcessorCount));
}
