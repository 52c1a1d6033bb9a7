using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// Trains a network as a run's configuration says, and continues where an interrupted run stopped: bit for bit, because a step's random
/// draws depend on the seed and the number of the step alone.
/// </summary>
/// <param name="config">What to do.</param>
/// <param name="device">What computes; null for <see cref="Device.Default"/>. Others may use it meanwhile: they have their turns between two steps.</param>
/// <param name="dataset">What to learn from; null opens what <c>dataset_params</c> names.</param>
public sealed class Trainer(TrainConfig config, Device? device = null, IImageDataset? dataset = null)
{
    readonly Device _device = device ?? Device.Default;

    /// <summary>Continue a run on other images than those it was trained on: its bits will not be those of an uninterrupted run.</summary>
    public bool AllowChangedData { get; init; }

    /// <summary>Trains to the end, or until cancelled. Nothing of a finished run is touched, and its images are not opened.</summary>
    /// <param name="run">Where everything is written; training continues after its newest checkpoint, if it has one.</param>
    /// <param name="progress">Told about every step, checkpoint, grid of samples and warning.</param>
    /// <param name="cancel">Abandons the step, saves what the steps before it led to and returns: a large step may take minutes.</param>
    /// <exception cref="TrainingDivergedException">A loss or gradient is not finite.</exception>
    /// <exception cref="ArgumentException">The configuration has a value that cannot be used.</exception>
    /// <exception cref="InvalidDataException">Images or checkpoints are damaged or do not fit the network.</exception>
    /// <exception cref="IOException">A file is missing or cannot be written, or another process trains this run.</exception>
    public TrainResult Run(RunDirectory run, IProgress<TrainProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(run);
        config.Validate();
        if (FinishedRun.Of(run, config) is { } done)
        {
            progress?.Report(new TrainProgress.Finished(done));
            return done;
        }
        using FileStream turn = run.Lock();
        var checkpoints = new CheckpointStore(run.CheckpointsPath);
        checkpoints.CleanUp();
        IImageDataset images = Images(progress, cancel);
        using IDisposable? opened = dataset is null ? images : null;      // one that the caller gave stays open
        using TrainingJob job = Job(run, images, progress, cancel);
        try
        {
            MemoryCheck.BeforeFirstStep(job, Warn(progress), cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The session ends with the step where it begins.
        }
        if (job.Config != run.Config) run.Reconfigure(job.Config);     // with the lock held: another process may be training this run
        using var session = new TrainingSession(job, run, checkpoints, progress);
        TrainResult result = session.Run(cancel);
        progress?.Report(new TrainProgress.Finished(result));
        return result;
    }

    /// <summary>Says what <see cref="Run"/> would take, by a few steps that are thrown away, and writes nothing.</summary>
    /// <param name="run">The run that would be continued; null for a new one.</param>
    /// <param name="progress">Told what <see cref="Run"/> tells of its data, network and pace.</param>
    /// <param name="cancel">Ends it early.</param>
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> was cancelled.</exception>
    /// <inheritdoc cref="Run" path="/exception"/>
    public TrainForecast Plan(RunDirectory? run = null, IProgress<TrainProgress>? progress = null, CancellationToken cancel = default)
    {
        config.Validate();
        IImageDataset images = Images(progress, cancel);
        using IDisposable? opened = dataset is null ? images : null;
        using TrainingJob job = Job(run, images, progress, cancel);
        progress?.Report(job.Introduce());
        LookingCost looking = job.Plan.EvaluationsAfter(job.State.Step) > 0 ? TrainingEvaluation.Rehearse(job, progress, cancel) : default;
        TrainForecast forecast = TrainForecast.Of(job, Rehearsal.Run(job, cancel, Warn(progress)), looking);
        progress?.Report(new TrainProgress.Planned(forecast));
        return forecast;
    }

    static Action<string> Warn(IProgress<TrainProgress>? progress) => message => progress?.Report(new TrainProgress.Warning(message));

    IImageDataset Images(IProgress<TrainProgress>? progress, CancellationToken cancel) =>
        dataset ?? ConfiguredDataset.Open(config, progress is null ? null : new Relay(progress), cancel);

    TrainingJob Job(RunDirectory? run, IImageDataset images, IProgress<TrainProgress>? progress, CancellationToken cancel)
    {
        RunDirectory? begun = run is not null && new CheckpointStore(run.CheckpointsPath).Steps().Count > 0 ? run : null;
        using StartingModel? start = Start(begun, progress);
        return new TrainingJob(Timed(Fitted(images, run, start), images, begun, cancel), _device, images, begun, progress, AllowChangedData, start);
    }

    // A budget becomes steps once; a run that goes on has them.
    TrainConfig Timed(TrainConfig fitted, IImageDataset images, RunDirectory? begun, CancellationToken cancel) => fitted.Train.Minutes switch
    {
        null => fitted,
        _ when begun?.Config.Train is { Minutes: null } before => fitted with
        {
            Train = fitted.Train.Lasting(before.Steps) with { Epochs = before.Epochs },
        },
        { } minutes => new TimeBudget(minutes).Spend(fitted, _device, images, cancel).Config,
    };

    // Once there is a checkpoint, nobody looks at the model again.
    StartingModel? Start(RunDirectory? begun, IProgress<TrainProgress>? progress) => config.Train.From is "" || begun is not null
        ? null
        : StartingModel.Open(config.Train.From, message => progress?.Report(new TrainProgress.Warning(message)));

    TrainConfig Fitted(IImageDataset images, RunDirectory? run, StartingModel? start)
    {
        TrainConfig fitted = ConfiguredDataset.Fit(config, images).Located();
        ConfiguredDataset.Check(images, fitted);
        if (start is not null) return start.Seal(fitted);
        TrainParams? before = run?.Config.Train;
        return fitted.Train.From == before?.From && fitted.Train.FromHash.Length == 0
            ? fitted with { Train = fitted.Train with { FromHash = before.FromHash } }
            : fitted;
    }

    sealed class Relay(IProgress<TrainProgress> to) : IProgress<ReadingProgress>
    {
        public void Report(ReadingProgress value)
        {
            if (value is ReadingProgress.Warning warning) to.Report(new TrainProgress.Warning(warning.Message));
        }
    }
}

/// <summary>What a training consists of, ready to begin or to continue, before anything is written.</summary>
sealed class TrainingJob : IDisposable
{
    readonly IProgress<TrainProgress>? _progress;
    readonly bool _allowChangedData;

    /// <param name="config">What to do.</param>
    /// <param name="device">What computes.</param>
    /// <param name="images">What to learn from.</param>
    /// <param name="begun">Training continues after its newest checkpoint; null for a training that begins.</param>
    /// <param name="progress">Told about damaged checkpoints.</param>
    /// <param name="allowChangedData">Continue on other images than the checkpoint's.</param>
    /// <param name="start">Whose weights to begin with; null for fresh ones, and where there is a checkpoint.</param>
    public TrainingJob(
        TrainConfig config, Device device, IImageDataset images, RunDirectory? begun, IProgress<TrainProgress>? progress,
        bool allowChangedData = false, StartingModel? start = null)
    {
        NetworkSummary summary = NetworkSummary.Of(traced => config.Model.CreateNetwork(traced), (images.Height, images.Width));
        MemoryCheck.RequireWeights(config, summary.Parameters);
        (Config, Device, Images, _progress, _allowChangedData) = (config, device, images, progress, allowChangedData);
        ConfigHash = config.Hash();
        State = new TrainState(config, device);
        if (begun is not null) new CheckpointStore(begun.CheckpointsPath).Newest(Warn, (folder, manifest) => Restore(begun, folder, manifest));
        StartedFrom = start?.Fill(State, config, images, Warn);
        (IImageDataset training, HeldOut) = HeldOutImages.Split(images, config.Train);
        Loader = new BatchLoader(
            training, config.Train.BatchSize, config.Train.Seed, startBatch: State.Step * config.Train.GradientAccumulation,
            horizontalFlip: ConfiguredDataset.Mirrors(images, config.Dataset), randomCrop: config.Dataset.Crop == CropMode.Random);
        Plan = new TrainingPlan(config.Train, Loader.BatchesPerEpoch);
        (FlopsPerImage, ActivationBytesPerImage) = (2 * summary.MultiplyAdds, summary.ActivationBytes);
    }

    public TrainConfig Config { get; }

    public Device Device { get; }

    public IImageDataset Images { get; }

    public string ConfigHash { get; }

    public StartedFrom? StartedFrom { get; }

    public TrainingObjective Objective => State.Objective;

    public TrainState State { get; }

    /// <summary>The images that training does not see; null for none.</summary>
    public HeldOutImages? HeldOut { get; }

    public BatchLoader Loader { get; }

    public TrainingPlan Plan { get; }

    /// <summary>Floating-point operations of one image forward, convolutions counted as if computed directly.</summary>
    public long FlopsPerImage { get; }

    /// <summary>The same for a step: backward costs two passes, for the gradients of activations and of weights.</summary>
    public long StepFlopsPerImage => 3 * FlopsPerImage;

    /// <summary>What a pass of one image forward leaves for the backward pass if all of it is kept.</summary>
    public long ActivationBytesPerImage { get; }

    /// <summary>The loss of one batch of the present step, on the tape.</summary>
    /// <param name="batch">The images.</param>
    /// <param name="part">The place of this batch among those that the step accumulates.</param>
    public TrainingLoss LossOf(Batch batch, int part)
    {
        Tensor x0 = Tensor.From(batch.Pixels, Shape.Of(batch.Count, Images.Height, Images.Width, Images.Channels), Device);
        return LossOf(x0, ClassConditions.Labels(batch.Labels, State.Network.Classes), part);
    }

    /// <summary>The same for images and labels as the network takes them.</summary>
    public TrainingLoss LossOf(Tensor x0, ReadOnlySpan<int> labels, int part) =>
        Objective.Loss(State.Network, x0, State.Step, firstImage: part * Config.Train.BatchSize, labels);

    public TrainProgress.Started Introduce() => new(
        Images.Description, ConfiguredDataset.Augmentation(Images, Config.Dataset), State.Parameters.Count, FlopsPerImage,
        State.Step, Plan.TotalSteps, Plan.StepsPerEpoch, Device.Name)
    {
        Objective = ConfiguredObjective.Describe(Config),
        Optimizer = ConfiguredOptimizer.Describe(State.Optimizer),
        Classes = ClassConditions.Describe(Images, Config),
        From = StartedFrom,
        Snapshots = Plan.SnapshotSteps == 0 ? null : new SnapshotPlan(Config.Train.EmaWidths, Plan.SnapshotSteps, Plan.Snapshots, Plan.Snapshots * State.TrackedBytes),
        HeldOut = HeldOut?.Count ?? 0,
        HeldOutMeasured = HeldOut?.MeasuredCount ?? 0,
        Notes = [.. Images.Notes],
    };

    public void Dispose() => Loader.Dispose();

    void Restore(RunDirectory run, string folder, CheckpointManifest manifest)
    {
        if (ChangeOfData(manifest) is { } change)
        {
            string what = $"{folder}: {change} ({Images.Description})";
            if (!_allowChangedData) throw new InvalidDataException($"{what}; bring them back, or continue on these with --allow-changed-data.");
            Warn($"{what}; the result will differ from an uninterrupted run.");
        }
        State.Load(folder, manifest);
        if (manifest.ConfigHash != ConfigHash && !run.ImagePaths().Append(Config.Dataset.ImagePath).Any(path => manifest.ConfigHash == Config.HashWith(path)))
            Warn($"{folder}: made with another configuration; the result will differ from an uninterrupted run.");
    }

    // Earlier versions noted less. Files that were copied have other times, and the same pixels.
    string? ChangeOfData(CheckpointManifest manifest)
    {
        if (manifest.DataCount is { } count && count != Images.Count) return $"it was trained on {Counted.Of(count, "image")}, and now there are {Images.Count}";
        if (manifest.DataHash is not { } hash || Images.Fingerprint.Length == 0 || hash == Images.Fingerprint) return null;
        if (manifest.DataContent is not { } content || Images.Content.Length == 0)
            return "the names, sizes, times or labels of the images are not those that it was trained on";
        return content == Images.Content ? null : "the pixels or labels of the images are not those that it was trained on";
    }

    void Warn(string message) => _progress?.Report(new TrainProgress.Warning(message));
}
