using Brownian.Imaging;

namespace Brownian.Training;

/// <summary>The images that pictures are made of.</summary>
public static class PictureData
{
    const int UsualCount = 4, LargestAsItIs = 128, Side = 96;

    /// <summary>
    /// Opens the images of a run, brought to its network; those of any other path as their first image is, or as squares of 96 pixels where
    /// that is larger than 128.
    /// </summary>
    /// <param name="path">A run, or what <see cref="DatasetParams.ImagePath"/> takes.</param>
    /// <param name="progress">Told how far decoding is, and of images that cannot be read.</param>
    /// <returns>The images, and the configuration that decides their order. Dispose what is <see cref="IDisposable"/>.</returns>
    /// <exception cref="InvalidDataException">There are no images, or the run's configuration is damaged.</exception>
    /// <exception cref="IOException">There is no such file or folder.</exception>
    public static (TrainConfig Config, IImageDataset Images) Open(string path, IProgress<ReadingProgress>? progress = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (RunDirectory.IsRun(path))
        {
            TrainConfig config = RunDirectory.Open(path).Config;
            return (config, Open(config, progress));
        }
        IImageSource source = ImageSources.Open(path);
        IImageDataset images = PreparedImages.Open(source, AsTheyAre(source), progress);
        return (TrainConfig.Default with { Dataset = new DatasetParams { ImagePath = path } }, images);
    }

    /// <summary>Opens the images of a configuration as <see cref="ConfiguredDataset"/> does; to be looked at, fewer than a batch do.</summary>
    /// <inheritdoc cref="ConfiguredDataset.Open"/>
    public static IImageDataset Open(TrainConfig config, IProgress<ReadingProgress>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        return ConfiguredDataset.Open(config with { Train = config.Train with { BatchSize = 1 } }, progress);
    }

    /// <summary>Training images by their numbers, or files brought to the network's size and channels.</summary>
    /// <param name="config">Names the images and the network.</param>
    /// <param name="wanted">Each a file, or numbers as <see cref="SeedRange"/> writes them; the first four images where there is none.</param>
    /// <param name="progress">Told how far decoding is, and of images that cannot be read.</param>
    /// <exception cref="ArgumentException">There is no image of that number, or a file cannot be brought to that size.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or there are no images.</exception>
    /// <exception cref="IOException">There is no such file or folder.</exception>
    public static IReadOnlyList<Image> Choose(
        TrainConfig config, IReadOnlyList<string> wanted, IProgress<ReadingProgress>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(wanted);
        if (wanted.Count > 0 && !wanted.Any(IsNumbers)) return [.. wanted.Select(path => ReadFile(path, config))];
        IImageDataset images = Open(config, progress);
        using var opened = images as IDisposable;
        if (wanted.Count == 0) return [.. Enumerable.Range(0, Math.Min(UsualCount, images.Count)).Select(index => Read(images, index))];
        return [.. wanted.SelectMany(text => IsNumbers(text)
            ? SeedRange.Parse(text).Select(index => Read(images, index, text))
            : [ReadFile(text, config)])];
    }

    static ImagePreparation AsTheyAre(IImageSource source)
    {
        for (int i = 0; i < source.Count; i++)
        {
            try
            {
                Image image = source.Read(i);
                int channels = image.Channels <= 2 ? 1 : 3;
                return Math.Max(image.Width, image.Height) <= LargestAsItIs ? new(image.Width, image.Height, channels) : new(Side, Side, channels);
            }
            catch (InvalidDataException)
            {
                // Broken images are told when all are read.
            }
        }
        return new ImagePreparation(Side, Side, 3);
    }

    static bool IsNumbers(string text) => !File.Exists(text) && text.All(c => char.IsAsciiDigit(c) || c is '-' or ',');

    static Image ReadFile(string path, TrainConfig config)
    {
        if (!File.Exists(path))
            throw new FileNotFoundException($"{path}: there is no such file; give a picture, or numbers of training images such as 7 or 0-3.");
        ImagePreparation how = ConfiguredDataset.Preparation(config);
        try
        {
            return how.Apply(ImageFile.Read(path));
        }
        catch (ArgumentException e)
        {
            throw new ArgumentException($"{path}: {e.Message}", e);
        }
    }

    static Image Read(IImageDataset images, ulong index, string text) => index < (ulong)images.Count
        ? Read(images, (int)index)
        : throw new ArgumentException($"{text}: there is no image {index}; they are numbered 0 to {images.Count - 1} ({images.Description}).");

    static Image Read(IImageDataset images, int index)
    {
        byte[] pixels = new byte[images.ImageBytes()];
        images.Read(index, pixels);
        return new Image(images.Width, images.Height, images.Channels, pixels);
    }
}
