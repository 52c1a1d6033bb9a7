using Brownian.Tensors;

namespace Brownian.Diffusion;

/// <summary>A network, the schedule it was trained with and what it predicts, as one <see cref="IDenoiser"/>.</summary>
/// <param name="network">Answers with N×H×W×C, or N×H×W×2C where the second half is the reverse variance.</param>
/// <param name="schedule">The schedule the network was trained with.</param>
/// <param name="predicts">What the network was trained to predict.</param>
public sealed class Denoiser(IDenoisingNetwork network, NoiseSchedule schedule, Parameterization predicts) : IDenoiser
{
    /// <inheritdoc/>
    public NoiseSchedule Schedule => schedule;

    /// <inheritdoc/>
    public Device Device => network.Parameters.Values.Device;

    /// <summary>The class of each image for a conditional network; empty otherwise.</summary>
    public IReadOnlyList<int> Labels { get; init; } = [];

    /// <inheritdoc/>
    public Shape Images(int count) => Shape.Of(count, network.Height, network.Width, network.Channels);

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">x_0 or ε cannot be recovered from the network's answer at this timestep.</exception>
    public Prediction Predict(Tensor x, int timestep)
    {
        ArgumentNullException.ThrowIfNull(x);
        NoiseLevel level = schedule.At(timestep);
        Mix x0 = predicts.X0(level), eps = predicts.Eps(level);
        if (!x0.IsFinite || !eps.IsFinite)
        {
            throw new ArgumentException(
                $"A network that predicts {predicts.Name} cannot sample from timestep {timestep}, where the schedule leaves no signal "
                + "(alphas_cumprod = 0); start at an earlier timestep or train with v_prediction.");
        }

        float[] timesteps = new float[x.Shape[0]];
        Array.Fill(timesteps, timestep);
        Tensor answer = network.Forward(x, timesteps, Labels.ToArray());
        (Tensor output, Tensor? variance) = answer.Shape == x.Shape ? (answer, null) : Halves(answer, x.Shape);
        return new Prediction(x0.Of(x, output), eps.Of(x, output), variance);
    }

    static (Tensor Output, Tensor Variance) Halves(Tensor answer, Shape half)
    {
        int channels = half.Channels;
        if (answer.Shape != half.WithChannels(2 * channels))
        {
            throw new ArgumentException(
                $"The network answered {answer.Shape} to {half}; expected that shape, or twice its channels for a learned variance.");
        }
        ReadOnlySpan<float> both = answer.ToArray();
        float[] first = new float[half.Count], second = new float[half.Count];
        for (int from = 0, to = 0; to < first.Length; from += 2 * channels, to += channels)
        {
            both.Slice(from, channels).CopyTo(first.AsSpan(to));
            both.Slice(from + channels, channels).CopyTo(second.AsSpan(to));
        }
        return (Tensor.From(first, half, answer.Device), Tensor.From(second, half, answer.Device));
    }
}
