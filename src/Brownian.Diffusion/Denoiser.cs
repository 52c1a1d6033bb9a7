using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian;

/// <summary>A network, the noise levels it was trained with and what it predicts, as one <see cref="IDenoiser"/>.</summary>
/// <param name="network">Answers with N×H×W×C, or N×H×W×2C where the second half is the reverse variance.</param>
/// <param name="process">The noise levels that the network was trained with.</param>
/// <param name="predicts">What the network was trained to predict.</param>
public sealed class Denoiser(IDenoisingNetwork network, INoiseProcess process, Parameterization predicts) : IConditionalDenoiser
{
    /// <inheritdoc/>
    public INoiseProcess Process => process;

    /// <inheritdoc/>
    public Device Device => network.Parameters.Values.Device;

    /// <inheritdoc/>
    public int Classes => network.Classes;

    /// <summary>The class of each image for a conditional network; empty otherwise.</summary>
    public IReadOnlyList<int> Labels { get; init; } = [];

    /// <inheritdoc/>
    public Shape Images(int count) => Shape.Of(count, network.Height, network.Width, network.Channels);

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">x_0 or ε cannot be recovered from the network's answer at this level.</exception>
    public Prediction Predict(Tensor x, NoiseLevel level) => Predict(x, level, estimate: null);

    /// <inheritdoc/>
    public bool SeesEstimates => network.SeesEstimates();

    /// <inheritdoc/>
    public Prediction Predict(Tensor x, NoiseLevel level, Tensor? estimate) => Predict(x, level, Labels.ToArray(), estimate);

    /// <inheritdoc/>
    public Prediction Predict(Tensor x, NoiseLevel level, ReadOnlySpan<int> labels) => Predict(x, level, labels, estimate: null);

    /// <inheritdoc/>
    public Prediction Predict(Tensor x, NoiseLevel level, ReadOnlySpan<int> labels, Tensor? estimate)
    {
        ArgumentNullException.ThrowIfNull(x);
        Mix x0 = predicts.X0(level), eps = predicts.Eps(level);
        if (!x0.IsFinite || !eps.IsFinite) throw Unrecoverable(level);

        float[] timesteps = new float[x.Shape[0]];
        Array.Fill(timesteps, (float)level.Timestep);
        float scale = (float)predicts.InputScale(level);
        Tensor answer = Answer(network.Shown(scale == 1 ? x : x.Scale(scale), estimate), new(timesteps, labels));
        int channels = x.Shape.Channels;
        if (answer.Shape == x.Shape) return new Prediction(x0.Of(x, answer), eps.Of(x, answer));
        if (answer.Shape != x.Shape.WithChannels(2 * channels))
        {
            throw new ArgumentException(
                $"The network answered {answer.Shape} to {x.Shape}; expected that shape, or twice its channels for a learned variance.");
        }
        Tensor output = answer.TakeChannels(0, channels);
        return new Prediction(x0.Of(x, output), eps.Of(x, output), answer.TakeChannels(channels, channels));
    }

    // A denoiser is asked, not trained: a gradient that is wanted is that of x, for which the weights are constants.
    Tensor Answer(Tensor x, NetworkPass pass)
    {
        if (!x.NeedsGrad || !x.Device.RecordsGradients) return network.Answer(x, pass);
        using DeviceTurn turn = x.Device.TakeTurn();
        using FrozenParameters frozen = network.Parameters.Freeze();
        Tensor answer = network.Answer(x, pass);
        return answer.NeedsGrad ? answer : throw new ArgumentException(
            $"A {network.GetType().Name} lets no gradient through to its input, so that its derivative cannot be taken; ask it under Device.NoGrad.");
    }

    ArgumentException Unrecoverable(NoiseLevel level) => new(level.Alpha == 0
        ? $"A network that predicts {predicts.Name} cannot sample from timestep {level.Timestep}, where the schedule leaves no signal "
            + "(alphas_cumprod = 0); start at an earlier timestep or train with v_prediction."
        : $"A network that predicts {predicts.Name} cannot be asked about timestep {level.Timestep}, where there is no noise.");
}
