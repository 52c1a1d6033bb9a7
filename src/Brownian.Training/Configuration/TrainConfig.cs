using System.Security.Cryptography;
using System.Text;

namespace Brownian;

/// <summary>
/// Everything that decides a training run. Immutable; change it with <c>with</c>. A new instance is the tutorial's default.yaml;
/// <see cref="Default"/> is what trains on the built-in digits in a few minutes.
/// </summary>
public sealed record TrainConfig
{
    /// <summary>Which images to learn from.</summary>
    public DatasetParams Dataset { get; init; } = new();

    /// <summary>The forward process and how it is reversed.</summary>
    public DiffusionParams Diffusion { get; init; } = new();

    /// <summary>The network.</summary>
    public NetworkOptions Model { get; init; } = new TutorialUNetOptions();

    /// <summary>How to train.</summary>
    public TrainParams Train { get; init; } = new();

    /// <summary>How to draw images from the model, unless told otherwise.</summary>
    public SampleParams Sampling { get; init; } = new();

    /// <summary>What <see cref="TimeBudget"/> takes instead of <see cref="Default"/>'s network on a machine too slow for it.</summary>
    internal static UNet2DOptions SmallModel { get; } = new UNet2DOptions
    {
        ImageSize = [28],
        InChannels = 1,
        OutChannels = 1,
        BlockOutChannels = [16, 32, 32],
        DownBlockTypes = ["DownBlock2D", "DownBlock2D", "AttnDownBlock2D"],
        UpBlockTypes = ["AttnUpBlock2D", "UpBlock2D", "UpBlock2D"],
        LayersPerBlock = 1,
        NormNumGroups = 4,
    };

    /// <summary>
    /// Drawn digits and a small network that learns a flow, by the recipe of the preset mnist: two processor cores draw clean digits after three
    /// minutes.
    /// </summary>
    public static TrainConfig Default { get; } = new()
    {
        Dataset = new() { ImagePath = DatasetParams.Digits, Count = 10_000 },
        Diffusion = new() { Process = ProcessKind.Flow, PredictionType = PredictionType.Sample },
        Model = SmallModel with { BlockOutChannels = [32, 48, 48], AttentionHeadDim = 48, NormNumGroups = 8 },
        Train = new()
        {
            TaskName = "digits",
            Times = TimeKind.LogitNormal,
            Optimizer = OptimizerKind.Muon,
            BatchSize = 32,
            Steps = 1400,
            Samples = 36,
            GridColumns = 6,
            LearningRate = 1e-3,
            ClipGradNorm = 1,
            LearningRateSchedule = RateDecay.Cosine,
            WarmupSteps = 100,
            EmaDecay = 0.995,
            SampleSteps = 700,
            SampleEpochs = 0,
        },
        Sampling = new() { Sampler = "heun", Steps = 10 },
    };

    /// <summary>
    /// The steps that <see cref="Default"/>'s network needs: after 340 most of its digits can be read. On a machine that takes fewer in the time
    /// there is, <see cref="SmallModel"/> comes further.
    /// </summary>
    internal const long LeastSteps = 300;

    /// <summary>The preset that suits images best, with their colours and a size that suits them: see <see cref="PresetChoice"/>.</summary>
    /// <param name="images">What will be learned from.</param>
    /// <exception cref="InvalidDataException">They cannot be read.</exception>
    public static TrainConfig For(IImageSource images) => PresetChoice.For(images).Config;

    /// <summary>The same for images in a file or folder, which the configuration then names; <c>digits</c> for the built-in ones and <see cref="Default"/>.</summary>
    /// <param name="path">Where they are, as <see cref="DatasetParams.ImagePath"/> says it.</param>
    /// <exception cref="InvalidDataException">They cannot be read.</exception>
    /// <exception cref="IOException">There is no such file or folder.</exception>
    public static TrainConfig For(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (path == DatasetParams.Digits) return Default;
        using IImageSource images = ImageSources.Open(path);
        return PresetChoice.For(images, path).Config;
    }

    /// <summary>The same for a set of images of one size.</summary>
    /// <inheritdoc cref="For(IImageSource)"/>
    public static TrainConfig For(IImageDataset images) => PresetChoice.For(new DatasetImages(images)).Config;

    /// <summary>
    /// Reads a YAML file, applies overrides and checks the result. Keys that the file does not name keep the tutorial's values; without
    /// a file everything starts from <see cref="Default"/>.
    /// </summary>
    /// <param name="path">A YAML file with the sections dataset_params, diffusion_params, model_params, train_params and sample_params; null for none.</param>
    /// <param name="overrides">Any number of "section.key=value", the later ones win.</param>
    /// <exception cref="InvalidDataException">
    /// Unknown or repeated keys, values of the wrong type or out of range; the message is "file:line:column: what is wrong".
    /// </exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    public static TrainConfig Load(string? path, IEnumerable<string>? overrides = null)
    {
        var file = new ConfigFile();
        if (path is not null) file.AddFile(path);
        return Resolve(file, path is null ? Default : new TrainConfig(), overrides, path);
    }

    /// <summary>The keys that a file gives, as "section.key", with those of overrides.</summary>
    /// <param name="path">A YAML file.</param>
    /// <param name="overrides">As for <see cref="Load"/>.</param>
    /// <inheritdoc cref="Load" path="/exception"/>
    public static IReadOnlySet<string> KeysGiven(string path, IEnumerable<string>? overrides = null)
    {
        var file = new ConfigFile();
        file.AddFile(path);
        foreach (string text in overrides ?? []) file.AddOverride(text);
        return file.Keys.ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>Reads YAML from memory as <see cref="Load"/> reads a file.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="InvalidDataException">As for <see cref="Load"/>.</exception>
    public static TrainConfig Parse(string yaml, string name = "configuration")
    {
        ArgumentNullException.ThrowIfNull(yaml);
        var file = new ConfigFile();
        file.AddYaml(yaml, mark => $"{name}:{mark.Line}:{mark.Column}");
        return Resolve(file, new TrainConfig(), null, name);
    }

    /// <summary>The same for JSON that another file holds, where lines and columns would mislead.</summary>
    internal static TrainConfig ParseJson(string json, string name)
    {
        var file = new ConfigFile();
        file.AddYaml(json, _ => name);
        return Resolve(file, new TrainConfig(), null, name);
    }

    /// <summary>This configuration with overrides applied, checked.</summary>
    /// <param name="overrides">Any number of "section.key=value", the later ones win.</param>
    /// <exception cref="InvalidDataException">As for <see cref="Load"/>.</exception>
    public TrainConfig With(params IEnumerable<string> overrides) => Resolve(new ConfigFile(), this, overrides, null);

    /// <summary>The same for another number of steps.</summary>
    /// <param name="steps">At least 1.</param>
    public TrainConfig Lasting(long steps) => this with { Train = Train.Lasting(steps) };

    /// <summary>The same for a time, which becomes steps by measuring the machine when training begins.</summary>
    /// <param name="time">From 6 seconds to a week.</param>
    public TrainConfig Lasting(TimeSpan time) => this with { Train = Train.Lasting(steps: null) with { Minutes = time.TotalMinutes } };

    /// <summary>The same with whole paths: what a run keeps, so that it goes on from any folder. What is not there stays as it is written.</summary>
    internal TrainConfig Located() => this with
    {
        Dataset = Dataset.Located(),
        Train = Train.From.Length > 0 && Path.Exists(Train.From) ? Train with { From = Path.GetFullPath(Train.From) } : Train,
    };

    /// <summary>The whole configuration as YAML that <see cref="Load"/> reads back to an equal one.</summary>
    public string ToYaml()
    {
        var yaml = new StringBuilder();
        foreach (ConfigSection section in ConfigSection.All) section.Write(this, yaml);
        return yaml.ToString();
    }

    /// <summary>Throws unless every value is one that training can use. Everything that takes a configuration calls it.</summary>
    /// <exception cref="ArgumentException">The first value that is wrong, as "section.key is …; what would do".</exception>
    public void Validate()
    {
        if (FirstProblem() is { } problem) throw new ArgumentException(problem.ToString());
    }

    /// <summary>
    /// SHA-256, in hexadecimal, of everything that decides the weights after a given step: two runs with the same hash agree bit for
    /// bit. Images do not count by their path, as a checkpoint notes what they are, nor does a model to start from, whose weights count. Names, threads, caches, checkpoints and samples do not matter, nor does the length where the learning rate does not depend on it.
    /// </summary>
    public string Hash() => HashWith(Dataset.IsBuiltIn ? Dataset.ImagePath : "");

    /// <summary>The hash as versions that counted the path of the images noted it.</summary>
    /// <param name="imagePath">The path then.</param>
    internal string HashWith(string imagePath)
    {
        var defaults = new TrainParams();
        bool fixedLength = Train.LearningRateSchedule == RateDecay.Constant;
        TrainConfig decisive = this with
        {
            Dataset = Dataset with { ImagePath = imagePath, Cache = default, Strict = false },
            Diffusion = DecisiveDiffusion(Diffusion),
            Sampling = new(),
            Train = Train with
            {
                TaskName = defaults.TaskName,
                CheckpointName = defaults.CheckpointName,
                Threads = 0,
                Steps = fixedLength ? null : Train.Steps,
                Epochs = fixedLength ? null : Train.Epochs,
                Minutes = fixedLength ? null : Train.Minutes,
                Samples = 1,
                GridColumns = 1,
                SampleSteps = 0,
                FirstSampleStep = 0,
                SampleEpochs = 0,
                SampleTimesteps = null,
                CheckpointSteps = 1,
                KeepCheckpoints = 1,
                GradientCheckpointing = false,
                Best = default,
                TensorBoard = false,
                LogSteps = 0,
                EmaSnapshots = 0,
                EmaWidths = defaults.EmaWidths,
                From = defaults.From,
            },
        };
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(decisive.ToYaml())));
    }

    // How x̂0 is limited and a fixed variance matter when sampling only; a learned one is a part of the loss.
    internal static DiffusionParams DecisiveDiffusion(DiffusionParams diffusion)
    {
        var defaults = new DiffusionParams();
        return diffusion with
        {
            Variance = diffusion.LearnsVariance ? diffusion.Variance : default,
            Shift = defaults.Shift,
            SigmaMin = defaults.SigmaMin,
            SigmaMax = defaults.SigmaMax,
            ClipSample = false,
            ClipSampleRange = defaults.ClipSampleRange,
            Thresholding = false,
            ThresholdingRatio = defaults.ThresholdingRatio,
            SampleMaxValue = defaults.SampleMaxValue,
        };
    }

    ConfigProblem? FirstProblem() => Rules().Select(part => ConfigProblem.First(part.Section, part.Settings, part.Rules)).FirstOrDefault(problem => problem is not null);

    /// <summary>What values the settings of each section may have. Later rules may rely on those before them.</summary>
    internal IEnumerable<(ConfigSection Section, Settings Settings, IEnumerable<Rule> Rules)> Rules()
    {
        Rule[] images =
        [
            .. Model.ChannelProperties.Take(1).Select(property => new Rule(
                property, Model.Channels is >= 1 and <= Image.MaxChannels, $"is {Model.Channels}; images have 1 to {Image.MaxChannels}")),
        ];
        yield return (ConfigSection.Dataset, Dataset, Dataset.Rules());
        yield return (ConfigSection.Diffusion, Diffusion, Diffusion.Rules());
        yield return (ConfigSection.Model, Model, images.Concat(Model.Rules()));
        yield return (ConfigSection.Diffusion, Diffusion, Diffusion.RulesFor(Model));
        yield return (ConfigSection.Train, Train, Train.RulesFor(Diffusion, Model));
        yield return (ConfigSection.Sampling, Sampling, Sampling.RulesFor(Diffusion).Append(Sampling.RuleFor(Model)));
    }

    static TrainConfig Resolve(ConfigFile file, TrainConfig start, IEnumerable<string>? overrides, string? name)
    {
        foreach (string text in overrides ?? []) file.AddOverride(text);
        TrainConfig config = file.ApplyTo(start);
        if (config.FirstProblem() is { } problem)
            throw new InvalidDataException($"{file.WhereIs(problem.Section.Name, problem.Key) ?? name ?? "configuration"}: {problem}");
        return config;
    }
}

/// <summary>A value that cannot be used: the section and key that hold it, and what is wrong with it.</summary>
sealed record ConfigProblem(ConfigSection Section, string Key, string Message)
{
    /// <summary>That of the first rule that does not hold; null where all do.</summary>
    public static ConfigProblem? First(ConfigSection section, Settings settings, IEnumerable<Rule> rules)
    {
        foreach (Rule rule in settings.Defined().Concat(rules))
        {
            if (!rule.Holds) return new ConfigProblem(section, settings.KeyOf(rule.Property), settings.InKeys(rule.Message));
        }
        return null;
    }

    public override string ToString() => $"{Section.Name}.{Key} {Message.TrimEnd('.')}{(Message.EndsWith('?') ? "" : ".")}";
}
