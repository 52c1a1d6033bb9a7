using Brownian.Diffusion;
using Brownian.Tensors;

namespace Brownian.Training;

/// <summary>A network with its weights, and what is needed to sample from it.</summary>
public sealed class DiffusionModel
{
    internal DiffusionModel(ModelDescription description, IDenoisingNetwork network, Device device, string hash)
    {
        (Description, Network, Device, Hash) = (description, network, device, hash);
        Schedule = description.Diffusion.ToSchedule();
        Predicts = Parameterization.Named(description.Predicts);
    }

    /// <summary>What <c>model.json</c> says.</summary>
    public ModelDescription Description { get; }

    /// <summary>The network.</summary>
    public IDenoisingNetwork Network { get; }

    /// <summary>The forward process that it was trained with.</summary>
    public NoiseSchedule Schedule { get; }

    /// <summary>What it predicts.</summary>
    public Parameterization Predicts { get; }

    /// <summary>Where it computes.</summary>
    public Device Device { get; }

    /// <summary>SHA-256 of the file its weights came from, in hexadecimal.</summary>
    public string Hash { get; }

    /// <summary>The model as samplers see it.</summary>
    public IDenoiser ToDenoiser() => new Denoiser(Network, Schedule, Predicts);
}
