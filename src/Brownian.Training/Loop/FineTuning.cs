namespace Brownian;

/// <summary>
/// What to train where nothing but a model to start from is named. The network, the diffusion and the image size are the model's; a run has
/// images and training settings too. Where other images are named, training is that of the run or else of the preset that suits the images.
/// </summary>
/// <param name="Config">The configuration, with the model in <c>train_params.from</c>.</param>
/// <param name="Reason">Where its parts come from, in a few words.</param>
public sealed record FineTuning(TrainConfig Config, string Reason)
{
    const string ImageKey = "dataset_params.im_path";

    /// <summary>The share of labels that is dropped for a model that was trained so, where it does not say how many were.</summary>
    const double UsualLabelDropout = 0.1;

    /// <summary>Looks at the model, and at some of the images where others than a run's own are named.</summary>
    /// <param name="model">A folder of any of <see cref="ModelFolder.Formats"/>.</param>
    /// <param name="overrides">What will be set in the result: any number of "section.key=value"; <c>dataset_params.im_path</c> names the images.</param>
    /// <exception cref="ArgumentException">The model is no run, and no images are named; or they have more channels than the model.</exception>
    /// <exception cref="InvalidDataException">The model, an override or an image is not right.</exception>
    /// <exception cref="IOException">A file is missing or cannot be read.</exception>
    public static FineTuning For(string model, params IEnumerable<string> overrides)
    {
        string[] given = [.. overrides];
        using StartingModel start = StartingModel.Open(model);
        RunDirectory? run = RunOf(model);
        TrainConfig config = run?.Config ?? start.Description.ToConfig();
        config = config with
        {
            Train = config.Train with { From = model, FromHash = "" },
            Sampling = start.Description.Sampling,
        };
        if (given.Any(text => text.TrimStart().StartsWith(ImageKey, StringComparison.Ordinal))) return OnImages(config, start.Description, run, model, given);
        return run is null
            ? throw new ArgumentException($"{model}: a model without images to train on; add --data PATH, or --data digits for the built-in ones.")
            : new FineTuning(config, $"all that of {model}, its images too");
    }

    /// <summary>
    /// A configuration with the hash of the weights that it starts from, as <see cref="Trainer"/> writes it into a run: what is wrong with them
    /// shows before there is one. One that starts from fresh weights is returned as it is.
    /// </summary>
    /// <param name="config">Its number of classes is known.</param>
    /// <exception cref="InvalidDataException">The model is none, damaged, or another than the one of the hash, or none of its weights fit.</exception>
    /// <exception cref="IOException">A file is missing or cannot be read.</exception>
    public static TrainConfig Sealed(TrainConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (config.Train.From.Length == 0) return config;
        using StartingModel start = StartingModel.Open(config.Train.From);
        return start.Seal(config);
    }

    static FineTuning OnImages(TrainConfig config, ModelDescription description, RunDirectory? run, string model, string[] given)
    {
        TrainConfig wanted = config.With(given);
        using IImageSource source = ConfiguredDataset.Source(wanted);
        PresetChoice choice = PresetChoice.For(source, wanted.Dataset.IsBuiltIn ? null : wanted.Dataset.ImagePath);
        CheckChannels(wanted, choice, model, source.Title);
        TrainParams train = run is null ? Usual(choice.Config.Train, config.Diffusion) : config.Train;
        train = train with
        {
            From = model,
            TaskName = choice.Config.Train.TaskName,
            BatchSize = Math.Min(train.BatchSize, source.Count),
        };
        config = config with { Dataset = new DatasetParams { ImagePath = wanted.Dataset.ImagePath }, Train = train };
        string training = run is null ? $"training as preset {choice.Preset}, as {choice.Reason}" : "training as that run";
        return new FineTuning(ForClasses(config, description, source.Classes.Count), $"network and diffusion of {model}; {training}");
    }

    // What a preset says of its own process is not for another.
    static TrainParams Usual(TrainParams train, DiffusionParams diffusion) => train with
    {
        Times = null,
        TimeMean = null,
        TimeDeviation = null,
        Bound = null,
        BoundWeight = null,
        SampleTimesteps = train.SampleTimesteps is { } steps ? Math.Min(steps, diffusion.MostSteps) : null,
    };

    // A network that is told classes is told those of the images, or none where they have none; one that is told none stays so.
    static TrainConfig ForClasses(TrainConfig config, ModelDescription description, int classes)
    {
        bool told = description.Model.Classes > 0 && classes > 0;
        double usual = description.Model.Classes == description.Classes.Count + 1 ? UsualLabelDropout : 0;
        double dropout = config.Train.LabelDropout > 0 ? config.Train.LabelDropout : usual;
        return config with
        {
            Model = description.Model.Classes > 0 ? description.Model.WithClasses(0) ?? description.Model : description.Model,
            Train = config.Train with { ClassConditional = told, LabelDropout = told ? dropout : 0 },
            Sampling = told ? config.Sampling : config.Sampling with { GuidanceScale = null },
        };
    }

    // Colours that the model cannot have would be lost without a word; gray images are colours, too.
    static void CheckChannels(TrainConfig wanted, PresetChoice choice, string model, string title)
    {
        (NetworkOptions network, int channels) = (wanted.Model, choice.Config.Model.Channels);
        if (wanted.Dataset.ImageChannels is not null || channels <= network.Channels) return;
        string own = string.Join(" ", network.ChannelProperties.Select(property => $"--set model_params.{network.KeyOf(property)}={channels}"));
        throw new ArgumentException(
            $"{model}: a model of {network.Width}×{network.Height} pixels with {Counted.Of(network.Channels, "channel")}, but those of {title} have "
            + $"{channels}: {choice.Reason}; convert them with --set dataset_params.im_channels={network.Channels}, "
            + $"or widen the network with {own}: its first and last layers then start fresh.");
    }

    static RunDirectory? RunOf(string model) => ModelFolder.Formats.FirstOrDefault(format => format.Is(model)) switch
    {
        RunFormat => RunDirectory.Open(model),
        CheckpointFormat => RunDirectory.Open(Path.Combine(model, "..", "..")),
        _ => null,
    };
}
