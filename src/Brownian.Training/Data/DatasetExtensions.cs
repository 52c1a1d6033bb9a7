using System.Diagnostics.CodeAnalysis;

namespace Brownian.Training;

/// <summary>What every <see cref="IImageDataset"/> can do.</summary>
public static class DatasetExtensions
{
    /// <summary>The first <paramref name="count"/> images of a set, with the same classes.</summary>
    /// <param name="dataset">The set to cut.</param>
    /// <param name="count">1 to the number of images.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is below 1 or above the number of images.</exception>
    public static IImageDataset Take(this IImageDataset dataset, int count) => new Subset(dataset, count);

    /// <summary>The bytes of one image: Height·Width·Channels.</summary>
    /// <param name="dataset">The set asked.</param>
    public static int ImageBytes(this IImageDataset dataset) => checked(dataset.Height * dataset.Width * dataset.Channels);

    internal static void CheckIndex(this IImageDataset dataset, int index)
    {
        if ((uint)index >= (uint)dataset.Count)
            ThrowIndex(dataset, index);
    }

    internal static void CheckTarget(this IImageDataset dataset, Span<byte> pixels)
    {
        if (pixels.Length != dataset.ImageBytes())
            ThrowTarget(dataset, pixels);
    }

    internal static string Summary(this IImageDataset dataset)
    {
        string classes = dataset.Classes.Count switch { 0 => "unlabelled", 1 => "1 class", int n => $"{n} classes" };
        string images = dataset.Count == 1 ? "1 image" : $"{dataset.Count} images";
        return $"{images}, {dataset.Width}×{dataset.Height}×{dataset.Channels}, {classes}";
    }

    [DoesNotReturn]
    static void ThrowIndex(IImageDataset dataset, int index) =>
        throw new ArgumentOutOfRangeException(
            nameof(index), index, $"Image {index} of a set of {dataset.Count}; images are numbered from 0.");

    [DoesNotReturn]
    static void ThrowTarget(IImageDataset dataset, Span<byte> pixels) =>
        throw new ArgumentException(
            $"An image of {dataset.Width}×{dataset.Height}×{dataset.Channels} needs {dataset.ImageBytes()} bytes, the target has {pixels.Length}.",
            nameof(pixels));
}
