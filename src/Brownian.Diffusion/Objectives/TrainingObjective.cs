using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// Algorithm 1 of Ho et al. 2020 with the simple loss of eq. 14, and its descendants: noise images, ask the network for its target,
/// compare. With <see cref="RectifiedFlow"/> and <see cref="Parameterization.Flow"/> it is flow matching (Lipman et al. 2022, eq. 14 and 23),
/// with <see cref="VarianceExploding"/> and <see cref="Parameterization.Edm"/> the loss of Karras et al. 2022, eq. 8, whose weight is 1 there.
/// </summary>
/// <param name="Process">The forward process.</param>
/// <param name="Predicts">What the network predicts.</param>
/// <param name="Seed">All random draws are functions of (seed, step, position in the batch).</param>
public sealed record TrainingObjective(INoiseProcess Process, Parameterization Predicts, ulong Seed)
{
    /// <summary>How the answer is compared with the target.</summary>
    public PixelLoss Compares { get; init; } = PixelLoss.Squared;

    /// <summary>How much each noise level counts.</summary>
    public LossWeighting Weighting { get; init; } = LossWeighting.None;

    /// <summary>Which noise levels are trained how often.</summary>
    public TimeDistribution Times { get; init; } = TimeDistribution.Uniform;

    /// <summary>Which ε images are mixed with.</summary>
    public TrainingNoise Noise { get; init; } = new();

    /// <summary>What is learned about how large losses are; null for nothing. Not together with <see cref="Bound"/>.</summary>
    public LearnedUncertainty? Uncertainty { get; init; }

    /// <summary>Whatever learns beside the network: it is shown the loss of each batch, steps when the network does, and belongs to a checkpoint.</summary>
    public IEnumerable<ILearnsFromLosses> Learners => new object?[] { Times, Uncertainty }.OfType<ILearnsFromLosses>();

    /// <summary>The variational bound as part of the loss; null for none.</summary>
    public VariationalTerm? Bound { get; init; }

    /// <summary>
    /// The share of images, from 0 to 1, whose label is replaced by <see cref="NoLabel"/>, so that the network learns to do without (Ho
    /// &amp; Salimans 2022, algorithm 1: p_uncond, 0.1 to 0.2).
    /// </summary>
    public double LabelDropout { get; init; }

    /// <summary>The label that stands for "any image"; null for the network's last class.</summary>
    public int? NoLabel { get; init; }

    /// <summary>
    /// The loss of one batch, or of a part of it: an image's t and ε depend on its position in the whole batch, so that the split
    /// into parts does not change them. The network sees a pass in training.
    /// </summary>
    /// <param name="network">The network in training.</param>
    /// <param name="x0">Images, N×H×W×C, in [−1, 1].</param>
    /// <param name="step">The training step, from 0.</param>
    /// <param name="firstImage">The position of the first of these images in the whole batch of this step.</param>
    /// <param name="labels">The class of each image for a conditional network; empty otherwise.</param>
    public TrainingLoss Loss(IDenoisingNetwork network, Tensor x0, long step, int firstImage = 0, ReadOnlySpan<int> labels = default)
    {
        ArgumentNullException.ThrowIfNull(network);
        return Loss(network, x0, Draw(network, x0, step, firstImage, labels));
    }

    /// <summary>The same, once everything is drawn. Nothing here is left to chance.</summary>
    /// <param name="network">The network in training.</param>
    /// <param name="x0">Images, N×H×W×C, in [−1, 1].</param>
    /// <param name="drawn">For these images.</param>
    public TrainingLoss Loss(IDenoisingNetwork network, Tensor x0, TrainingDraw drawn)
    {
        ArgumentNullException.ThrowIfNull(network);
        return Loss(network, x0, drawn.Times, drawn.Noise, drawn.Seen ?? drawn.Noise, drawn.Labels, drawn.Dropout, drawn.FirstEstimated);
    }

    /// <summary>The loss for given timesteps and ε. <see cref="TrainingLoss.Total"/> is ready for <see cref="Tensor.Backward"/>.</summary>
    /// <param name="network">The network in training.</param>
    /// <param name="x0">Images, N×H×W×C, in [−1, 1].</param>
    /// <param name="timesteps">t of each of the N images.</param>
    /// <param name="noise">ε, shaped as <paramref name="x0"/>.</param>
    /// <param name="labels">The class of each image for a conditional network; empty otherwise.</param>
    public TrainingLoss Loss(IDenoisingNetwork network, Tensor x0, int[] timesteps, Tensor noise, ReadOnlySpan<int> labels = default) =>
        Loss(network, x0, Array.ConvertAll(timesteps, t => new TrainingTime(Process.At(t), t)), noise, labels);

    /// <summary>The loss for given noise levels and ε.</summary>
    /// <inheritdoc cref="Loss(IDenoisingNetwork, Tensor, int[], Tensor, ReadOnlySpan{int})"/>
    /// <param name="network">The network in training.</param>
    /// <param name="x0">Images, N×H×W×C, in [−1, 1].</param>
    /// <param name="times">The noise level of each of the N images.</param>
    /// <param name="noise">ε, shaped as <paramref name="x0"/>.</param>
    /// <param name="labels">The class of each image for a conditional network; empty otherwise.</param>
    public TrainingLoss Loss(IDenoisingNetwork network, Tensor x0, TrainingTime[] times, Tensor noise, ReadOnlySpan<int> labels = default) =>
        Loss(network, x0, times, noise, noise, labels, training: null);

    TrainingLoss Loss(
        IDenoisingNetwork network, Tensor x0, TrainingTime[] times, Tensor noise, Tensor seen, ReadOnlySpan<int> labels, Philox? training,
        int? firstEstimated = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(x0);
        NoiseLevel[] levels = Array.ConvertAll(times, time => time.Level);
        Tensor xt = ForwardProcess.MixPerImage(levels, InputOf, x0, seen);
        float[] timesteps = Array.ConvertAll(levels, level => (float)level.Timestep);
        Tensor? estimate = firstEstimated is { } first && first < times.Length ? EveryOther(first, network, xt, levels, labels) : null;
        Tensor output = network.Answer(network.Shown(xt, estimate), new(timesteps, labels, training));
        // What each image's loss is multiplied by for training, and divided by again to be told.
        double[] shares = Array.ConvertAll(times, time => time.Weight * (Uncertainty is null ? 1 : Math.Exp(-Uncertainty.Of(time.Level))));
        Tensor? total = null;
        Lazy<double[]> perImage = new(() => new double[times.Length]);
        if (Bound is not { Alone: true })
        {
            Tensor target = ForwardProcess.MixPerImage(levels, Predicts.Target, x0, noise);
            double[] weights = [.. levels.Zip(shares, (level, share) => share * Weighting.Of(Predicts, level))];
            Tensor answer = output.Shape == x0.Shape ? output : output.TakeChannels(0, x0.Shape.Channels);
            total = answer.MeanLoss(target, Compares.Spec, weights, out perImage);
        }
        if (Bound is not null)
        {
            if (Uncertainty is not null) throw new ArgumentException("The variational bound's levels count as they are; learn no uncertainty with it.");
            Tensor bound = BoundLoss.Of(this, Bound, x0, xt, output, times, out Lazy<double[]> ofBound);
            Lazy<double[]> others = perImage;
            perImage = new(() => [.. others.Value.Zip(ofBound.Value, (a, b) => a + b)]);
            total = total is null ? bound : total.Add(bound);
        }
        return new TrainingLoss(total!, times, new(() => [.. perImage.Value.Zip(shares, (loss, share) => loss / share)]))
        {
            IsRescaled = Uncertainty is not null,
        };
    }

    /// <summary>All that chance decides about the images of one step, from a position in its batch on.</summary>
    /// <param name="network">The network in training.</param>
    /// <param name="x0">Images, N×H×W×C.</param>
    /// <param name="step">The training step, from 0.</param>
    /// <param name="firstImage">The position of the first image in the whole batch.</param>
    /// <param name="labels">The class of each image for a conditional network; empty otherwise.</param>
    public TrainingDraw Draw(IDenoisingNetwork network, Tensor x0, long step, int firstImage = 0, ReadOnlySpan<int> labels = default)
    {
        ArgumentNullException.ThrowIfNull(network);
        (TrainingTime[] times, Tensor noise) = Draw(x0, step, firstImage);
        int[] kept = DropLabels(labels, NoLabel ?? network.Classes - 1, step, firstImage);
        Philox dropout = new Philox(Seed, Philox.Stream("training dropout", (ulong)step)).At((ulong)firstImage);
        return new TrainingDraw(times, noise, kept, dropout)
        {
            Seen = Noise.Seen(noise, Seed, step, firstImage),
            FirstEstimated = network.SeesEstimates() ? (int)((step + firstImage) % 2) : null,
        };
    }

    /// <summary>The noise level and ε for the images of one step, from a position in its batch on.</summary>
    /// <param name="x0">Images, N×H×W×C.</param>
    /// <param name="step">The training step, from 0.</param>
    /// <param name="firstImage">The position of the first image in the whole batch.</param>
    public (TrainingTime[] Times, Tensor Noise) Draw(Tensor x0, long step, int firstImage = 0)
    {
        ArgumentNullException.ThrowIfNull(x0);
        int images = x0.Shape[0];
        if (images == 0) throw new ArgumentException("A training step needs at least 1 image; the batch is empty.");
        TrainingTime[] times = Times.Draw(Process, new Philox(Seed, Philox.Stream("training timesteps", (ulong)step)), images, firstImage);
        return (times, Noise.Draw(x0, Seed, step, firstImage));
    }

    /// <summary>The labels of some images of a step, some replaced: by seed, step and position alone.</summary>
    /// <param name="labels">The class of each image.</param>
    /// <param name="noLabel">What stands for "any image".</param>
    /// <param name="step">The training step, from 0.</param>
    /// <param name="firstImage">The position of the first image in the whole batch.</param>
    /// <exception cref="ArgumentException">The share is out of range.</exception>
    public int[] DropLabels(ReadOnlySpan<int> labels, int noLabel, long step, int firstImage = 0)
    {
        if (LabelDropout is not (>= 0 and <= 1)) throw new ArgumentException($"Label dropout is {LabelDropout}; it must lie between 0 and 1.");
        int[] kept = labels.ToArray();
        if (LabelDropout == 0 || kept.Length == 0) return kept;
        float[] uniform = new float[kept.Length];
        new Philox(Seed, Philox.Stream("label dropout", (ulong)step)).Uniform(uniform, firstImage);
        for (int n = 0; n < kept.Length; n++)
        {
            if (uniform[n] < LabelDropout) kept[n] = noLabel;
        }
        return kept;
    }

    // x̂_0 of every other image as a sampler would see it, without gradient and with nothing dropped out; zeros for the rest.
    Tensor EveryOther(int first, IDenoisingNetwork network, Tensor input, NoiseLevel[] levels, ReadOnlySpan<int> labels)
    {
        using NoGrad noGrad = input.Device.NoGrad();
        using TensorScope scope = input.Device.OpenScope();
        int[] asked = [.. Enumerable.Range(0, levels.Length).Where(n => n >= first && (n - first) % 2 == 0)];
        int[] places = [.. Enumerable.Range(0, levels.Length).Select(n => Array.IndexOf(asked, n))];
        int[] classes = labels.ToArray();
        Tensor seen = input.PickSamples(asked);
        NoiseLevel[] theirs = Array.ConvertAll(asked, n => levels[n]);
        float[] timesteps = Array.ConvertAll(theirs, level => (float)level.Timestep);
        Tensor answer = network.Answer(network.Shown(seen, estimate: null), new(timesteps, classes.Length == 0 ? [] : Array.ConvertAll(asked, n => classes[n])));
        if (answer.Shape != seen.Shape) answer = answer.TakeChannels(0, seen.Shape.Channels);
        return scope.Keep(SelfConditioning.Estimate(ForwardProcess.MixPerImage(theirs, FromInput, seen, answer)).PickSamples(places));

        Mix FromInput(NoiseLevel level)
        {
            Mix x0 = Predicts.X0(level);
            return new Mix(x0.First / Predicts.InputScale(level), x0.Second);
        }
    }

    // c_in·x_t, as the sampler's denoiser shows it to the network.
    Mix InputOf(NoiseLevel level)
    {
        double scale = (float)Predicts.InputScale(level) == 1 ? 1 : Predicts.InputScale(level);
        return new Mix(scale * level.Alpha, scale * level.Sigma);
    }
}

/// <summary>All that chance decides about the images of one training step.</summary>
/// <param name="Times">The noise level of each of the N images.</param>
/// <param name="Noise">ε, shaped as the images.</param>
/// <param name="Labels">The class of each image, some replaced by that of any image; empty for an unconditional network.</param>
/// <param name="Dropout">Decides which activations drop out.</param>
public readonly record struct TrainingDraw(TrainingTime[] Times, Tensor Noise, int[] Labels, Philox Dropout)
{
    /// <summary>The ε that the network is shown, where it is not the one that it is to tell: <see cref="TrainingNoise.Perturbation"/>.</summary>
    public Tensor? Seen { get; init; }

    /// <summary>
    /// For a network that sees its last x̂_0: from this image on it is first asked for one of every other image, the rest being shown none.
    /// Null for other networks.
    /// </summary>
    public int? FirstEstimated { get; init; }
}

/// <summary>The loss of one batch.</summary>
/// <param name="Total">What the network's gradients are of: the mean over all images, one number, on the tape.</param>
/// <param name="Times">The noise level of each of the N images, and what its loss counts.</param>
/// <param name="PerImage">
/// The loss of each of the N images, before <see cref="TrainingTime.Weight"/> and <see cref="LearnedUncertainty"/>. Reading it waits for the
/// device, and must be done before the batch's scope ends.
/// </param>
public readonly record struct TrainingLoss(Tensor Total, TrainingTime[] Times, Lazy<double[]> PerImage)
{
    /// <summary>Whether <see cref="Total"/> has a scale of its own, as with <see cref="LearnedUncertainty"/>.</summary>
    public bool IsRescaled { get; init; }

    /// <summary>t of each of the N images.</summary>
    public int[] Timesteps => Array.ConvertAll(Times, time => time.Timestep);

    /// <summary>
    /// The loss to tell, the same whatever is learned beside the network and however timesteps are drawn: the mean over the images of the loss
    /// times <see cref="TrainingTime.Weight"/>. As <see cref="PerImage"/>, it waits for the device.
    /// </summary>
    public float Mean => IsRescaled ? (float)PerImage.Value.Zip(Times, (loss, time) => time.Weight * loss).Average() : Total.Item();
}
