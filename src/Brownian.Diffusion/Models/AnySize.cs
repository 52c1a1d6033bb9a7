using System.Runtime.CompilerServices;
using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// Images whose sides cannot be halved as often as a network halves them. What it is shown is continued by mirroring to the next size
/// that it takes, and the answer is cut back, so that noise, loss and samples are of the true area only. A mirrored border has the level
/// of noise of the image; zeros would change what group and batch norms see.
/// </summary>
public static class AnySize
{
    static readonly ConditionalWeakTable<IDenoisingNetwork, PlannedForward<NetworkPass>> Plans = new();

    /// <summary>
    /// <see cref="IDenoisingNetwork.Forward"/> for images of any height and width, in little memory: see <see cref="PlannedForward{T}"/>.
    /// </summary>
    /// <param name="network">The network.</param>
    /// <param name="x">N×H×W×C.</param>
    /// <param name="pass">What else the network is told.</param>
    /// <returns>N×H×W×<see cref="IDenoisingNetwork.OutputChannels"/>.</returns>
    /// <exception cref="ArgumentException">A shape, a count or a label does not fit.</exception>
    public static Tensor Answer(this IDenoisingNetwork network, Tensor x, NetworkPass pass)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(x);
        int variant = (pass.Training is null ? 0 : 1) + (pass.Labels.IsEmpty ? 0 : 2);
        return Plans.GetValue(network, static network => Planned(network, repeats: false)).Run(x, pass, variant);
    }

    /// <summary>
    /// Lets <see cref="Answer"/> keep only a few results for the backward pass from now on; the others are computed again there:
    /// see <see cref="PlannedForward{T}.Repeats"/>.
    /// </summary>
    /// <param name="network">The network.</param>
    public static void RepeatForGradients(this IDenoisingNetwork network)
    {
        ArgumentNullException.ThrowIfNull(network);
        Plans.AddOrUpdate(network, Planned(network, repeats: true));
    }

    static PlannedForward<NetworkPass> Planned(IDenoisingNetwork network, bool repeats) =>
        new((x, pass) => Fitted(network, x, pass)) { Repeats = repeats };

    static Tensor Fitted(IDenoisingNetwork network, Tensor x, NetworkPass pass)
    {
        if (x.Shape.Rank != 4) return network.Forward(x, pass);     // which says what is wrong
        (int height, int width) = (network.Taken(x.Shape[1]), network.Taken(x.Shape[2]));
        if (height == x.Shape[1] && width == x.Shape[2]) return network.Forward(x, pass);
        return network.Forward(x.PadByMirroring(height, width), pass).CropTo(x.Shape[1], x.Shape[2]);
    }

    static int Taken(this IDenoisingNetwork network, int side) => (side + network.SizeMultiple - 1) / network.SizeMultiple * network.SizeMultiple;
}
