using Brownian.Imaging;

namespace Brownian.Training;

/// <summary>A set of images of one size as a source of them.</summary>
sealed class DatasetImages(IImageDataset set) : IImageSource
{
    /// <summary>The set.</summary>
    public IImageDataset Set => set;

    public string Title => set.Description.Split(':')[0];

    public int Count => set.Count;

    public IReadOnlyList<string> Classes => set.Classes;

    public bool IsPictures => set.MayBeMirrored;

    public int Label(int index) => set.Label(index);

    public string NameOf(int index) => $"{Title}: image {index}";

    public Image Read(int index)
    {
        var image = new Image(set.Width, set.Height, set.Channels);
        set.Read(index, image.Pixels);
        return image;
    }

    public void Dispose() => (set as IDisposable)?.Dispose();
}
