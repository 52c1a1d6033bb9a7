using Brownian.Nn;

namespace Brownian.Training;

/// <summary>A folder for Python: a network's state dict as safetensors, and the configuration it belongs to.</summary>
static class StateDictFolder
{
    public const string WeightsName = "model.safetensors", ConfigName = "config.yaml";

    /// <summary>Writes a model; the folder appears whole or not at all.</summary>
    /// <exception cref="IOException">The folder is not empty, or it cannot be written.</exception>
    public static void Save(string path, DiffusionModel model, SafetensorsType type) => Files.WriteFolder(path, _ => false, folder =>
    {
        ModelDescription description = model.Description;
        var config = new TrainConfig { Model = description.Model, Diffusion = description.Diffusion, Sampling = description.Sampling };
        ParameterFile.Write(Path.Combine(folder, WeightsName), model.Network.Parameters, type, ("", model.Network.Parameters.Values));
        Files.WriteAtomically(Path.Combine(folder, ConfigName), config.ToYaml());
    });
}
