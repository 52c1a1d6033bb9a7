using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// The model whose weights a training starts from (<c>train_params.from</c>): any that can be sampled from. What has the name and the shape of
/// a tensor of the new network is copied; what differs starts fresh, and is named.
/// </summary>
sealed class StartingModel : IDisposable
{
    /// <summary>Of the network's numbers. Two networks of different makes may share the bias of their last layer and nothing else.</summary>
    const double LeastShare = 0.01;

    /// <summary>Tensors that a warning names.</summary>
    const int MostNamed = 6;

    readonly string _path;
    readonly Device _device;
    readonly DiffusionModel _model;

    StartingModel(string path, Device device, DiffusionModel model) => (_path, _device, _model) = (path, device, model);

    /// <summary>What the model says of itself.</summary>
    public ModelDescription Description => _model.Description;

    /// <param name="path">A folder of any of <see cref="ModelFolder.Formats"/>.</param>
    /// <param name="warn">Told about damage that can be passed over.</param>
    /// <exception cref="InvalidDataException">It is no model, or a damaged one.</exception>
    /// <exception cref="IOException">A file is missing or cannot be read.</exception>
    public static StartingModel Open(string path, Action<string>? warn = null)
    {
        Device device = Device.Cpu(1);      // one of its own, whose memory is given back
        try
        {
            return new StartingModel(path, device, ModelFolder.Open(path, device, warn));
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    /// <summary>The configuration with the hash of these weights, so that it starts from no others when it is used again.</summary>
    /// <exception cref="InvalidDataException">It has that of others, or none of the weights fit its network.</exception>
    public TrainConfig Seal(TrainConfig config)
    {
        using var traced = new TracingDevice();
        ParameterSet to = config.Model.CreateNetwork(traced).Parameters;
        if (to.Trained.Where(Fits).Sum(parameter => (double)parameter.Shape.Count) < LeastShare * to.Count) throw NothingFits(config);
        if (config.Train.FromHash.Length == 0) return config with { Train = config.Train with { FromHash = _model.Hash } };
        if (config.Train.FromHash == _model.Hash) return config;
        throw new InvalidDataException(
            $"{_path}: these are not the weights that train_params.from_hash stands for; bring those back, or remove the key to start from what is there now.");
    }

    /// <summary>Gives a training these weights to begin with.</summary>
    /// <param name="state">Its weights are fresh.</param>
    /// <param name="config">What will be trained.</param>
    /// <param name="images">What will be learned from.</param>
    /// <param name="warn">Told what does not fit, and what will have to be unlearned.</param>
    public StartedFrom Fill(TrainState state, TrainConfig config, IImageDataset images, Action<string> warn)
    {
        ParameterSet from = _model.Network.Parameters, to = state.Parameters;
        Parameter[] tensors = [.. to];
        string[] fresh = [.. tensors.Where(parameter => !Fits(parameter)).Select(Difference)], unused = [.. from.Where(its => !to.TryGet(its.Name, out _)).Select(Shown)];
        long copied = 0;
        foreach (Parameter parameter in tensors.Where(Fits))
        {
            parameter.FromTorch(from[parameter.Name].ToTorch());
            if (parameter.IsTrained) copied += parameter.Shape.Count;
        }
        state.Restart();
        if (fresh.Length > 0) warn($"{_path}: not all of the network is in it; fresh {(fresh.Length == 1 ? "is" : "are")} {fresh.Length} of {Counted.Of(tensors.Length, "tensor")}: {Listed(fresh)}.");
        if (unused.Length > 0) warn($"{_path}: not all of it is in the network; left out are {unused.Length} of its tensors: {Listed(unused)}.");
        foreach (string doubt in Doubts(config, images)) warn($"{_path}: {doubt}.");
        return new StartedFrom(_path, Description.Step, (double)copied / to.Count);
    }

    bool Fits(Parameter parameter) => _model.Network.Parameters.TryGet(parameter.Name, out Parameter? its) && its.TorchShape.SequenceEqual(parameter.TorchShape);

    string Difference(Parameter parameter) => _model.Network.Parameters.TryGet(parameter.Name, out Parameter? its)
        ? $"{Shown(parameter)} (the model's is {Extents(its)})"
        : $"{Shown(parameter)} (the model has none)";

    public void Dispose() => _device.Dispose();

    IEnumerable<string> Doubts(TrainConfig config, IImageDataset images)
    {
        NetworkOptions its = Description.Model, model = config.Model;
        string[] differences = [.. Differences(config.Diffusion, Description.Diffusion)];
        if (differences.Length > 0) yield return $"trained otherwise than this run, which will have to unlearn it: {string.Join("; ", differences)}";
        if ((its.Width, its.Height) != (model.Width, model.Height))
            yield return $"it has seen images of {its.Width}×{its.Height} pixels only, and this network is for {model.Width}×{model.Height}";
        bool told = model.Classes > 0 && its.Classes == model.Classes && Description.Classes.Count > 0 && images.Classes.Count > 0;
        if (told && !Description.Classes.SequenceEqual(images.Classes))
        {
            yield return $"its classes are {Listed([.. Description.Classes])}, those of the images {Listed([.. images.Classes])}: "
                + "what it knows of each becomes that of the one in the same place";
        }
    }

    static IEnumerable<string> Differences(DiffusionParams mine, DiffusionParams its)
    {
        if (mine.Predicts.Name != its.Predicts.Name) yield return $"prediction_type is {mine.Predicts.Name}, the model's {its.Predicts.Name}";
        (mine, its) = (TrainConfig.DecisiveDiffusion(mine) with { PredictionType = null }, TrainConfig.DecisiveDiffusion(its) with { PredictionType = null });
        foreach (SettingKey key in mine.Keys)
        {
            if (key.Of(mine) is { } here && key.Of(its) is { } there && !here.Equals(there))
                yield return $"{key.Name} is {ConfigText.Yaml(here)}, the model's {ConfigText.Yaml(there)}";
        }
    }

    InvalidDataException NothingFits(TrainConfig config)
    {
        (NetworkOptions its, NetworkOptions model) = (Description.Model, config.Model);
        string kinds = its.Type == model.Type ? $"both are of type {model.Type}, but of other widths" : $"it is of type {its.Type}, the network of {model.Type}";
        return new($"{_path}: none of its weights fit the network: {kinds}; leave --preset and --config out to train the model's own network.");
    }

    static string Shown(Parameter parameter) => $"{parameter.Name} {Extents(parameter)}";

    static string Extents(Parameter parameter) => $"[{string.Join(", ", parameter.TorchShape.ToArray())}]";

    static string Listed(string[] names) =>
        string.Join("; ", names.Take(MostNamed)) + (names.Length > MostNamed ? $"; and {names.Length - MostNamed} more" : "");
}

/// <summary>What a training started from.</summary>
/// <param name="Model">The model's path.</param>
/// <param name="Step">The steps that it had been trained for; 0 where that is not known.</param>
/// <param name="Share">Of the network's trained numbers, how many came from it, 0 to 1; the others start fresh.</param>
public sealed record StartedFrom(string Model, long Step, double Share);
