using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Training;

/// <summary>
/// A folder for Python: a network's state dict as safetensors, under the names of PyTorch, and the configuration it belongs to.
/// </summary>
sealed class StateDictFolder : IExportFormat
{
    const string WeightsName = "model.safetensors", ConfigName = "config.yaml";

    public string Name => "safetensors";

    public string Description => $"a state dict ({WeightsName} and {ConfigName})";

    public string Purpose => "a state dict with its YAML";

    public bool Is(string path) => File.Exists(Path.Combine(path, WeightsName)) && File.Exists(Path.Combine(path, ConfigName));

    public string Use(DiffusionModel model) => $"a state dict, {WeightsName}, with {ConfigName}";

    public DiffusionModel Open(string path, Device device, Action<string> warn) =>
        DiffusionModel.Load(ModelDescription.Of(TrainConfig.Load(Path.Combine(path, ConfigName))), Path.Combine(path, WeightsName), device);

    public void Save(string path, DiffusionModel model, SafetensorsType type) => Files.WriteFolder(path, _ => false, folder =>
    {
        ParameterFile.Write(Path.Combine(folder, WeightsName), model.Network.Parameters, type, ("", model.Network.Parameters.Values));
        AtomicFile.Write(Path.Combine(folder, ConfigName), model.Description.ToConfig().ToYaml());
    });
}
