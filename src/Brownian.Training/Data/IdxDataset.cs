using System.Globalization;

namespace Brownian.Training;

/// <summary>
/// Gray images in the IDX format of MNIST, Fashion-MNIST and EMNIST (LeCun, Cortes and Burges 1998), gzip-compressed or plain,
/// held in memory.
/// </summary>
public sealed class IdxDataset : IImageDataset
{
    static readonly string[] ImageFiles =
    [
        "train-images-idx3-ubyte", "train-images-idx3-ubyte.gz", "train-images.idx3-ubyte", "train-images.idx3-ubyte.gz",
    ];

    readonly byte[] pixels;
    readonly byte[]? labels;

    IdxDataset(string path, IdxFile images, byte[]? labels)
    {
        (Count, Height, Width) = (images.Sizes[0], images.Sizes[1], images.Sizes[2]);
        pixels = images.Elements;
        this.labels = labels;
        Classes = labels is null ? [] : [.. Enumerable.Range(0, labels.Max() + 1).Select(i => i.ToString(CultureInfo.InvariantCulture))];
        Description = $"{Path.GetFileName(path)}: {this.Summary()}";
    }

    /// <inheritdoc/>
    public int Count { get; }

    /// <inheritdoc/>
    public int Width { get; }

    /// <inheritdoc/>
    public int Height { get; }

    /// <summary>Always 1.</summary>
    public int Channels => 1;

    /// <summary>"0" up to the largest label in the file; empty without a label file.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <inheritdoc/>
    public string Description { get; }

    /// <summary>Opens a file of images, or a folder that holds <c>train-images-idx3-ubyte[.gz]</c>.</summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="labelsPath">
    /// The file of labels. When null, the file beside the images whose name has <c>labels</c> and <c>idx1</c> for <c>images</c> and
    /// <c>idx3</c>, with or without <c>.gz</c>; the set is unlabelled when there is none.
    /// </param>
    /// <exception cref="InvalidDataException">A file is damaged; the message begins with its path.</exception>
    /// <exception cref="FileNotFoundException">There is no such file, or no images in the folder.</exception>
    public static IdxDataset Open(string path, string? labelsPath = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string imagesPath = FindImages(path);
        labelsPath ??= FindLabels(imagesPath);

        IdxFile images = IdxFile.Read(imagesPath, rank: 3);
        if (labelsPath is null)
            return new IdxDataset(imagesPath, images, labels: null);

        IdxFile labels = IdxFile.Read(labelsPath, rank: 1);
        if (labels.Sizes[0] != images.Sizes[0])
            throw new InvalidDataException($"{labelsPath}: {labels.Sizes[0]} labels, but {imagesPath} has {images.Sizes[0]} images.");
        return new IdxDataset(imagesPath, images, labels.Elements);
    }

    /// <inheritdoc/>
    public void Read(int index, Span<byte> pixels)
    {
        this.CheckIndex(index);
        this.CheckTarget(pixels);
        this.pixels.AsSpan(index * pixels.Length, pixels.Length).CopyTo(pixels);
    }

    /// <inheritdoc/>
    public int Label(int index)
    {
        this.CheckIndex(index);
        return labels is null ? -1 : labels[index];
    }

    static string FindImages(string path)
    {
        if (!Directory.Exists(path))
            return File.Exists(path) ? path : throw new FileNotFoundException($"{path}: there is no such file or folder; give MNIST's folder or a file of its images.", path);
        return ImageFiles.Select(name => Path.Combine(path, name)).FirstOrDefault(File.Exists)
            ?? throw new FileNotFoundException($"{path}: this folder has no {ImageFiles[0]} or {ImageFiles[1]}; name the file.", path);
    }

    static string? FindLabels(string imagesPath)
    {
        string name = Path.GetFileName(imagesPath);
        string labels = name.Replace("images", "labels", StringComparison.Ordinal).Replace("idx3", "idx1", StringComparison.Ordinal);
        if (labels == name)
            return null;

        string plain = labels.EndsWith(".gz", StringComparison.Ordinal) ? labels[..^3] : labels;
        string folder = Path.GetDirectoryName(imagesPath) ?? "";
        string[] candidates = [labels, plain, plain + ".gz"];
        return candidates.Select(candidate => Path.Combine(folder, candidate)).FirstOrDefault(File.Exists);
    }
}
