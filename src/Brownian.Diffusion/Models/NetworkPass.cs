using Brownian.Tensors;

namespace Brownian;

/// <summary>What a network is told about the images that it looks at.</summary>
/// <param name="timesteps">How noisy each of the N images is.</param>
/// <param name="labels">The class of each image if the network has classes; otherwise empty.</param>
/// <param name="training">
/// The random numbers of a training step, which decide what drops out; batch norm then uses the batch's statistics and moves its running
/// ones. Null otherwise: nothing drops out, and batch norm uses the running statistics.
/// </param>
public readonly ref struct NetworkPass(ReadOnlySpan<float> timesteps, ReadOnlySpan<int> labels = default, Philox? training = null)
{
    /// <summary>How noisy each of the N images is.</summary>
    public ReadOnlySpan<float> Timesteps { get; } = timesteps;

    /// <summary>The class of each image if the network has classes; otherwise empty.</summary>
    public ReadOnlySpan<int> Labels { get; } = labels;

    /// <summary>The random numbers of a training step; null outside of training.</summary>
    public Philox? Training { get; } = training;
}
