using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian;

/// <summary>A network with its weights, and what is needed to sample from it.</summary>
public sealed class DiffusionModel
{
    internal DiffusionModel(ModelDescription description, IDenoisingNetwork network, Device device, string hash)
    {
        (Description, Network, Device, Hash) = (description, network, device, hash);
        Process = description.Diffusion.ToProcess();
        Predicts = description.Diffusion.Predicts;
    }

    /// <summary>Makes the network that is described and fills it.</summary>
    /// <exception cref="InvalidDataException">The weights do not fit the network; the message names the tensor and both shapes.</exception>
    internal static DiffusionModel Load(ModelDescription description, ITensorFile weights, Device device) =>
        Load(description, device, _ => Opened(description, weights));

    /// <summary>The same with weights that are chosen by the network's names.</summary>
    internal static DiffusionModel Load(ModelDescription description, Device device, Func<ParameterSet, ITensorFile> open, string? hash = null)
    {
        ArgumentNullException.ThrowIfNull(device);
        using DeviceTurn turn = device.TakeTurn();      // one for all weights
        IDenoisingNetwork network = description.Model.CreateNetwork(device);
        using ITensorFile weights = open(network.Parameters);
        ParameterFile.Read(weights, network.Parameters, ("", network.Parameters.Values));
        return new DiffusionModel(description, network, device, hash ?? Files.Sha256(weights.Files));
    }

    internal static DiffusionModel Load(ModelDescription description, string weightsPath, Device device, string? hash = null) =>
        Load(description, device, _ => Opened(description, WeightsFile.Open(weightsPath)), hash);

    static ITensorFile Opened(ModelDescription description, ITensorFile weights) =>
        description.Model is UNet2DOptions ? new RenamedTensors(weights, UNet2DNames.Modern) : weights;

    /// <summary>What <c>model.json</c> says.</summary>
    public ModelDescription Description { get; }

    /// <summary>The network.</summary>
    public IDenoisingNetwork Network { get; }

    /// <summary>The forward process that it was trained with.</summary>
    public INoiseProcess Process { get; }

    /// <summary>What it predicts.</summary>
    public Parameterization Predicts { get; }

    /// <summary>Where it computes.</summary>
    public Device Device { get; }

    /// <summary>SHA-256 of the file its weights came from, in hexadecimal.</summary>
    public string Hash { get; }

    /// <summary>The classes that an image may be asked to be of; 0 for an unconditional network.</summary>
    public int Classes => NoLabel ?? Network.Classes;

    /// <summary>
    /// The label after those of <see cref="Classes"/> that stands for "any image", for a network trained with label dropout; null for others.
    /// </summary>
    public int? NoLabel => Description.Classes.Count > 0 && Network.Classes == Description.Classes.Count + 1 ? Network.Classes - 1 : null;

    /// <summary>The model as samplers see it.</summary>
    /// <param name="labels">The class of each image for a conditional network; empty otherwise.</param>
    /// <param name="guidance">How strongly images are driven towards their class, for a network with <see cref="NoLabel"/>; null for not at all.</param>
    /// <exception cref="ArgumentException">A label or an option is out of range.</exception>
    public IDenoiser ToDenoiser(ReadOnlySpan<int> labels = default, GuidanceOptions? guidance = null)
    {
        var denoiser = new Denoiser(Network, Process, Predicts) { Labels = labels.ToArray() };
        return guidance is null ? denoiser : new GuidedDenoiser(denoiser, labels, guidance with { NoLabel = NoLabel });
    }
}
