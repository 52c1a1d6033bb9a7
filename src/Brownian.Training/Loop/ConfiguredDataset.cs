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
        Check(images, config);
        return images;
    }

    /// <summary>Throws unless the network can learn from these images in such batches.</summary>
    internal static void Check(IImageDataset images, TrainConfig config)
    {
        ModelParams model = config.Model;
        if (images.Width != model.ImageSize || images.Height != model.ImageSize)
        {
            throw new InvalidDataException(
                $"model_params.im_size is {model.ImageSize}, but the images are {images.Width}×{images.Height} pixels ({images.Description}); "
                + (images.Width == images.Height ? $"set model_params.im_size={images.Width}." : "crop or scale them to squares."));
        }
        if (images.Channels != model.ImageChannels)
        {
            throw new InvalidDataException(
                $"model_params.im_channels is {model.ImageChannels}, but the images have {images.Channels} ({images.Description}); "
                + $"set model_params.im_channels={images.Channels}.");
        }
        if (config.Train.BatchSize > images.Count)
        {
            throw new InvalidDataException(
                $"train_params.batch_size is {config.Train.BatchSize}, but there are {images.Count} images ({images.Description}); lower it.");
        }
    }

    static IImageDataset OpenAll(TrainConfig config)
    {
        DatasetParams dataset = config.Dataset;
        if (dataset.IsBuiltIn) return new DrawnDigits(dataset.Count, config.Train.Seed, Math.Clamp(config.Model.ImageSize, 8, 512));
        string path = dataset.ImagePath;
        bool isImageFolder = Directory.Exists(path) && !Directory.EnumerateFiles(path, "train-images*idx3-ubyte*").Any();
        return isImageFolder
            ? ImageFolderDataset.Open(path, dataset.ImageChannels ?? config.Model.ImageChannels)
            : IdxDataset.Open(path);
    }
}
