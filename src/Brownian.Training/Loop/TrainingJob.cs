using Brownian.Diffusion;
using Brownian.Tensors;

namespace Brownian.Training;

/// <summary>What a training consists of, ready to begin or to continue, before anything is written.</summary>
sealed class TrainingJob : IDisposable
{
    readonly IProgress<TrainProgress>? _progress;

    /// <param name="config">What to do.</param>
    /// <param name="device">What computes.</param>
    /// <param name="images">What to learn from.</param>
    /// <param name="checkpoints">Where training continues after the newest; null for a training that begins.</param>
    /// <param name="progress">Told about damaged checkpoints.</param>
    public TrainingJob(
        TrainConfig config, Device device, IImageDataset images, CheckpointStore? checkpoints, IProgress<TrainProgress>? progress)
    {
        (Config, Device, Images, _progress) = (config, device, images, progress);
        ConfigHash = config.Hash();
        Objective = ConfiguredObjective.Of(config);
        State = new TrainState(config, device);
        checkpoints?.Newest(Warn, Restore);
        Loader = new BatchLoader(
            images, config.Train.BatchSize, config.Train.Seed, startBatch: State.Step * config.Train.GradientAccumulation,
            horizontalFlip: ConfiguredDataset.Mirrors(images, config.Dataset), randomCrop: config.Dataset.Crop == CropMode.Random);
        Plan = new TrainingPlan(config.Train, Loader.BatchesPerEpoch);
        FlopsPerImage = 2 * NetworkSummary.Of(traced => config.Model.CreateNetwork(traced), (images.Height, images.Width)).MultiplyAdds;
    }

    public TrainConfig Config { get; }

    public Device Device { get; }

    public IImageDataset Images { get; }

    public string ConfigHash { get; }

    public TrainingObjective Objective { get; }

    public TrainState State { get; }

    public BatchLoader Loader { get; }

    public TrainingPlan Plan { get; }

    /// <summary>Floating-point operations of one image forward, convolutions counted as if computed directly.</summary>
    public long FlopsPerImage { get; }

    /// <summary>The same for a step: backward costs two passes, for the gradients of activations and of weights.</summary>
    public long StepFlopsPerImage => 3 * FlopsPerImage;

    /// <summary>The loss of one batch of the present step, on the tape.</summary>
    /// <param name="batch">The images.</param>
    /// <param name="part">The place of this batch among those that the step accumulates.</param>
    public TrainingLoss LossOf(Batch batch, int part)
    {
        Tensor x0 = Tensor.From(batch.Pixels, Shape.Of(batch.Count, Images.Height, Images.Width, Images.Channels), Device);
        int[] labels = ClassConditions.Labels(batch, State.Network.Classes);
        return Objective.Loss(State.Network, x0, State.Step, firstImage: part * Config.Train.BatchSize, labels);
    }

    public TrainProgress.Started Introduce() => new(
        Images.Description, ConfiguredDataset.Augmentation(Images, Config.Dataset), State.Parameters.Count, FlopsPerImage,
        State.Step, Plan.TotalSteps, Plan.StepsPerEpoch, Device.Name)
    {
        Objective = ConfiguredObjective.Describe(Config),
        Classes = ClassConditions.Describe(Images, Config),
    };

    public void Dispose() => Loader.Dispose();

    void Restore(string folder, CheckpointManifest manifest)
    {
        State.Load(folder, manifest);
        if (manifest.ConfigHash != ConfigHash)
            Warn($"{folder}: made with another configuration; what follows is not what it would have led to.");
    }

    void Warn(string message) => _progress?.Report(new TrainProgress.Warning(message));
}
