using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// A folder for Python: a network's state dict under the names of PyTorch, and the configuration it belongs to.
/// </summary>
sealed class StateDictFolder : IExportFormat
{
    const string ConfigName = "config.yaml";

    readonly string _weightsName;

    StateDictFolder(string name, string purpose) => (Name, Purpose, _weightsName) = (name, purpose, $"model.{name}");

    /// <summary>With the weights as safetensors.</summary>
    public static StateDictFolder Safetensors { get; } = new("safetensors", "a state dict with its YAML");

    /// <summary>With the weights as <c>torch.save</c> writes them.</summary>
    public static StateDictFolder Torch { get; } = new(TorchWriter.Extension[1..], "the same for torch.load, as the tutorials' scripts read it");

    public string Name { get; }

    public string Description => $"a state dict ({_weightsName} and {ConfigName})";

    public string Purpose { get; }

    public bool Is(string path) => File.Exists(Path.Combine(path, _weightsName)) && File.Exists(Path.Combine(path, ConfigName));

    public string Use(DiffusionModel model) => this == Torch
        ? $"{_weightsName} for model.load_state_dict(torch.load(file, weights_only=True)), with {ConfigName}"
        : $"a state dict, {_weightsName}, with {ConfigName}";

    public DiffusionModel Open(string path, Device device, Action<string> warn) =>
        DiffusionModel.Load(ModelDescription.Of(TrainConfig.Load(Path.Combine(path, ConfigName))), Path.Combine(path, _weightsName), device);

    public void Save(string path, DiffusionModel model, SafetensorsType type) => Files.WriteFolder(path, _ => false, folder =>
    {
        ParameterFile.Write(Path.Combine(folder, _weightsName), model.Network.Parameters, type, ("", model.Network.Parameters.Values));
        AtomicFile.Write(Path.Combine(folder, ConfigName), model.Description.ToConfig().ToYaml());
    });
}
