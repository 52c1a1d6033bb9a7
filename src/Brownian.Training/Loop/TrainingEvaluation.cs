using System.Diagnostics;
using Brownian.Evaluation;

namespace Brownian;

/// <summary>
/// Measures, while a network trains, how far its images are from those that it learns from. The seeds are the same each time, and the real
/// images too, so that evaluations differ by the weights alone. It reads the weights and changes nothing that training depends on.
/// </summary>
sealed class TrainingEvaluation : IDisposable
{
    /// <summary>Real images compared with: more would hardly move a distance of as few images as are drawn.</summary>
    const int MostReal = 10_000;

    const int MostAtOnce = 64;

    readonly TrainParams _train;
    readonly FeatureExtraction _extraction;
    readonly FrechetDistance _frechet;
    readonly KernelDistance _kernel;

    TrainingEvaluation(TrainParams train, FeatureExtraction extraction, FeatureSet real)
    {
        (_train, _extraction) = (train, extraction);
        var points = new Points(real, "training images");
        (_frechet, _kernel) = (new FrechetDistance(GaussianStatistics.Of(points)), new KernelDistance(points));
    }

    /// <param name="job">Says what is learned from, and how to evaluate.</param>
    /// <param name="progress">Told how far the real images are looked at, and of weights that are missing for better features.</param>
    /// <param name="cancel">Ends it early.</param>
    /// <exception cref="ArgumentException">The images are neither gray nor RGB, or too few.</exception>
    public static TrainingEvaluation Of(TrainingJob job, IProgress<TrainProgress>? progress, CancellationToken cancel)
    {
        FeatureExtraction extraction = Open(job, progress);
        try
        {
            Relay? looking = progress is null ? null : new Relay(progress);
            double seconds = SecondsPerImage(extraction, job.Images, cancel);
            FeatureSet real = ComparedImages.Of(job.Config, job.Images).Features(
                extraction, MostReal, cache: IsInPlace(job.Config), progress: looking, cancel: cancel);
            return new TrainingEvaluation(job.Config.Train, extraction, real) { Cost = new LookingCost(seconds, 0) };
        }
        catch
        {
            extraction.Network.Dispose();
            throw;
        }
    }

    /// <summary>Looks at two batches, so that whatever is missing is told, and the time and the memory that it takes are known.</summary>
    /// <inheritdoc cref="Of"/>
    public static LookingCost Rehearse(TrainingJob job, IProgress<TrainProgress>? progress, CancellationToken cancel)
    {
        FeatureExtraction extraction = Open(job, progress);
        using FeatureNetwork network = extraction.Network;
        int kept = IsInPlace(job.Config) ? ComparedImages.Of(job.Config, job.Images).KeptFeatures(extraction) : 0;
        return new LookingCost(SecondsPerImage(extraction, job.Images, cancel), Math.Max(0, Math.Min(MostReal, job.Images.Count) - kept));
    }

    /// <summary>What looking at images takes, now that the real ones were looked at.</summary>
    public required LookingCost Cost { get; init; }

    // While the first batch is looked at, code is still being compiled.
    static double SecondsPerImage(FeatureExtraction extraction, IImageDataset images, CancellationToken cancel)
    {
        int[] batch = FeatureExtraction.Order(images.Count, extraction.BatchSize);
        extraction.Of(images, batch, cancel: cancel);
        long start = Stopwatch.GetTimestamp();
        extraction.Of(images, batch, cancel: cancel);
        return Stopwatch.GetElapsedTime(start).TotalSeconds / batch.Length;
    }

    // Batches of the training's size find the memory they need in its pool; photographs are enlarged, so that more of them would take gigabytes.
    static FeatureExtraction Open(TrainingJob job, IProgress<TrainProgress>? progress)
    {
        TrainParams train = job.Config.Train;
        string? name = train.EvaluateFeatures.Length > 0 ? train.EvaluateFeatures : null;
        FeatureNetwork network = FeatureNetworks.Open(
            FeatureImages.Of(job.Images), name, weights: null, job.Device, message => progress?.Report(new TrainProgress.Warning(message)));
        return new FeatureExtraction(network, job.Device) { BatchSize = Math.Min(MostAtOnce, train.BatchSize) };
    }

    public EvaluationMetrics Measure(DiffusionModel model, CancellationToken cancel)
    {
        var drawn = new SampleCollection(model, _extraction, new SampleOptions { Steps = _train.SampleTimesteps, BatchSize = _train.BatchSize }) { KeptImages = 0 };
        drawn.DrawTo(_train.EvaluateCount, cancel: cancel);
        var generated = new Points(drawn.Features, "samples");
        return new EvaluationMetrics(
            _extraction.Network.Name, drawn.Count, _frechet.To(generated), _kernel.To(generated).Value);
    }

    // Images that a program made itself have no place where their features could be kept.
    static bool IsInPlace(TrainConfig config) => !config.Dataset.IsBuiltIn && Path.Exists(DataPlaces.Find(config.Dataset.ImagePath));

    sealed class Relay(IProgress<TrainProgress> to) : IProgress<ExtractionProgress>
    {
        public void Report(ExtractionProgress value) => to.Report(new TrainProgress.LookingAtImages(value.Done, value.Count));
    }

    public void Dispose() => _extraction.Network.Dispose();
}

/// <summary>What the network that compares images takes while another one trains.</summary>
/// <param name="SecondsPerImage">For looking at one.</param>
/// <param name="Unseen">Real images that it has to look at before the first evaluation.</param>
readonly record struct LookingCost(double SecondsPerImage, int Unseen);
