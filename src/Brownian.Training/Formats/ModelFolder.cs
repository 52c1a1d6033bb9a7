using System.Globalization;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian;

/// <summary>Opens and writes folders that hold a model, of every format there is.</summary>
public static class ModelFolder
{
    static readonly DiffusersFolder Diffusers = new();
    static readonly StateDictFolder StateDict = StateDictFolder.Safetensors;

    /// <summary>Every format, in the order in which a folder is tried.</summary>
    public static IReadOnlyList<IModelFormat> Formats { get; } = [new BrownianFolder(), StateDict, StateDictFolder.Torch, new RunFormat(), new CheckpointFormat(), Diffusers, new OnnxFolder()];

    /// <summary>Those that a model can be written as.</summary>
    public static IEnumerable<IExportFormat> ExportFormats => Formats.OfType<IExportFormat>();

    /// <summary>Opens a folder of any of <see cref="Formats"/>; of a run, the averaged weights of its newest checkpoint that is whole.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="device">Where it will compute.</param>
    /// <param name="warn">Told about checkpoints that were passed over because they are damaged.</param>
    /// <exception cref="InvalidDataException">It is none of these, a file is damaged, or the weights do not fit the network.</exception>
    /// <exception cref="IOException">A file is missing or cannot be read.</exception>
    public static DiffusionModel Open(string path, Device device, Action<string>? warn = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (File.Exists(path)) throw new InvalidDataException(AloneMessage(path));
        if (!Directory.Exists(path))
            throw new DirectoryNotFoundException($"{path}: there is no such folder; give a model folder or a run.");
        IModelFormat format = Formats.FirstOrDefault(format => format.Is(path))
            ?? throw new InvalidDataException(
                $"{path}: {WithinMessage(path) ?? $"neither {string.Join(", nor ", Formats.Select(format => format.Description))}"}.");
        return format.Open(path, device, warn ?? (_ => { }));
    }

    /// <summary>Writes a model as <see cref="Open"/> reads it: <c>model.json</c> and <c>model.safetensors</c>.</summary>
    /// <param name="path">The folder to make.</param>
    /// <param name="model">What to write.</param>
    /// <param name="overwrite">Replace a model that is there.</param>
    /// <exception cref="IOException">The folder exists and may not be replaced, or it cannot be written.</exception>
    public static void Save(string path, DiffusionModel model, bool overwrite = false)
    {
        ArgumentNullException.ThrowIfNull(model);
        BrownianFolder.Save(path, model.Description, model.Network.Parameters, model.Network.Parameters.Values, overwrite);
    }

    /// <summary>Writes a model for other programs, or to be passed on; the folder appears whole or not at all.</summary>
    /// <param name="path">The folder to make.</param>
    /// <param name="model">What to write.</param>
    /// <param name="format">The name of one of <see cref="ExportFormats"/>; null for diffusers where that knows the network, and safetensors otherwise.</param>
    /// <param name="half">Weights as float16: half the size, 11 bits of each number.</param>
    /// <returns>The format.</returns>
    /// <exception cref="ArgumentException">There is no such format.</exception>
    /// <exception cref="InvalidDataException">The format cannot hold the model.</exception>
    /// <exception cref="IOException">The folder exists and is not empty, or it cannot be written.</exception>
    public static IExportFormat Export(string path, DiffusionModel model, string? format = null, bool half = false)
    {
        ArgumentNullException.ThrowIfNull(model);
        IExportFormat chosen = format is null
            ? DiffusersFolder.Knows(model) ? Diffusers : StateDict
            : ExportFormats.FirstOrDefault(known => known.Name == format) ?? throw new ArgumentException(
                $"There is no format '{format}'; give {string.Join(" or ", ExportFormats.Select(known => known.Name))}.", nameof(format));
        chosen.Save(path, model, half ? SafetensorsType.F16 : SafetensorsType.F32);
        return chosen;
    }

    /// <summary>Makes a model folder from the tutorial's own YAML and weights under its state-dict names, or those of guided-diffusion.</summary>
    /// <param name="configPath">The YAML file.</param>
    /// <param name="weightsPath">A <c>.safetensors</c>, <c>.pth</c>, <c>.pt</c>, <c>.ckpt</c> or <c>.bin</c> file, or the index of several.</param>
    /// <param name="outputPath">The folder to make.</param>
    /// <param name="key">A key or prefix of the weights in the file; null to look for the network's names, averaged weights before raw ones.</param>
    /// <param name="newAttentionOrder">For weights of guided-diffusion: trained with <c>use_new_attention_order</c>.</param>
    /// <returns>Which weights of the file were taken.</returns>
    /// <exception cref="InvalidDataException">A file is damaged, or the weights do not fit the network; the message names the tensor and both shapes.</exception>
    /// <exception cref="IOException">A file is missing, or the folder exists or cannot be written.</exception>
    public static ImportedWeights Import(
        string configPath, string weightsPath, string outputPath, string? key = null, bool newAttentionOrder = false)
    {
        ModelDescription description = ModelDescription.Of(TrainConfig.Load(configPath));
        using Device device = Device.Open();
        ImportedWeights? taken = null;
        DiffusionModel model = DiffusionModel.Load(description, device, parameters =>
        {
            (taken, ITensorFile weights) = ImportedWeights.Find(WeightsFile.Open(weightsPath), description, parameters, key, newAttentionOrder);
            return weights;
        });
        Save(outputPath, model);
        return taken!;
    }

    // Such as the folder of a training script, with checkpoint-500/ in it, or one that holds several models.
    static string? WithinMessage(string path)
    {
        string[] models = [.. Directory.EnumerateDirectories(path).Where(folder => Formats.Any(format => format.Is(folder)))];
        if (models.Length == 0) return null;
        string last = models.Order(StringComparer.Create(CultureInfo.InvariantCulture, CompareOptions.NumericOrdering)).Last();
        return $"no model itself, but {(models.Length == 1 ? "a folder of one is" : $"{models.Length} folders of models are")} in it; give {last}";
    }

    static string AloneMessage(string path)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        bool isPart = Path.GetFileName(path) is "model.json" or "model.safetensors" or "model.pth" or "model_index.json"
            || path.Contains("diffusion_pytorch_model", StringComparison.Ordinal);
        if (isPart && Formats.Any(format => format is not RunFormat && format.Is(folder))) return $"{path}: a file of a model folder; give the folder, {folder}.";
        if (Path.GetExtension(path) is ".yaml" or ".yml" or ".json")
            return $"{path}: a file of settings; give the model's folder, or import its weights: brownian import --config {path} --weights WEIGHTS.safetensors --out models/NAME";
        if (WeightsFile.WhatElse(path) is { } other) return $"{path}: {other}. Give a model folder or a run.";
        string name = Path.GetFileNameWithoutExtension(path);
        return $"{path}: a file, which does not say what network its weights are of; import it with the network's YAML: "
            + $"brownian import --config NETWORK.yaml --weights {path} --out models/{name}";
    }
}

/// <summary>Models of which only the folder is known.</summary>
public static class DiffusionModelFiles
{
    extension(DiffusionModel)
    {
        /// <summary>Opens a run, a model folder, or a folder of diffusers: see <see cref="ModelFolder.Formats"/>.</summary>
        /// <param name="path">The folder.</param>
        /// <param name="device">Where it will compute; null for <see cref="Device.Default"/>.</param>
        /// <param name="warn">Told about checkpoints that were passed over because they are damaged.</param>
        /// <inheritdoc cref="ModelFolder.Open" path="/exception"/>
        public static DiffusionModel Open(string path, Device? device = null, Action<string>? warn = null) =>
            ModelFolder.Open(path, device ?? Device.Default, warn);
    }
}

/// <summary>A folder that describes itself: <c>model.json</c> and <c>model.safetensors</c>, so that sampling needs no other argument.</summary>
sealed class BrownianFolder : IExportFormat
{
    const string WeightsName = "model.safetensors";

    public string Name => "brownian";

    public string Description => $"a model folder ({ModelDescription.FileName})";

    public string Purpose => "a model folder of Brownian";

    public bool Is(string path) => File.Exists(Path.Combine(path, ModelDescription.FileName));

    public string Use(DiffusionModel model) => "for brownian sample --model";

    public DiffusionModel Open(string path, Device device, Action<string> warn)
    {
        string weights = Path.Combine(path, WeightsName);
        if (!File.Exists(weights)) throw new FileNotFoundException($"{weights}: missing.", weights);
        (ModelDescription description, ModelSeal? seal) = ModelDescription.Read(Path.Combine(path, ModelDescription.FileName));
        return DiffusionModel.Load(description, weights, device, seal?.Verify(path, WeightsName));
    }

    public void Save(string path, DiffusionModel model, SafetensorsType type) =>
        Save(path, model.Description, model.Network.Parameters, model.Network.Parameters.Values, overwrite: false, type);

    public static void Save(
        string path, ModelDescription description, ParameterSet parameters, Tensor weights, bool overwrite,
        SafetensorsType type = SafetensorsType.F32)
    {
        Files.WriteFolder(path, existing => overwrite && File.Exists(Path.Combine(existing, ModelDescription.FileName)), folder =>
        {
            ParameterFile.Write(Path.Combine(folder, WeightsName), parameters, type, ("", weights));
            AtomicFile.Write(Path.Combine(folder, ModelDescription.FileName), description.ToJson(ModelSeal.Of(folder, WeightsName)));
        });
    }
}
