using Brownian.Diffusion;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Training;

/// <summary>A folder that describes itself: <c>model.json</c> and <c>model.safetensors</c>, so that sampling needs no other argument.</summary>
public static class ModelFolder
{
    internal const string WeightsName = "model.safetensors";

    /// <summary>Writes a model; the folder appears whole or not at all.</summary>
    /// <param name="path">The folder to make.</param>
    /// <param name="model">What to write.</param>
    /// <param name="overwrite">Replace a model that is there.</param>
    /// <exception cref="IOException">The folder exists and may not be replaced, or it cannot be written.</exception>
    public static void Save(string path, DiffusionModel model, bool overwrite = false)
    {
        ArgumentNullException.ThrowIfNull(model);
        ParameterSet parameters = model.Network.Parameters;
        Save(path, model.Description, parameters, parameters.Values, overwrite);
    }

    internal static void Save(
        string path, ModelDescription description, ParameterSet parameters, Tensor weights, bool overwrite,
        SafetensorsType type = SafetensorsType.F32)
    {
        Files.WriteFolder(path, existing => overwrite && IsModel(existing), folder =>
        {
            ParameterFile.Write(Path.Combine(folder, WeightsName), parameters, type, ("", weights));
            Files.WriteAtomically(Path.Combine(folder, ModelDescription.FileName), description.ToJson());
        });
    }

    /// <summary>Writes a model for other programs, or to be passed on; the folder appears whole or not at all.</summary>
    /// <param name="path">The folder to make.</param>
    /// <param name="model">What to write.</param>
    /// <param name="format">As what; null for diffusers where that knows the network, and safetensors otherwise.</param>
    /// <param name="half">Weights as float16: half the size, 11 bits of each number.</param>
    /// <returns>The format.</returns>
    /// <exception cref="InvalidDataException">The format cannot hold the model.</exception>
    /// <exception cref="IOException">The folder exists and is not empty, or it cannot be written.</exception>
    public static ExportFormat Export(string path, DiffusionModel model, ExportFormat? format = null, bool half = false)
    {
        ArgumentNullException.ThrowIfNull(model);
        ExportFormat chosen = format ?? (model.Description.Model is UNet2DOptions ? ExportFormat.Diffusers : ExportFormat.Safetensors);
        SafetensorsType type = half ? SafetensorsType.F16 : SafetensorsType.F32;
        switch (chosen)
        {
            case ExportFormat.Diffusers: DiffusersFolder.Save(path, model, type); break;
            case ExportFormat.Safetensors: StateDictFolder.Save(path, model, type); break;
            default:
                ParameterSet parameters = model.Network.Parameters;
                Save(path, model.Description, parameters, parameters.Values, overwrite: false, type);
                break;
        }
        return chosen;
    }

    /// <summary>Reads a model folder.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="device">Where it will compute.</param>
    /// <exception cref="InvalidDataException">A file is damaged, or the weights do not fit the network.</exception>
    /// <exception cref="IOException">A file is missing or cannot be read.</exception>
    public static DiffusionModel Load(string path, Device device)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!Directory.Exists(path)) throw new DirectoryNotFoundException($"{path}: there is no such folder; give a model folder.");
        string json = Path.Combine(path, ModelDescription.FileName), weights = Path.Combine(path, WeightsName);
        foreach (string file in (string[])[json, weights])
        {
            if (!File.Exists(file)) throw new FileNotFoundException($"{file}: missing.", file);
        }
        return Load(ModelDescription.Read(json), weights, device);
    }

    /// <summary>
    /// Opens a model folder; a run, then with the averaged weights of its newest checkpoint that is whole; or an unconditional pipeline or
    /// UNet2DModel as diffusers saves it.
    /// </summary>
    /// <param name="path">The folder.</param>
    /// <param name="device">Where it will compute.</param>
    /// <param name="warn">Told about checkpoints that were passed over because they are damaged.</param>
    /// <exception cref="InvalidDataException">It is none of these, a file is damaged, or the weights do not fit the network.</exception>
    /// <exception cref="IOException">A file is missing or cannot be read.</exception>
    public static DiffusionModel Open(string path, Device device, Action<string>? warn = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!Directory.Exists(path))
            throw new DirectoryNotFoundException($"{path}: there is no such folder; give a model folder or a run.");
        if (IsModel(path)) return Load(path, device);
        if (DiffusersFolder.Is(path)) return DiffusersFolder.Open(path, device);
        if (!RunDirectory.IsRun(path))
        {
            throw new InvalidDataException(
                $"{path}: neither a model folder ({ModelDescription.FileName}), nor a run (config.yaml), nor one of diffusers (model_index.json).");
        }
        RunDirectory run = RunDirectory.Open(path);
        DiffusionModel? model = null;
        new CheckpointStore(run.CheckpointsPath).Newest(warn ?? (_ => { }), (folder, manifest) => model = Load(
            new ModelDescription
            {
                Model = run.Config.Model,
                Diffusion = run.Config.Diffusion,
                Sampling = run.Config.Sampling,
                Classes = Values.Of<string>([.. manifest.Classes ?? []]),
                Step = manifest.Step,
            },
            Path.Combine(folder, TrainState.AverageName), device));
        return model ?? throw new InvalidDataException($"{run.CheckpointsPath}: the run has no checkpoint yet.");
    }

    /// <summary>Makes a model folder from the tutorial's own YAML and weights under its state-dict names.</summary>
    /// <param name="configPath">The YAML file.</param>
    /// <param name="weightsPath">A <c>.safetensors</c>, <c>.pth</c>, <c>.pt</c> or <c>.bin</c> file, or the index of several.</param>
    /// <param name="outputPath">The folder to make.</param>
    /// <param name="key">Where in the file the state dict is; null to look under the names that training scripts use.</param>
    /// <returns>Where it was; empty for a file that is the state dict.</returns>
    /// <exception cref="InvalidDataException">A file is damaged, or the weights do not fit the network; the message names the tensor and both shapes.</exception>
    /// <exception cref="IOException">A file is missing, or the folder exists or cannot be written.</exception>
    public static string Import(string configPath, string weightsPath, string outputPath, string? key = null)
    {
        TrainConfig config = TrainConfig.Load(configPath);
        using Device device = Device.Cpu();
        using StateDict weights = StateDict.Open(weightsPath, key);
        Save(outputPath, Load(new ModelDescription { Model = config.Model, Diffusion = config.Diffusion, Sampling = config.Sampling }, weights, device));
        return weights.Key;
    }

    internal static bool IsModel(string path) => File.Exists(Path.Combine(path, ModelDescription.FileName));

    internal static DiffusionModel Load(ModelDescription description, ITensorFile weights, Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        IDenoisingNetwork network = description.Model.CreateNetwork(device);
        if (description.Model is UNet2DOptions) weights = new RenamedTensors(weights, UNet2DNames.Modern);
        ParameterFile.Read(weights, network.Parameters, ("", network.Parameters.Values));
        return new DiffusionModel(description, network, device, Files.Sha256(weights.Files));
    }

    static DiffusionModel Load(ModelDescription description, string weightsPath, Device device)
    {
        using ITensorFile weights = WeightsFile.Open(weightsPath);
        return Load(description, weights, device);
    }
}
