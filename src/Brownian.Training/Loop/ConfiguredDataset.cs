using System.Globalization;

namespace Brownian;

/// <summary>Opens the images that a configuration names.</summary>
public static class ConfiguredDataset
{
    /// <summary>The images of <c>dataset_params</c>, brought to the size of the network that will learn from them.</summary>
    /// <param name="config">Names the images and the network.</param>
    /// <param name="progress">Told how far decoding is, and of images that cannot be read.</param>
    /// <param name="cancel">Ends it early.</param>
    /// <exception cref="InvalidDataException">There are no images, or one is broken and that is not tolerated.</exception>
    /// <exception cref="IOException">There is no such file or folder.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> was cancelled.</exception>
    public static IImageDataset Open(TrainConfig config, IProgress<ReadingProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        IImageDataset images = Prepare(config, progress, cancel);
        try
        {
            Check(images, ClassConditions.Fit(config, images));
        }
        catch
        {
            images.Dispose();
            throw;
        }
        return images;
    }

    /// <summary>The configuration with what only the images can say: of how many classes the network is told, where that is left to them.</summary>
    /// <param name="config">As it was written.</param>
    /// <param name="images">What will be learned from.</param>
    /// <exception cref="InvalidDataException">The images have no classes to tell.</exception>
    public static TrainConfig Fit(TrainConfig config, IImageDataset images)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(images);
        return ClassConditions.Fit(config, images);
    }

    /// <summary>Whether training mirrors images at random: as the configuration says, and otherwise as it suits them.</summary>
    internal static bool Mirrors(IImageDataset images, DatasetParams dataset) => dataset.HorizontalFlip ?? images.MayBeMirrored;

    /// <summary>What is done to images at random, in a few words, and why where nobody asked for it.</summary>
    internal static string Augmentation(IImageDataset images, DatasetParams dataset)
    {
        string why = dataset.HorizontalFlip is null ? ", as these are pictures in colour" : "";
        string[] what =
        [
            .. Mirrors(images, dataset) ? [$"horizontal flips{why}"] : (string[])[],
            .. dataset.Crop == CropMode.Random ? ["random crops"] : (string[])[],
        ];
        return what.Length == 0 ? "none" : string.Join("; ", what);
    }

    /// <summary>Throws unless the network can learn from these images in such batches.</summary>
    internal static void Check(IImageDataset images, TrainConfig config)
    {
        NetworkOptions model = config.Model;
        string sizeKey = model.KeyOf(nameof(model.ImageSize));
        string[] channelKeys = [.. model.ChannelProperties.Select(property => $"model_params.{model.KeyOf(property)}")];
        if (model.TrainingRule is { Holds: false } rule) throw new InvalidDataException($"model_params.{model.KeyOf(rule.Property)} {rule.Message}.");
        if (model.OutputChannels != model.Channels && !config.Diffusion.LearnsVariance)
        {
            throw new InvalidDataException(
                $"model_params.out_channels is {model.OutputChannels}; to be trained it must be in_channels, {model.Channels}, "
                + "unless diffusion_params.variance is learned or learned_range.");
        }
        if (images.Width != model.Width || images.Height != model.Height)
        {
            string size = images.Width == images.Height ? $"{images.Width}" : $"[{images.Height},{images.Width}]";
            throw new InvalidDataException(
                $"model_params.{sizeKey} is {(model.Width == model.Height ? $"{model.Width}" : $"[{model.Height},{model.Width}]")}, "
                + $"but the images are {images.Width}×{images.Height} pixels ({images.Description}); "
                + $"set model_params.{sizeKey}={size}.");
        }
        if (images.Channels != model.Channels)
        {
            throw new InvalidDataException(
                $"{channelKeys[0]} is {model.Channels}, but the images have {images.Channels} ({images.Description}); "
                + $"set {string.Join(" and ", channelKeys.Select(key => $"{key}={images.Channels}"))}.");
        }
        int held = HeldOutImages.CountOf(images.Count, config.Train.ValidationFraction);
        if (config.Train.BatchSize > images.Count - held)
        {
            string left = held == 0 ? $"there {(images.Count == 1 ? "is" : "are")} {Counted.Of(images.Count, "image")}" : $"train_params.validation_fraction leaves {images.Count - held} of {images.Count} images to train on";
            throw new InvalidDataException($"train_params.batch_size is {config.Train.BatchSize}, but {left} ({images.Description}); lower it.");
        }
        ClassConditions.Check(images, config);
        SamplerRehearsal.Check(config);
    }

    /// <summary>How images become those of the network's size.</summary>
    internal static ImagePreparation Preparation(TrainConfig config)
    {
        DatasetParams dataset = config.Dataset;
        return new ImagePreparation(config.Model.Width, config.Model.Height, dataset.ImageChannels ?? config.Model.Channels)
        {
            Resize = dataset.Resize,
            Interpolation = dataset.Interpolation,
            Crop = dataset.Crop,
            BitDepth = dataset.BitDepth,
            Range = dataset.ValueRange,
            Background = dataset.Background,
            Cache = dataset.Cache,
            Strict = dataset.Strict,
            Limit = dataset.Limit,
        };
    }

    /// <summary>The images that a section names, as they are stored.</summary>
    /// <param name="dataset">The section.</param>
    /// <exception cref="InvalidDataException">There are no images.</exception>
    /// <exception cref="IOException">There is no such file or folder.</exception>
    public static IImageSource Source(DatasetParams dataset)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        return ImageSources.Open(dataset.ImagePath, new SourceOptions { Split = dataset.Split, Labels = dataset.Labels });
    }

    /// <summary>Opens the images of a configuration as <see cref="Open"/> does, but not to learn from: they need not fill a batch, nor have the network's classes.</summary>
    /// <param name="config">Names the images and the network.</param>
    /// <param name="progress">Told how far decoding is, and of images that cannot be read.</param>
    /// <param name="cancel">Ends it early.</param>
    /// <exception cref="InvalidDataException">There are no images.</exception>
    /// <exception cref="IOException">There is no such file or folder.</exception>
    public static IImageDataset Prepare(TrainConfig config, IProgress<ReadingProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(config);
        return PreparedImages.Open(Source(config), Preparation(config), progress, cancel);
    }

    /// <summary>The images of a configuration as they are stored, the built-in ones of the size of the network.</summary>
    internal static IImageSource Source(TrainConfig config)
    {
        DatasetParams dataset = config.Dataset;
        if (!dataset.IsBuiltIn) return Source(dataset);
        int side = Math.Clamp(Math.Max(config.Model.Width, config.Model.Height), 8, 512);
        return new DatasetImages(new DrawnDigits(dataset.Count, config.Train.Seed, side));
    }
}

/// <summary>The classes of images and those of the network that is told them, brought together.</summary>
static class ClassConditions
{
    /// <summary>The configuration with as many classes of the network as the images have, where it leaves that to them.</summary>
    /// <exception cref="InvalidDataException">The images have no classes.</exception>
    public static TrainConfig Fit(TrainConfig config, IImageDataset images)
    {
        if (!config.Train.ClassConditional || config.Model.Classes > 0) return config;
        if (images.Classes.Count == 0) throw Unlabelled("train_params.class_conditional is true", "set it to false", images);
        return config.Model.WithClasses(Needed(config, images)) is { } model ? config with { Model = model } : config;
    }

    /// <exception cref="InvalidDataException">The network cannot be told the classes of these images.</exception>
    public static void Check(IImageDataset images, TrainConfig config)
    {
        (int classes, string key) = (config.Model.Classes, $"model_params.{(config.Model.ClassesProperty is { } property ? config.Model.KeyOf(property) : "")}");
        double dropout = config.Train.LabelDropout;
        if (config.Sampling.IsGuided && dropout == 0)
        {
            throw new InvalidDataException(
                $"sample_params.guidance_scale is {config.Sampling.GuidanceScale}, which needs a network trained without labels too; "
                + "set train_params.class_conditional to true and train_params.label_dropout to 0.1, or remove it.");
        }
        if (classes == 0) return;
        if (images.Classes.Count == 0) throw Unlabelled($"{key} is {classes}", "remove the key", images);
        if (classes != Needed(config, images))
        {
            string more = dropout > 0 ? " and label_dropout needs one more" : "";
            throw new InvalidDataException(
                $"{key} is {classes}, but the images have {Counted.Of(images.Classes.Count, "class", "classes")}{more} ({images.Description}); "
                + $"set it to {Needed(config, images)}, or remove it and set train_params.class_conditional to true.");
        }
        if (dropout == 0) CheckLabels(images);
    }

    /// <summary>In a few words; empty for an unconditional network.</summary>
    public static string Describe(IImageDataset images, TrainConfig config)
    {
        if (config.Model.Classes == 0) return "";
        string share = config.Train.LabelDropout.ToString("0.##%", CultureInfo.InvariantCulture);
        string dropped = config.Train.LabelDropout > 0 ? $", and one for any image: {share} of labels are dropped" : "";
        return $"{images.Classes.Count} of the images{dropped}";
    }

    /// <summary>The labels as the network takes them; images without one are of the class for any image.</summary>
    public static int[] Labels(int[] labels, int classes) =>
        classes == 0 ? [] : Array.ConvertAll(labels, label => label < 0 ? classes - 1 : label);

    static int Needed(TrainConfig config, IImageDataset images) => images.Classes.Count + (config.Train.LabelDropout > 0 ? 1 : 0);

    static void CheckLabels(IImageDataset images)
    {
        for (int i = 0; i < images.Count; i++)
        {
            if (images.Label(i) < 0)
            {
                throw new InvalidDataException(
                    $"Image {i} of {images.Count} has no class ({images.Description}); label it, or set train_params.label_dropout to 0.1.");
            }
        }
    }

    static InvalidDataException Unlabelled(string what, string mend, IImageDataset images) => new(
        $"{what}, but the images have no classes ({images.Description}); put those of each class into a folder of its name, or {mend}.");
}
