using Brownian.Imaging;

namespace Brownian;

/// <summary>A contact sheet of images, with their class below each where they have one.</summary>
public static class DataPicture
{
    /// <summary>Draws the first images of the training's first epoch as the network will see them: shuffled, cut, and mirrored where training does.</summary>
    /// <param name="config">Names the images, and decides their order and what is done to them.</param>
    /// <param name="images">The images, opened.</param>
    /// <param name="count">How many, at least 1; all where there are fewer.</param>
    /// <param name="columns">Images per row; 0 for about as many as there are rows.</param>
    /// <param name="scale">As <see cref="SheetOptions.Scale"/>.</param>
    /// <exception cref="ArgumentException">A number is out of range, or the sheet would be too large.</exception>
    public static Image Draw(TrainConfig config, IImageDataset images, int count = 64, int columns = 0, int scale = 0)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(images);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        using var loader = new BatchLoader(
            images, Math.Min(count, images.Count), config.Train.Seed, horizontalFlip: ConfiguredDataset.Mirrors(images, config.Dataset),
            randomCrop: config.Dataset.Crop == CropMode.Random, prefetch: 1);
        Batch batch = loader.Next();
        int size = images.Width * images.Height * images.Channels;
        float[] pixels = batch.Pixels;
        return Sheet(
            [.. Enumerable.Range(0, batch.Count)
                .Select(n => Pixels.ToImage(pixels.AsSpan(n * size, size), images.Width, images.Height, images.Channels))],
            batch.Labels, images.Classes, columns, scale);
    }

    /// <summary>
    /// Draws images taken evenly from a set, from its beginning to its end; no others are read. Those of unequal size, or larger than 128
    /// pixels, are cut to squares of 96.
    /// </summary>
    /// <param name="path">As <see cref="ImageSources.Open"/> takes it.</param>
    /// <param name="count">How many images, at least 1; all where there are fewer.</param>
    /// <param name="columns">Images per row; 0 for about as many as there are rows.</param>
    /// <param name="warn">Told of images that cannot be read.</param>
    /// <param name="options">Which images of the path; null for <see cref="SourceOptions.Default"/>.</param>
    /// <param name="scale">As <see cref="SheetOptions.Scale"/>.</param>
    /// <exception cref="ArgumentException">A number is out of range, or the sheet would be too large.</exception>
    /// <exception cref="InvalidDataException">There are no images.</exception>
    /// <exception cref="IOException">There is no such file or folder, or it cannot be read.</exception>
    public static Image DrawEvenly(
        string path, int count = 64, int columns = 0, Action<string>? warn = null, SourceOptions? options = null, int scale = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        using IImageSource source = ImageSources.Open(path, options);
        count = Math.Min(count, source.Count);
        List<Image> images = [];
        List<int> labels = [];
        for (int i = 0; i < count; i++)
        {
            int index = (int)((long)i * source.Count / count);
            try
            {
                images.Add(source.Read(index));
                labels.Add(source.Label(index));
            }
            catch (InvalidDataException e)
            {
                warn?.Invoke(e.Message);
            }
        }
        if (images.Count == 0) throw new InvalidDataException(count == 1 ? $"{path}: the image looked at cannot be read." : $"{path}: none of the {count} images looked at can be read.");
        return Sheet(images.ConvertAll(PictureData.AsTheyAre(images).Apply), labels, source.Classes, columns, scale);
    }

    static Image Sheet(IReadOnlyList<Image> images, IReadOnlyList<int> labels, IReadOnlyList<string> classes, int columns, int scale) =>
        ImageSheet.Draw(images, new SheetOptions
        {
            Columns = columns,
            Scale = scale,
            Captions = labels.Any(label => label >= 0) ? [.. labels.Select(label => label < 0 ? "" : classes[label])] : [],
        });
}

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
    /// <param name="cancel">Checked while images are decoded.</param>
    /// <returns>The images, and the configuration that decides their order.</returns>
    /// <exception cref="InvalidDataException">There are no images, or the run's configuration is damaged.</exception>
    /// <exception cref="IOException">There is no such file or folder.</exception>
    public static (TrainConfig Config, IImageDataset Images) Open(
        string path, IProgress<ReadingProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (RunDirectory.IsRun(path))
        {
            TrainConfig config = RunDirectory.Open(path).Config;
            return (config, Open(config, progress, cancel));
        }
        IImageSource source = ImageSources.Open(path);
        IImageDataset images = PreparedImages.Open(source, AsTheyAre(FirstOf(source)), progress, cancel);
        return (TrainConfig.Default with { Dataset = new DatasetParams { ImagePath = path } }, images);
    }

    /// <summary>Opens the images of a configuration as <see cref="ConfiguredDataset"/> does; to be looked at, fewer than a batch do.</summary>
    /// <inheritdoc cref="ConfiguredDataset.Open"/>
    public static IImageDataset Open(TrainConfig config, IProgress<ReadingProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(config);
        return ConfiguredDataset.Open(config with { Train = config.Train with { BatchSize = 1 } }, progress, cancel);
    }

    /// <summary>Training images by their numbers, or files brought to the network's size and channels.</summary>
    /// <param name="config">Names the images and the network.</param>
    /// <param name="wanted">Each a file, or numbers as <see cref="SeedRange"/> writes them; the first four images where there is none.</param>
    /// <param name="progress">Told how far decoding is, and of images that cannot be read.</param>
    /// <param name="cancel">Checked while images are decoded.</param>
    /// <exception cref="ArgumentException">There is no image of that number, or a file cannot be brought to that size.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or there are no images.</exception>
    /// <exception cref="IOException">There is no such file or folder.</exception>
    public static IReadOnlyList<Image> Choose(
        TrainConfig config, IReadOnlyList<string> wanted, IProgress<ReadingProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(wanted);
        if (wanted.Count > 0 && !wanted.Any(IsNumbers)) return [.. wanted.Select(path => ReadFile(path, config))];
        using IImageDataset images = Open(config, progress, cancel);
        if (wanted.Count == 0) return [.. Enumerable.Range(0, Math.Min(UsualCount, images.Count)).Select(index => Read(images, index))];
        return [.. wanted.SelectMany(text => IsNumbers(text)
            ? SeedRange.Parse(text).Select(index => Read(images, index, text))
            : [ReadFile(text, config)])];
    }

    /// <summary>How images become alike with the least change: nothing where they are already, and not large.</summary>
    internal static ImagePreparation AsTheyAre(IReadOnlyList<Image> images)
    {
        (int width, int height) = images.Count == 0 ? (Side, Side) : (images[0].Width, images[0].Height);
        bool alike = Math.Max(width, height) <= LargestAsItIs && images.All(image => (image.Width, image.Height) == (width, height));
        int channels = images.Count == 0 ? 3
            : images[0] is { HasAlpha: false, Channels: 2 or > 3 } ? images[0].Channels
            : images.All(image => image.Channels <= 2) ? 1 : 3;
        return alike ? new(width, height, channels) : new(Side, Side, channels);
    }

    // None where none can be read, which is told when all are.
    static Image[] FirstOf(IImageSource source)
    {
        for (int i = 0; i < source.Count; i++)
        {
            try
            {
                return [source.Read(i)];
            }
            catch (InvalidDataException)
            {
            }
        }
        return [];
    }

    static bool IsNumbers(string text) => !File.Exists(text) && text.All(c => char.IsAsciiDigit(c) || c is '-' or ',');

    static Image ReadFile(string path, TrainConfig config)
    {
        if (!File.Exists(path))
            throw new FileNotFoundException($"{path}: there is no such file; give a picture, or numbers of training images such as 7 or 0-3.");
        ImagePreparation how = ConfiguredDataset.Preparation(config);
        try
        {
            return how.Apply(ImageFile.Read(path, atFullDepth: true)).ToBitDepth(8);
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
        var image = new Image(images.Width, images.Height, images.Channels, images.BitDepth);
        images.Read(index, image.Pixels);
        return image.ToBitDepth(8);
    }
}
