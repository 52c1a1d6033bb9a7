using Brownian.Tensors;

namespace Brownian.Diffusion;

/// <summary>
/// Images whose sides cannot be halved as often as a network halves them. What it is shown is continued by mirroring to the next size
/// that it takes, and the answer is cut back, so that noise, loss and samples are of the true area only. A mirrored border has the level
/// of noise of the image; zeros would change what group and batch norms see.
/// </summary>
public static class AnySize
{
    /// <summary><see cref="IDenoisingNetwork.Forward"/> for images of any height and width.</summary>
    /// <param name="network">The network.</param>
    /// <param name="x">N×H×W×C.</param>
    /// <param name="timesteps">How noisy each of the N images is.</param>
    /// <param name="labels">The class of each image if the network has classes; otherwise empty.</param>
    /// <returns>N×H×W×<see cref="IDenoisingNetwork.OutputChannels"/>.</returns>
    /// <exception cref="ArgumentException">A shape, a count or a label does not fit.</exception>
    public static Tensor Answer(this IDenoisingNetwork network, Tensor x, ReadOnlySpan<float> timesteps, ReadOnlySpan<int> labels = default)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(x);
        if (x.Shape.Rank != 4) return network.Forward(x, timesteps, labels);        // which says what is wrong
        (int height, int width) = (network.Taken(x.Shape[1]), network.Taken(x.Shape[2]));
        if (height == x.Shape[1] && width == x.Shape[2]) return network.Forward(x, timesteps, labels);
        return network.Forward(x.PadByMirroring(height, width), timesteps, labels).CropTo(x.Shape[1], x.Shape[2]);
    }

    static int Taken(this IDenoisingNetwork network, int side) => (side + network.SizeMultiple - 1) / network.SizeMultiple * network.SizeMultiple;
}
