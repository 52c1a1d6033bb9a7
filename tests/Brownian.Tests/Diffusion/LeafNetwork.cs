using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>A network whose answer is given, whatever it sees: the loss as a function of that answer.</summary>
sealed class LeafNetwork : IDenoisingNetwork
{
    readonly Tensor _answer;
    readonly Shape _images;

    public LeafNetwork(Tensor answer, Shape images, Device device)
    {
        (_answer, _images) = (answer, images);
        Parameters.Allocate(device, seed: 0);
    }

    /// <summary>The last input.</summary>
    public float[]? Seen { get; private set; }

    public ParameterSet Parameters { get; } = new();

    public int Channels => _images.Channels;

    public int Height => _images[1];

    public int Width => _images[2];

    public int SizeMultiple => 1;

    public Tensor Forward(Tensor x, NetworkPass pass)
    {
        Seen = x.ToArray();
        return _answer;
    }
}
