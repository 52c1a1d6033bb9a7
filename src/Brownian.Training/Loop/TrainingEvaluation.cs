using Brownian.Evaluation;

namespace Brownian.Training;

/// <summary>
/// Measures, while a network trains, how far its images are from those that it learns from. The seeds are the same each time, and the real
/// images too, so that evaluations differ by the weights alone. It reads the weights and changes nothing that training depends on.
/// </summary>
sealed class TrainingEvaluation : IDisposable
{
    /// <summary>Real images compared with: more would hardly move a distance of as few images as are drawn.</summary>
    const int MostReal = 10_000;

    readonly TrainParams _train;
    readonly FeatureExtraction _extraction;
    readonly Points _real;
    readonly FrechetDistance _frechet;

    TrainingEvaluation(TrainParams train, FeatureExtraction extraction, FeatureSet real)
    {
        (_train, _extraction, _real) = (train, extraction, new Points(real, "training images"));
        _frechet = new FrechetDistance(GaussianStatistics.Of(_real));
    }

    /// <param name="job">Says what is learned from, and how to evaluate.</param>
    /// <param name="warn">Told of weights that are missing for better features.</param>
    /// <param name="cancel">Ends it early.</param>
    /// <exception cref="ArgumentException">The images are neither gray nor RGB, or too few.</exception>
    public static TrainingEvaluation Of(TrainingJob job, Action<string> warn, CancellationToken cancel)
    {
        (TrainParams train, IImageDataset images) = (job.Config.Train, job.Images);
        string? name = train.EvaluateFeatures.Length > 0 ? train.EvaluateFeatures : null;
        FeatureNetwork network = FeatureNetworks.Open(FeatureImages.Of(images), name, weights: null, job.Device, warn);
        try
        {
            // Batches of the training's size find the memory they need in its pool.
            var extraction = new FeatureExtraction(network, job.Device) { BatchSize = train.BatchSize };
            return new TrainingEvaluation(train, extraction, extraction.Of(images, FeatureExtraction.Order(images.Count, MostReal), cancel: cancel));
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    public EvaluationMetrics Measure(DiffusionModel model, CancellationToken cancel)
    {
        var drawn = new SampleCollection(model, _extraction, new SampleOptions { Steps = _train.SampleTimesteps, BatchSize = _train.BatchSize }) { KeptImages = 0 };
        drawn.DrawTo(_train.EvaluateCount, cancel: cancel);
        var generated = new Points(drawn.Features, "samples");
        return new EvaluationMetrics(
            _extraction.Network.Name, drawn.Count, _frechet.To(generated), KernelDistance.Between(_real, generated).Value);
    }

    public void Dispose() => _extraction.Network.Dispose();
}
