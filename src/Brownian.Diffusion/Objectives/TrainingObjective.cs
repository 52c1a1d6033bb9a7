using Brownian.Tensors;

namespace Brownian.Diffusion;

/// <summary>
/// Algorithm 1 of Ho et al. 2020 with the simple loss of eq. 14: noise images, ask the network for its target, compare.
/// </summary>
/// <param name="Schedule">The forward process.</param>
/// <param name="Predicts">What the network predicts.</param>
/// <param name="Seed">All random draws are functions of (seed, step, position in the batch).</param>
public sealed record TrainingObjective(NoiseSchedule Schedule, Parameterization Predicts, ulong Seed)
{
    /// <summary>
    /// The loss of one batch, or of a part of it: an image's t and ε depend on its position in the whole batch, so that the split
    /// into parts does not change them. Dropout is on during the call.
    /// </summary>
    /// <param name="network">The network in training.</param>
    /// <param name="x0">Images, N×H×W×C, in [−1, 1].</param>
    /// <param name="step">The training step, from 0.</param>
    /// <param name="firstImage">The position of the first of these images in the whole batch of this step.</param>
    /// <param name="labels">The class of each image for a conditional network; empty otherwise.</param>
    public TrainingLoss Loss(IDenoisingNetwork network, Tensor x0, long step, int firstImage = 0, ReadOnlySpan<int> labels = default)
    {
        ArgumentNullException.ThrowIfNull(network);
        (int[] timesteps, Tensor noise) = Draw(x0, step, firstImage);
        network.Dropout = new Philox(Seed, Philox.Stream("training dropout", (ulong)step)).At((ulong)firstImage);
        try
        {
            return Loss(network, x0, timesteps, noise, labels);
        }
        finally
        {
            network.Dropout = null;     // or samples drawn between training steps would lose activations too
        }
    }

    /// <summary>The loss for given t and ε. <see cref="TrainingLoss.Total"/> is ready for <see cref="Tensor.Backward"/>.</summary>
    /// <param name="network">The network in training.</param>
    /// <param name="x0">Images, N×H×W×C, in [−1, 1].</param>
    /// <param name="timesteps">t of each of the N images.</param>
    /// <param name="noise">ε, shaped as <paramref name="x0"/>.</param>
    /// <param name="labels">The class of each image for a conditional network; empty otherwise.</param>
    public TrainingLoss Loss(IDenoisingNetwork network, Tensor x0, int[] timesteps, Tensor noise, ReadOnlySpan<int> labels = default)
    {
        Tensor xt = Schedule.AddNoise(x0, timesteps, noise);
        Tensor output = network.Forward(xt, Array.ConvertAll(timesteps, t => (float)t), labels);
        Tensor target = Schedule.TargetOf(Predicts, x0, timesteps, noise);
        double[] perImage = new double[timesteps.Length];
        Tensor total = output.MeanSquaredError(target, perImage);
        return new TrainingLoss(total, timesteps, perImage);
    }

    /// <summary>t ~ Uniform{0 … T−1} and ε ~ N(0, I) for the images of one step, from a position in its batch on.</summary>
    /// <param name="x0">Images, N×H×W×C: only their shape and device matter.</param>
    /// <param name="step">The training step, from 0.</param>
    /// <param name="firstImage">The position of the first image in the whole batch.</param>
    public (int[] Timesteps, Tensor Noise) Draw(Tensor x0, long step, int firstImage = 0)
    {
        ArgumentNullException.ThrowIfNull(x0);
        int images = x0.Shape[0];
        if (images == 0) throw new ArgumentException("A training step needs at least 1 image; the batch is empty.");
        int[] timesteps = new int[images];
        new Philox(Seed, Philox.Stream("training timesteps", (ulong)step)).Integers(timesteps, Schedule.Timesteps, firstImage);
        var random = new Philox(Seed, Philox.Stream("training noise", (ulong)step));
        return (timesteps, TensorOps.Normal(x0.Shape, random, x0.Device, first: (long)firstImage * (x0.Shape.Count / images)));
    }
}

/// <summary>The loss of one batch.</summary>
/// <param name="Total">The mean squared error over all elements, one number, on the tape.</param>
/// <param name="Timesteps">t of each of the N images.</param>
/// <param name="PerImage">The mean squared error of each of the N images.</param>
public readonly record struct TrainingLoss(Tensor Total, int[] Timesteps, double[] PerImage);
