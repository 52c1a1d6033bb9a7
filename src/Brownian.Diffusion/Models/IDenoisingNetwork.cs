using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian;

/// <summary>A network that looks at noisy images and says what the noise, or what the image, was.</summary>
public interface IDenoisingNetwork
{
    /// <summary>What is trained, and what else belongs to the weights.</summary>
    ParameterSet Parameters { get; }

    /// <summary>The channels of an image.</summary>
    int Channels { get; }

    /// <summary>The channels that the network sees: as <see cref="Channels"/>, or twice as many with <see cref="SelfConditioning"/>.</summary>
    int SeenChannels => Channels;

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
    /// Looks at noisy images. Call <see cref="AnySize.Answer"/> instead: it takes images of any size and frees each intermediate result
    /// after its last use. To know that use it first calls this with an x on a <see cref="TracingDevice"/>, once per shape, so write to
    /// the device of x and store no tensor between calls.
    /// </summary>
    /// <param name="x">N×H×W×<see cref="SeenChannels"/>: what <see cref="SelfConditioning.Shown"/> makes of x_t.</param>
    /// <param name="pass">What else the network is told.</param>
    /// <returns>N×H×W×<see cref="OutputChannels"/>.</returns>
    /// <exception cref="ArgumentException">A shape, a count or a label does not fit.</exception>
    Tensor Forward(Tensor x, NetworkPass pass);
}
