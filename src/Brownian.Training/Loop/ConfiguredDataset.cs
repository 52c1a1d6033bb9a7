namespace Brownian.Training;

/// <summary>Opens the images that a configuration names.</summary>
public static class ConfiguredDataset
{
    /// <summary>The images of <c>dataset_params</c>, checked against the network that will learn from them.</summary>
    /// <param name="config">Names the images and the network.</param>
    /// <exception cref="InvalidDataException">A file is damaged, or the images are not of the network's size.</exception>
    /// <exception cref="IOException">There is no such file or folder.</exception>
    public static IImageDataset Open(TrainConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        IImageDataset images = OpenAll(config);
        if (config.Dataset.Limit is { } limit && limit < images.Count) images = images.Take(limit);
        Check(images, ClassConditions.Fit(config, images));
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

    /// <summary>Throws unless the network can learn from these images in such batches.</summary>
    internal static void Check(IImageDataset images, TrainConfig config)
    {
        ModelParams model = config.Model;
        if (model.WhyNotTrainable is { } problem) throw new InvalidDataException(problem.ToString());
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
                $"model_params.{model.SizeKey} is {(model.Width == model.Height ? $"{model.Width}" : $"[{model.Height},{model.Width}]")}, "
                + $"but the images are {images.Width}×{images.Height} pixels ({images.Description}); "
                + (images.Width == images.Height || model.MayBeOblong ? $"set model_params.{model.SizeKey}={size}." : "crop or scale them to squares."));
        }
        if (images.Channels != model.Channels)
        {
            throw new InvalidDataException(
                $"model_params.{model.ChannelKeys[0]} is {model.Channels}, but the images have {images.Channels} ({images.Description}); "
                + $"set {string.Join(" and ", model.ChannelKeys.Select(key => $"model_params.{key}={images.Channels}"))}.");
        }
        if (config.Train.BatchSize > images.Count)
        {
            throw new InvalidDataException(
                $"train_params.batch_size is {config.Train.BatchSize}, but there are {images.Count} images ({images.Description}); lower it.");
        }
        ClassConditions.Check(images, config);
        SamplerRehearsal.Check(config);
    }

    static IImageDataset OpenAll(TrainConfig config)
    {
        DatasetParams dataset = config.Dataset;
        if (dataset.IsBuiltIn) return new DrawnDigits(dataset.Count, config.Train.Seed, Math.Clamp(Math.Max(config.Model.Width, config.Model.Height), 8, 512));
        string path = dataset.ImagePath;
        bool isImageFolder = Directory.Exists(path) && !Directory.EnumerateFiles(path, "train-images*idx3-ubyte*").Any();
        return isImageFolder
            ? ImageFolderDataset.Open(path, dataset.ImageChannels ?? config.Model.Channels)
            : IdxDataset.Open(path);
    }
}
