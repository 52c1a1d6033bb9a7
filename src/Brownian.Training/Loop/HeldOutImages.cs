using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// The images of <c>train_params.validation_fraction</c>: the seed chooses them, and training never sees them. Their loss is measured with
/// noise and timesteps that are the same each time, so that two measurements differ by the weights alone.
/// </summary>
sealed class HeldOutImages
{
    /// <summary>More images hardly move the mean.</summary>
    const int MostImages = 1024;

    /// <summary>
    /// Of the images that pass between two checkpoints. A pass forward costs a third of a step, so that measuring takes at most a twentieth of
    /// the time.
    /// </summary>
    const double Share = 0.15;

    /// <summary>No training step has this number, nor its noise.</summary>
    const long Step = long.MaxValue;

    readonly IImageDataset _images;
    readonly TrainParams _train;

    HeldOutImages(IImageDataset images, TrainParams train)
    {
        (_images, _train) = (images, train);
        double passing = Share * train.CheckpointSteps * train.BatchSize * train.GradientAccumulation;
        MeasuredCount = (int)Math.Clamp(passing, 1, Math.Min(MostImages, images.Count));
    }

    /// <summary>How many there are.</summary>
    public int Count => _images.Count;

    /// <summary>How many are looked at each time: the same ones.</summary>
    public int MeasuredCount { get; }

    /// <summary>How many of a set are held out.</summary>
    public static int CountOf(int images, double fraction) => fraction == 0 ? 0 : Math.Max(1, (int)Math.Round(images * fraction));

    /// <summary>A set without its held-out images, and those; null where none are held out.</summary>
    public static (IImageDataset Training, HeldOutImages? HeldOut) Split(IImageDataset images, TrainParams train)
    {
        int held = CountOf(images.Count, train.ValidationFraction);
        if (held == 0) return (images, null);
        int[] order = new Philox(train.Seed, Philox.Stream("held-out images")).Permutation(images.Count);
        int[] training = order[held..];
        Array.Sort(training);
        return (images.Pick(training), new HeldOutImages(images.Pick(order[..held]), train));
    }

    /// <summary>The mean loss of the images, by the weights that the network has now, with nothing dropped out.</summary>
    /// <param name="job">What is trained.</param>
    /// <param name="cancel">Ends it early.</param>
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> was cancelled.</exception>
    public double Loss(TrainingJob job, CancellationToken cancel)
    {
        // Timesteps as they were drawn at first, where training learns which to draw.
        TrainingObjective objective = job.Objective with
        {
            Times = job.Objective.Times is LossResampler ? TimeDistribution.Uniform : job.Objective.Times,
            Noise = new() { Offset = _train.OffsetNoise },
        };
        IDenoisingNetwork network = job.State.Network;
        double sum = 0;
        for (int first = 0; first < MeasuredCount; first += _train.BatchSize)
        {
            int count = Math.Min(_train.BatchSize, MeasuredCount - first);
            using TensorScope scope = job.Device.OpenStep(cancel);
            using NoGrad noGrad = job.Device.NoGrad();
            Tensor x0 = Read(first, count, job.Device);
            (TrainingTime[] times, Tensor noise) = objective.Draw(x0, Step, first);
            sum += count * (double)objective.Loss(network, x0, times, noise, Labels(first, count, network.Classes)).Mean;
        }
        return sum / MeasuredCount;
    }

    Tensor Read(int first, int count, Device device)
    {
        int bytes = _images.ImageBytes();
        byte[] samples = new byte[count * bytes];
        for (int i = 0; i < count; i++) _images.Read(first + i, samples.AsSpan(i * bytes, bytes));
        float[] pixels = new float[samples.Length / (_images.BitDepth / 8)];
        PixelScale.FromSamples(samples, _images.BitDepth, pixels);
        return Tensor.From(pixels, Shape.Of(count, _images.Height, _images.Width, _images.Channels), device);
    }

    int[] Labels(int first, int count, int classes) =>
        ClassConditions.Labels([.. Enumerable.Range(first, count).Select(_images.Label)], classes);
}
