using Brownian.Imaging;

namespace Brownian.Training;

/// <summary>The images that pictures are made of.</summary>
public static class PictureData
{
    const int UsualCount = 4;

    /// <summary>Opens the images of a run, brought to its network; of any other path, as they are, in colour.</summary>
    /// <param name="path">A run, or what <see cref="DatasetParams.ImagePath"/> takes.</param>
    /// <returns>The images, and the configuration that decides their order.</returns>
    /// <exception cref="InvalidDataException">A file is damaged.</exception>
    /// <exception cref="IOException">There is no such file or folder.</exception>
    public static (TrainConfig Config, IImageDataset Images) Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        TrainConfig config = RunDirectory.IsRun(path)
            ? RunDirectory.Open(path).Config
            : TrainConfig.Default with { Dataset = new DatasetParams { ImagePath = path } };
        return (config, RunDirectory.IsRun(path) || config.Dataset.IsBuiltIn ? ConfiguredDataset.Open(config) : OpenAsTheyAre(path));
    }

    /// <summary>Training images by their numbers, or files brought to the network's size and channels.</summary>
    /// <param name="config">Names the images and the network.</param>
    /// <param name="wanted">Each a file, or numbers as <see cref="SeedRange"/> writes them; the first four images where there is none.</param>
    /// <exception cref="ArgumentException">There is no image of that number.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or the images are not of the network's size.</exception>
    /// <exception cref="IOException">There is no such file or folder.</exception>
    public static IReadOnlyList<Image> Choose(TrainConfig config, IReadOnlyList<string> wanted)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(wanted);
        var images = new Lazy<IImageDataset>(() => ConfiguredDataset.Open(config));
        if (wanted.Count == 0) return [.. Enumerable.Range(0, Math.Min(UsualCount, images.Value.Count)).Select(index => Read(images.Value, index))];
        return [.. wanted.SelectMany(text => IsNumbers(text)
            ? SeedRange.Parse(text).Select(index => Read(images.Value, index, text))
            : [Fit(ReadFile(text), config.Model)])];
    }

    static IImageDataset OpenAsTheyAre(string path) =>
        Directory.Exists(path) && !Directory.EnumerateFiles(path, "train-images*idx3-ubyte*").Any()
            ? ImageFolderDataset.Open(path, channels: 3)
            : IdxDataset.Open(path);

    static bool IsNumbers(string text) => !File.Exists(text) && text.All(c => char.IsAsciiDigit(c) || c is '-' or ',');

    static Image ReadFile(string path) => File.Exists(path) ? ImageFile.Read(path) : throw new FileNotFoundException(
        $"{path}: there is no such file; give a picture, or numbers of training images such as 7 or 0-3.");

    static Image Read(IImageDataset images, ulong index, string text) => index < (ulong)images.Count
        ? Read(images, (int)index)
        : throw new ArgumentException($"{text}: there is no image {index}; they are numbered 0 to {images.Count - 1} ({images.Description}).");

    static Image Read(IImageDataset images, int index)
    {
        byte[] pixels = new byte[images.ImageBytes()];
        images.Read(index, pixels);
        return new Image(images.Width, images.Height, images.Channels, pixels);
    }

    // The whole frame is filled, and what is too much of the longer side cut off equally at both ends.
    static Image Fit(Image image, ModelParams model)
    {
        double scale = Math.Max((double)model.Width / image.Width, (double)model.Height / image.Height);
        int width = Math.Max(model.Width, (int)Math.Round(image.Width * scale)), height = Math.Max(model.Height, (int)Math.Round(image.Height * scale));
        return image.ConvertTo(model.Channels).Resize(width, height).CenterCrop(model.Width, model.Height);
    }
}
