using Brownian.Tensors;

namespace Brownian.Training;

/// <summary>
/// Trains a network as a run's configuration says, and continues where an interrupted run stopped: bit for bit, because a step's random
/// draws depend on the seed and the number of the step alone.
/// </summary>
/// <param name="config">What to do.</param>
/// <param name="device">What computes; used by this trainer alone while it runs.</param>
/// <param name="dataset">What to learn from; null opens what <c>dataset_params</c> names.</param>
public sealed class Trainer(TrainConfig config, Device device, IImageDataset? dataset = null)
{
    /// <summary>Trains to the end, or until cancelled.</summary>
    /// <param name="run">Where everything is written; training continues after its newest checkpoint, if it has one.</param>
    /// <param name="progress">Told about every step, checkpoint, grid of samples and warning.</param>
    /// <param name="cancel">Finishes the step, saves and returns.</param>
    /// <exception cref="TrainingDivergedException">A loss or gradient is not finite.</exception>
    /// <exception cref="ArgumentException">The configuration has a value that cannot be used.</exception>
    /// <exception cref="InvalidDataException">Images or checkpoints are damaged or do not fit the network.</exception>
    /// <exception cref="IOException">A file is missing or cannot be written, or another process trains this run.</exception>
    public TrainResult Run(RunDirectory run, IProgress<TrainProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(run);
        config.Validate();
        using FileStream turn = run.Lock();
        IImageDataset images = dataset ?? ConfiguredDataset.Open(config);
        ConfiguredDataset.Check(images, config);
        using var session = new TrainingSession(config, device, images, run, progress);
        return session.Run(cancel);
    }
}
