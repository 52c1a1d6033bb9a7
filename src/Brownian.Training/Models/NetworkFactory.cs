using Brownian.Diffusion;
using Brownian.Tensors;

namespace Brownian.Training;

/// <summary>Networks from configurations.</summary>
public static class NetworkFactory
{
    /// <summary>A network of this size with fresh weights.</summary>
    /// <param name="model">The size.</param>
    /// <param name="device">Where it computes.</param>
    /// <param name="seed">Of the weights.</param>
    /// <exception cref="ArgumentException">The numbers do not make a network.</exception>
    public static IDenoisingNetwork CreateNetwork(this ModelParams model, Device device, ulong seed = 0)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new TutorialUNet(model.ToOptions(), device, seed);
    }
}
