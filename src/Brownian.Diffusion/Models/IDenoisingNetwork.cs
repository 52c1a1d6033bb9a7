using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Diffusion;

/// <summary>A network that looks at noisy images and says what the noise, or what the image, was.</summary>
public interface IDenoisingNetwork
{
    /// <summary>What is trained, and what else belongs to the weights.</summary>
    ParameterSet Parameters { get; }

    /// <summary>The channels of an image.</summary>
    int Channels { get; }

    /// <summary>The channels of the result: as <see cref="Channels"/>, unless the network predicts a variance too.</summary>
    int OutputChannels => Channels;

    /// <summary>The height of the images it was made for; <see cref="SizeMultiple"/> tells which others it takes.</summary>
    int Height { get; }

    /// <summary>The width of the images it was made for.</summary>
    int Width { get; }

    /// <summary>Heights and widths must be multiples of this: it is halved once per level below the first.</summary>
    int SizeMultiple { get; }

    /// <summary>The number of classes a label may be of; 0 for an unconditional network.</summary>
    int Classes => 0;

    /// <summary>
    /// The random numbers that decide which activations drop out, one generator per training step; null, the default, switches
    /// dropout off. A network without dropout ignores it.
    /// </summary>
    Philox? Dropout { get; set; }

    /// <summary>
    /// True during the forward pass of a training step: batch norm then uses the batch's statistics and moves its running ones, which is
    /// what it uses otherwise. A network without batch norm ignores it.
    /// </summary>
    bool IsTraining
    {
        get => false;
        set { }
    }

    /// <summary>Looks at noisy images.</summary>
    /// <param name="x">N×H×W×<see cref="Channels"/>.</param>
    /// <param name="timesteps">How noisy each of the N images is.</param>
    /// <param name="labels">The class of each image if the network has <see cref="Classes"/>; otherwise empty.</param>
    /// <returns>N×H×W×<see cref="OutputChannels"/>.</returns>
    /// <exception cref="ArgumentException">A shape, a count or a label does not fit.</exception>
    Tensor Forward(Tensor x, ReadOnlySpan<float> timesteps, ReadOnlySpan<int> labels = default);
}
