using Brownian.Imaging;

namespace Brownian.Training;

/// <summary>A contact sheet of training images as the network will see them: shuffled, cut, and mirrored where training does.</summary>
public static class DataPicture
{
    /// <summary>Draws the first images of the training's first epoch, with their class below each where they have one.</summary>
    /// <param name="config">Names the images, and decides their order and what is done to them.</param>
    /// <param name="images">The images, opened.</param>
    /// <param name="count">How many, at least 1; all where there are fewer.</param>
    /// <param name="columns">Images per row; 0 for about as many as there are rows.</param>
    /// <exception cref="ArgumentException">A number is out of range, or the sheet would be too large.</exception>
    public static Image Draw(TrainConfig config, IImageDataset images, int count = 64, int columns = 0)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(images);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        using var loader = new BatchLoader(
            images, Math.Min(count, images.Count), config.Train.Seed, horizontalFlip: ConfiguredDataset.Mirrors(images, config.Dataset),
            randomCrop: config.Dataset.Crop == CropMode.Random, prefetch: 1);
        Batch batch = loader.Next();
        int size = images.ImageBytes();
        float[] pixels = batch.Pixels;
        bool labelled = batch.Labels.Any(label => label >= 0);
        return ImageSheet.Draw(
            [.. Enumerable.Range(0, batch.Count)
                .Select(n => Pixels.ToImage(pixels.AsSpan(n * size, size), images.Width, images.Height, images.Channels))],
            new SheetOptions
            {
                Columns = columns,
                Captions = labelled ? [.. batch.Labels.Select(label => label < 0 ? "" : images.Classes[label])] : [],
            });
    }
}
