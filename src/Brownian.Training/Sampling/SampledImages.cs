using System.Globalization;
using Brownian.Imaging;

namespace Brownian.Training;

/// <summary>Images drawn from a model, with what made them.</summary>
public sealed class SampledImages
{
    readonly List<KeyValuePair<string, string>> _notes;

    internal SampledImages(IReadOnlyList<Image> images, IReadOnlyList<ulong> seeds, List<KeyValuePair<string, string>> notes) =>
        (Images, Seeds, _notes) = (images, seeds, notes);

    /// <summary>The images, all of one size, in the order of their seeds.</summary>
    public IReadOnlyList<Image> Images { get; }

    /// <summary>The seed of each image.</summary>
    public IReadOnlyList<ulong> Seeds { get; }

    /// <summary>What the PNG files say beside the seed: sampler, steps, variance, model, version.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Notes => _notes;

    /// <summary>All images in one.</summary>
    /// <param name="columns">Images per row; 0 for about as many as there are rows.</param>
    public Image ToGrid(int columns = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        return ImageGrid.Draw(Images, columns == 0 ? (int)Math.Ceiling(Math.Sqrt(Images.Count)) : columns);
    }

    /// <summary>Writes all images into one PNG, with what made them in its text chunks.</summary>
    /// <param name="path">The file.</param>
    /// <param name="columns">As for <see cref="ToGrid"/>.</param>
    /// <param name="overwrite">Replace an existing file.</param>
    /// <exception cref="IOException">The file exists or cannot be written.</exception>
    public void WriteGrid(string path, int columns = 0, bool overwrite = false) =>
        Write(path, ToGrid(columns), "Seeds", SeedRange.Format([.. Seeds]), overwrite);

    /// <summary>Writes every image into a PNG of its own, named by its seed: <c>seed-42.png</c>.</summary>
    /// <param name="folder">The folder; made if absent.</param>
    /// <param name="overwrite">Replace existing files.</param>
    /// <exception cref="IOException">A file exists or cannot be written.</exception>
    public void WriteEach(string folder, bool overwrite = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Files.Naming(folder, () => { Directory.CreateDirectory(folder); });
        for (int i = 0; i < Images.Count; i++)
        {
            string seed = Seeds[i].ToString(CultureInfo.InvariantCulture);
            Write(Path.Combine(folder, $"seed-{seed}.png"), Images[i], "Seed", seed, overwrite);
        }
    }

    /// <summary>Writes all pixels as a NumPy array of bytes, N×H×W×C.</summary>
    /// <param name="path">The file, by custom with the extension <c>.npy</c>.</param>
    /// <param name="overwrite">Replace an existing file.</param>
    /// <exception cref="IOException">The file exists or cannot be written.</exception>
    public void WriteNpy(string path, bool overwrite = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!overwrite && File.Exists(path)) throw new IOException($"{path}: the file exists; choose another name or allow overwriting.");
        Image first = Images[0];
        Files.Naming(path, () => Npy.Write(path, [Images.Count, first.Height, first.Width, first.Channels], Images.Select(image => image.Pixels)));
    }

    void Write(string path, Image image, string key, string seeds, bool overwrite) =>
        Files.Naming(path, () => Png.Write(path, image, [new(key, seeds), .. _notes], overwrite));
}
