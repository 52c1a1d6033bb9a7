using Brownian.Imaging;

namespace Brownian.Data;

/// <summary>A picture of some images of a set, taken evenly from its beginning to its end.</summary>
public static class ContactSheet
{
    /// <summary>Images of one size up to this are shown as they are.</summary>
    const int LargestAsItIs = 128;

    const int Side = 96;

    /// <summary>Draws it. Images of unequal size, or larger ones, are cut to squares of 96 pixels.</summary>
    /// <param name="path">As <see cref="ImageSources.Open"/> takes it.</param>
    /// <param name="count">How many images, at least 1; fewer are drawn where there are fewer.</param>
    /// <param name="columns">Images per row, at least 1.</param>
    /// <param name="warn">Told of images that cannot be read.</param>
    /// <exception cref="InvalidDataException">There are no images.</exception>
    /// <exception cref="IOException">There is no such file or folder, or it cannot be read.</exception>
    public static Image Draw(string path, int count = 64, int columns = 8, Action<string>? warn = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        using IImageSource source = ImageSources.Open(path);
        count = Math.Min(count, source.Count);
        var images = new List<Image>(count);
        for (int i = 0; i < count; i++)
        {
            try
            {
                images.Add(source.Read((int)((long)i * source.Count / count)));
            }
            catch (InvalidDataException e)
            {
                warn?.Invoke(e.Message);
            }
        }
        if (images.Count == 0) throw new InvalidDataException($"{path}: none of the {count} images looked at can be read.");
        return ImageGrid.Draw(Alike(images), columns);
    }

    static List<Image> Alike(List<Image> images)
    {
        int channels = images.Exists(image => image.Channels % 2 == 0) ? 4 : images.Max(image => image.Channels);
        (int width, int height) = (images[0].Width, images[0].Height);
        bool asTheyAre = Math.Max(width, height) <= LargestAsItIs && images.TrueForAll(image => (image.Width, image.Height) == (width, height));
        var how = new ImagePreparation(asTheyAre ? width : Side, asTheyAre ? height : Side, channels);
        return images.ConvertAll(image => how.Apply(image));
    }
}
