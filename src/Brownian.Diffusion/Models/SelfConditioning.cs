using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// Networks that see the x̂_0 they said last beside x_t, so that a step goes on from the one before (Chen et al. 2022, "Analog Bits", §3.2 and
/// algorithm 1). Where there is none yet they see zeros. In training half of the images, where the paper has half of the steps, come with the x̂_0 of
/// a first pass without gradient: every other image of a step, the others in the next.
/// </summary>
public static class SelfConditioning
{
    /// <summary>Whether a network is one of these.</summary>
    public static bool SeesEstimates(this IDenoisingNetwork network)
    {
        ArgumentNullException.ThrowIfNull(network);
        return network.SeenChannels > network.Channels;
    }

    /// <summary>What a network is shown: x_t alone, or with x̂_0 as further channels.</summary>
    /// <param name="network">The network.</param>
    /// <param name="xt">N×H×W×C, as the network is to see it.</param>
    /// <param name="estimate">x̂_0, N×H×W×C; null for none yet.</param>
    /// <returns>N×H×W×<see cref="IDenoisingNetwork.SeenChannels"/>.</returns>
    public static Tensor Shown(this IDenoisingNetwork network, Tensor xt, Tensor? estimate)
    {
        ArgumentNullException.ThrowIfNull(xt);
        return network.SeesEstimates() ? Reshaping.ConcatChannels(xt, estimate ?? Tensor.Zeros(xt.Shape, xt.Device)) : xt;
    }

    /// <summary>x̂_0 as networks see it: limited to [−1, 1], as it is far outside where it is recovered from much noise.</summary>
    public static Tensor Estimate(Tensor x0) => x0.Clamp(-1, 1);
}
