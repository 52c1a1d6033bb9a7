using System.Globalization;
using Brownian.Imaging;

namespace Brownian;

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

    /// <summary>The name of each image's class, or its number where it has no name; none for an unconditional model.</summary>
    public IReadOnlyList<string> ClassNames { get; internal init; } = [];

    /// <summary>How often each image passed through the network.</summary>
    public int NetworkCalls { get; internal init; }

    /// <summary>What the files say beside the seed: sampler, steps, variance, model, version.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Notes => _notes;

    /// <summary>The size of <see cref="ToGrid"/> in pixels.</summary>
    /// <param name="count">How many images.</param>
    /// <param name="columns">As for <see cref="ToGrid"/>.</param>
    /// <param name="width">Of an image.</param>
    /// <param name="height">Of an image.</param>
    /// <param name="scale">As for <see cref="ToGrid"/>.</param>
    public static (long Width, long Height) GridSize(int count, int columns, int width, int height, int scale = 0) =>
        ImageGrid.Size(count, Columns(count, columns), width, height, scale: scale);

    /// <summary>All images in one, on white, each pixel enlarged to a square.</summary>
    /// <param name="columns">Images per row; 0 for about as many as there are rows.</param>
    /// <param name="scale">The side of that square; 0 for what brings the grid to about <see cref="ImageGrid.UsualSide"/> pixels.</param>
    public Image ToGrid(int columns = 0, int scale = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        return ImageGrid.Draw(Images, Columns(Images.Count, columns), scale: scale);
    }

    /// <summary>Writes all images into one picture, with what made them in its notes.</summary>
    /// <param name="path">The file, a PNG, JPEG or WebP by its ending: see <see cref="ImageWriter.Write"/>.</param>
    /// <param name="columns">As for <see cref="ToGrid"/>.</param>
    /// <param name="overwrite">Replace an existing file.</param>
    /// <param name="quality">Of a JPEG or WebP, 1 to 100.</param>
    /// <param name="scale">As for <see cref="ToGrid"/>.</param>
    /// <exception cref="ArgumentException">The path ends in none of the formats, or the grid does not fit into its format.</exception>
    /// <exception cref="IOException">The file exists or cannot be written.</exception>
    public void WriteGrid(string path, int columns = 0, bool overwrite = false, int quality = ImageWriter.DefaultQuality, int scale = 0) =>
        Write(path, ToGrid(columns, scale), NotesOfGrid(), overwrite, quality);

    /// <summary>What <see cref="WriteGrid"/> writes, as the bytes of a PNG.</summary>
    /// <param name="columns">As for <see cref="ToGrid"/>.</param>
    /// <param name="scale">As for <see cref="ToGrid"/>.</param>
    public byte[] EncodeGrid(int columns = 0, int scale = 0) => Png.Encode(ToGrid(columns, scale), NotesOfGrid());

    /// <summary>One image as the bytes of a PNG, with what made it in its notes.</summary>
    /// <param name="index">Its place among <see cref="Images"/>.</param>
    public byte[] EncodePng(int index) => Png.Encode(Images[index].AsColors(), NotesOf(index));

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
            Write(Path.Combine(folder, NameOf(Seeds[i])), Images[i].AsColors(), NotesOf(i), overwrite, ImageWriter.DefaultQuality);
        }
    }

    /// <summary>Writes all pixels as a NumPy array N×H×W×C of uint8, or of uint16 where they have 16 bits.</summary>
    /// <param name="path">The file, by custom with the extension <c>.npy</c>.</param>
    /// <param name="overwrite">Replace an existing file.</param>
    /// <exception cref="IOException">The file exists or cannot be written.</exception>
    public void WriteNpy(string path, bool overwrite = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Image first = Images[0];
        Files.Naming(path, () =>
            Npy.Write(path, [Images.Count, first.Height, first.Width, first.Channels], first.BitDepth / 8, Images.Select(image => image.Pixels), overwrite));
    }

    /// <summary>What <see cref="WriteEach"/> calls the image of a seed.</summary>
    /// <param name="seed">The seed.</param>
    public static string NameOf(ulong seed) => string.Create(CultureInfo.InvariantCulture, $"seed-{seed}.png");

    static int Columns(int count, int columns) => columns == 0 ? (int)Math.Ceiling(Math.Sqrt(count)) : columns;

    KeyValuePair<string, string>[] NotesOfGrid() => Told(new("Seeds", SeedRange.Format([.. Seeds])), new("Classes", string.Join(", ", ClassNames)));

    KeyValuePair<string, string>[] NotesOf(int index) =>
        Told(new("Seed", Seeds[index].ToString(CultureInfo.InvariantCulture)), new("Class", ClassNames.Count == 0 ? "" : ClassNames[index]));

    KeyValuePair<string, string>[] Told(KeyValuePair<string, string> seeds, KeyValuePair<string, string> classes) =>
        classes.Value.Length == 0 ? [seeds, .. _notes] : [seeds, classes, .. _notes];

    static void Write(string path, Image image, KeyValuePair<string, string>[] notes, bool overwrite, int quality) =>
        Files.Naming(path, () => ImageWriter.Write(path, image, notes, quality, overwrite));
}
