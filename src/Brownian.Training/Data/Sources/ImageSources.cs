using System.Buffers.Binary;
using Brownian.Imaging;

namespace Brownian.Training;

/// <summary>Finds out what a path holds, by what is in it and never by what it is called.</summary>
static class ImageSources
{
    /// <summary>Opens a file or folder.</summary>
    /// <param name="path">A folder or zip of images, a folder of zips, an IDX file or its folder, a CIFAR file or its folder.</param>
    /// <exception cref="InvalidDataException">It is damaged, or holds no images; the message begins with its path.</exception>
    /// <exception cref="IOException">There is nothing of this name, or it cannot be read.</exception>
    public static IImageSource Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Directory.Exists(path)) return OfFolder(path);
        return File.Exists(path) ? OfFile(path) : throw new FileNotFoundException($"{path}: there is no such file or folder; give one with images, or digits.", path);
    }

    /// <summary>The same for a path as a configuration or a person gives it: <c>digits</c>, or one that <see cref="DataPlaces"/> finds.</summary>
    public static IImageSource Named(string path) =>
        path == DatasetParams.Digits ? new DatasetImages(new DrawnDigits()) : Open(DataPlaces.Find(path));

    static IImageSource OfFolder(string path)
    {
        if (Directory.EnumerateFiles(path, "train-images*idx3-ubyte*").Any()) return new DatasetImages(IdxDataset.Open(path));
        if (CifarDataset.FilesIn(path) is not null) return new DatasetImages(CifarDataset.Open(path));
        if (FolderImages.In(path, out string[] foreign) is { } folder) return folder;
        string[] zips = [.. Directory.EnumerateFiles(path, "*.zip").Order(StringComparer.Ordinal)];
        if (zips.Length > 0) return ZipImages.Open(path, ImageNames.ForTraining(zips));
        if (File.Exists(Path.Combine(path, "data_batch_1")) || Directory.Exists(Path.Combine(path, "cifar-10-batches-py")))
            throw new InvalidDataException(
                $"{path}: these are pickles, programs of Python that are not run; take CIFAR's binary version from {DataPlaces.CifarSite}.");
        throw ImageNames.None(path, "in this folder or below it", foreign, ", and no zip, IDX or CIFAR files in it");
    }

    static IImageSource OfFile(string path)
    {
        Span<byte> start = stackalloc byte[4];
        using (FileStream file = File.OpenRead(path))
        {
            if (file.Length == 0) throw new InvalidDataException($"{path}: the file is empty.");
            start = start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        }
        bool zip = start.StartsWith("PK\u0003\u0004"u8) || start.StartsWith("PK\u0005\u0006"u8) || start.StartsWith("PK\u0007\u0008"u8);
        if (zip) return ZipImages.Open(path, path);
        bool idx = start.Length == 4 && BinaryPrimitives.ReadUInt32BigEndian(start) >> 16 == 0 && start[2] is >= 8 and <= 14;
        bool gzip = start is [0x1F, 0x8B, ..];
        if (!idx && !gzip && path.EndsWith(".bin", StringComparison.OrdinalIgnoreCase)) return new DatasetImages(CifarDataset.Open(path));
        if (!idx && !gzip && ImageFile.HasExtension(path)) throw new InvalidDataException($"{path}: a single image; give the folder that it lies in.");
        bool tar = path.EndsWith(".tar.gz", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".tgz", StringComparison.OrdinalIgnoreCase);
        if (gzip && tar) throw new InvalidDataException($"{path}: a tar archive; unpack it with 'tar xf', and give the folder that comes out.");
        return new DatasetImages(IdxDataset.Open(path));
    }
}
