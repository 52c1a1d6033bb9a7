using System.Buffers.Binary;
using Brownian.Imaging;
using Brownian.IO;

namespace Brownian.Data;

/// <summary>
/// Images as they are found, of any size and mode, decoded one at a time, and broken ones among them. Every member may be called from
/// several threads at once.
/// </summary>
public interface IImageSource : IDisposable
{
    /// <summary>What this is, in a few words: "flowers (a folder of images)".</summary>
    string Title { get; }

    /// <summary>The number of images, broken ones included; at least 1.</summary>
    int Count { get; }

    /// <summary>The names of the classes; empty where there are none.</summary>
    IReadOnlyList<string> Classes { get; }

    /// <summary>True for pictures of things, which mirrored are such pictures again, if they are in colour; false for writing.</summary>
    bool IsPictures { get; }

    /// <summary>
    /// What a person should know of how the place was read, a line each: what was left out, turned, taken for something. Empty where
    /// everything in it was taken as it is.
    /// </summary>
    IReadOnlyList<string> Notes => [];

    /// <summary>
    /// Stands for the first images of the set: their names, sizes, times and labels. Another one means that the set has changed; empty
    /// where nothing is known of it.
    /// </summary>
    /// <param name="count">How many images.</param>
    string Fingerprint(int count) => "";

    /// <summary>The class of an image, or −1.</summary>
    /// <param name="index">0 to <see cref="Count"/> − 1.</param>
    int Label(int index);

    /// <summary>What messages call an image.</summary>
    /// <param name="index">0 to <see cref="Count"/> − 1.</param>
    string NameOf(int index);

    /// <summary>Decodes an image, at the depth in which it is stored.</summary>
    /// <param name="index">0 to <see cref="Count"/> − 1.</param>
    /// <exception cref="InvalidDataException">It is damaged; the message begins with its name.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    Image Read(int index);
}

/// <summary>Finds out what a path holds, by what is in it and never by what it is called.</summary>
public static class ImageSources
{
    /// <summary>What a folder may be: the first that knows it opens it; null says that it is something else.</summary>
    static readonly Func<string, SourceOptions, IImageSource?>[] Folders =
    [
        IdxFolder.Open, CifarFolder, NumpyFiles.OfFolder, PixelTables.OfFolder, ParquetImages.OfFolder, ImageFileSource.InFolder, NumpyFiles.OfSingles,
        ImageFileSource.InArchives,
    ];

    /// <summary>The same for a file, by how it begins.</summary>
    static readonly Func<string, byte[], SourceOptions, IImageSource?>[] FileKinds =
        [NumpyFiles.OfFile, ZipFile, TarFile, CifarFile, ParquetImages.OfFile, IdxFileOf, PixelTables.OfFile, Unread];

    const int StartBytes = 512;

    /// <summary>Opens a file or folder, or the built-in set.</summary>
    /// <param name="path">
    /// A folder or zip of images, a folder of zips, a file or folder of IDX, CIFAR, NumPy, pixels in CSV or images in Parquet, or
    /// <see cref="DrawnDigits.Name"/>. One that begins with <c>data/</c> is looked for beside the working folder too
    /// (<see cref="DataPlaces"/>).
    /// </param>
    /// <param name="options">Which images of it; null for <see cref="SourceOptions.Default"/>.</param>
    /// <exception cref="InvalidDataException">It is damaged, or holds no images; the message begins with its path.</exception>
    /// <exception cref="IOException">There is nothing of this name, or it cannot be read.</exception>
    public static IImageSource Open(string path, SourceOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= SourceOptions.Default;
        if (path == DrawnDigits.Name) return new DatasetImages(new DrawnDigits());
        path = RequirePath(path);
        return Labelled(path, Directory.Exists(path) ? OfFolder(path, options) : OfFile(path, options), options.Labels);
    }

    /// <summary>Refuses a path where there is nothing, without opening what is there.</summary>
    /// <param name="path">As for <see cref="Open"/>.</param>
    /// <returns>Where it was found.</returns>
    /// <exception cref="IOException">There is nothing of this name.</exception>
    public static string RequirePath(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string found = DataPlaces.Find(path);
        return path == DrawnDigits.Name || Path.Exists(found)
            ? found
            : throw new FileNotFoundException($"{found}: there is no such file or folder; give one with images, or digits.", found);
    }

    // Of sources that know nothing of folders and file names.
    static IImageSource Labelled(string path, IImageSource source, LabelSource labels)
    {
        if (source is ImageFileSource || labels == LabelSource.Auto) return source;
        if (labels == LabelSource.None) return new UnlabelledImages(source);
        source.Dispose();
        throw new InvalidDataException(
            $"{path}: dataset_params.labels is {labels.ToString().ToLowerInvariant()}, but these are no image files with names and folders; set it to auto or none.");
    }

    static IImageSource OfFolder(string path, SourceOptions options)
    {
        foreach (Func<string, SourceOptions, IImageSource?> kind in Folders)
        {
            if (kind(path, options) is { } source) return source;
        }
        throw Nothing(path);
    }

    static IImageSource OfFile(string path, SourceOptions options)
    {
        byte[] start = new byte[StartBytes];
        // Pipes and devices have no length, and to open one may wait for ever.
        if (new FileInfo(path).Length == 0) throw new InvalidDataException($"{path}: the file is empty.");
        using (FileStream file = File.OpenRead(path))
        {
            Array.Resize(ref start, file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false));
        }
        if (MistakenText.WhatIs(start, "images") is { } mistaken) throw new InvalidDataException($"{path}: {mistaken}.");
        foreach (Func<string, byte[], SourceOptions, IImageSource?> kind in FileKinds)
        {
            if (kind(path, start, options) is { } source) return source;
        }
        if (ImageFile.HasExtension(path)) throw new InvalidDataException($"{path}: a single image; give the folder that it lies in.");
        throw new InvalidDataException(
            $"{path}: not a file of images that is read; give a folder of images, or a zip, tar, IDX, CIFAR, .npy, .npz, CSV or Parquet file.");
    }

    static DatasetImages? CifarFolder(string path, SourceOptions options) =>
        CifarDataset.FilesIn(path, options.Split) is { } files ? new DatasetImages(CifarDataset.Of(path, files)) : null;

    static ImageFileSource? ZipFile(string path, byte[] start, SourceOptions options) =>
        ZipFiles.Begins(start) ? ImageFileSource.In(new ZipFiles(path), "a zip of images", options) : null;

    static ImageFileSource? TarFile(string path, byte[] start, SourceOptions options) =>
        TarFiles.Begins(start) || (TarFiles.HasEnding(path) && (IsGzip(start) || !IsIdx(start)))
            ? ImageFileSource.In(new TarFiles(path), "a tar of images", options)
            : null;

    static DatasetImages? CifarFile(string path, byte[] start, SourceOptions options) =>
        (!IsIdx(start) && !IsGzip(start) && path.EndsWith(".bin", StringComparison.OrdinalIgnoreCase)) || CifarPickle.Begins(start)
            ? new DatasetImages(CifarDataset.Open(path))
            : null;

    static DatasetImages? IdxFileOf(string path, byte[] start, SourceOptions options)
    {
        if (!IsIdx(start) && !IsGzip(start)) return null;
        IdxDataset set = IdxDataset.Open(path);
        return new DatasetImages(set, set.Notes);
    }

    static IImageSource? Unread(string path, byte[] start, SourceOptions options) =>
        UnreadFiles.Why(path) is { } reason ? throw reason : null;

    static bool IsIdx(byte[] start) => start.Length >= 4 && BinaryPrimitives.ReadUInt32BigEndian(start) >> 16 == 0 && start[2] is >= 8 and <= 14;

    static bool IsGzip(byte[] start) => start is [0x1F, 0x8B, ..];

    /// <summary>Why a folder holds nothing to learn from.</summary>
    static InvalidDataException Nothing(string path) => ImageFileSource.Nothing(path, new FolderFiles(path).Names);
}

/// <summary>A set of images of one size as a source of them.</summary>
/// <param name="set">The set; disposed with the source.</param>
/// <param name="notes">Of <see cref="IImageSource.Notes"/>; null for none.</param>
public sealed class DatasetImages(IImageDataset set, IReadOnlyList<string>? notes = null) : IImageSource
{
    /// <summary>The set.</summary>
    public IImageDataset Set => set;

    /// <inheritdoc/>
    public string Title => set.Description.Split(':')[0];

    /// <inheritdoc/>
    public int Count => set.Count;

    /// <inheritdoc/>
    public IReadOnlyList<string> Classes => set.Classes;

    /// <inheritdoc/>
    public bool IsPictures => set.MayBeMirrored;

    /// <inheritdoc/>
    public string Fingerprint(int count) => set.Fingerprint;

    /// <inheritdoc/>
    public IReadOnlyList<string> Notes => notes ?? set.Notes;

    /// <inheritdoc/>
    public int Label(int index) => set.Label(index);

    /// <inheritdoc/>
    public string NameOf(int index) => $"{Title}: image {index}";

    /// <inheritdoc/>
    public Image Read(int index)
    {
        // Arrays do not say that a channel is alpha.
        var image = new Image(set.Width, set.Height, set.Channels, set.BitDepth) { HasAlpha = false };
        set.Read(index, image.Pixels);
        return image;
    }

    /// <inheritdoc/>
    public void Dispose() => set.Dispose();
}

/// <summary>A source without its classes.</summary>
sealed class UnlabelledImages(IImageSource labelled) : IImageSource
{
    public string Title => labelled.Title;
    public int Count => labelled.Count;
    public IReadOnlyList<string> Classes => [];
    public IReadOnlyList<string> Notes => labelled.Notes;
    public bool IsPictures => labelled.IsPictures;
    public string Fingerprint(int count) => labelled.Fingerprint(count);
    public int Label(int index) => -1;
    public string NameOf(int index) => labelled.NameOf(index);
    public Image Read(int index) => labelled.Read(index);
    public void Dispose() => labelled.Dispose();
}

/// <summary>Where images are looked for that a configuration names as <c>data/NAME</c>, and where they can be had.</summary>
public static class DataPlaces
{
    internal const string CifarSite = "www.cs.toronto.edu/~kriz/cifar.html";

    const string Prefix = "data/";

    /// <summary>Relative to the working folder; the first that exists is taken.</summary>
    static readonly string[] Places = ["data", "../data"];

    static readonly Dictionary<string, (string What, string Files, string Site)> Known = new(StringComparer.Ordinal)
    {
        ["mnist"] = ("MNIST", "its four files, train-images-idx3-ubyte.gz and so on", "ossci-datasets.s3.amazonaws.com/mnist"),
        ["fashion-mnist"] = ("Fashion-MNIST", "its four files, train-images-idx3-ubyte.gz and so on", "github.com/zalandoresearch/fashion-mnist"),
        ["cifar10"] = ("CIFAR-10", "data_batch_1.bin to 5 and batches.meta.txt of its binary version, or a zip of images", CifarSite),
        ["cifar100"] = ("CIFAR-100", "train.bin and fine_label_names.txt of its binary version", CifarSite),
        ["flowers"] = ("a set of photographs of flowers", "the images, such as those of Oxford's 102 Category Flower Dataset", "www.robots.ox.ac.uk/~vgg/data/flowers/102"),
        ["cars"] = ("a set of photographs of cars", "the images, such as those of the Stanford Cars Dataset", "huggingface.co/datasets/tanganke/stanford_cars"),
    };

    /// <summary>The path itself, unless it begins with <c>data/</c>: then the first of a few places where there is such a thing.</summary>
    /// <param name="path">As a configuration gives it.</param>
    /// <exception cref="FileNotFoundException">There is none in any of them; the message says what to put there, and who has it.</exception>
    public static string Find(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return !path.StartsWith(Prefix, StringComparison.Ordinal) ? path : TryFind(path) ?? throw Missing(path);
    }

    /// <summary>Where there is something of this name; null for nowhere.</summary>
    /// <param name="path">As for <see cref="Find"/>.</param>
    public static string? TryFind(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Array.Find(path.StartsWith(Prefix, StringComparison.Ordinal) ? PlacesOf(path) : [path], Path.Exists);
    }

    static string[] PlacesOf(string path) => [.. Places.Select(place => $"{place}/{NameIn(path)}")];

    static string NameIn(string path) => path[Prefix.Length..].TrimEnd('/');

    static FileNotFoundException Missing(string path)
    {
        string[] places = PlacesOf(path);
        string looked = string.Join(", ", places);
        return new(
            Known.TryGetValue(NameIn(path), out (string What, string Files, string Site) set)
                ? $"{path}: {set.What} is not there (nor in {string.Join(" or ", places[1..])}); put {set.Files} into that folder, from {set.Site}, "
                    + "or name another with --data PATH."
                : $"{path}: there is no such file or folder (looked for {looked}); name another with --data PATH.",
            path);
    }
}
