using System.Runtime.ExceptionServices;
using Brownian.Imaging;

namespace Brownian.Training;

/// <summary>
/// The PNG files under a folder, decoded once into memory. The first sub-folder names the class (<c>images/cat/001.png</c>); files that
/// lie directly in the folder have none. Images are ordered by their relative path, classes by name, both ordinally.
/// </summary>
public sealed class ImageFolderDataset : IImageDataset
{
    readonly byte[][] pixels;
    readonly int[] labels;

    ImageFolderDataset(string folder, Image[] images, string[] classes, int[] labels)
    {
        (Width, Height, Channels) = (images[0].Width, images[0].Height, images[0].Channels);
        pixels = [.. images.Select(image => image.Pixels)];
        Classes = classes;
        this.labels = labels;
        Description = $"{Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)))}: {this.Summary()}";
    }

    /// <inheritdoc/>
    public int Count => pixels.Length;

    /// <inheritdoc/>
    public int Width { get; }

    /// <inheritdoc/>
    public int Height { get; }

    /// <inheritdoc/>
    public int Channels { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Classes { get; }

    /// <inheritdoc/>
    public string Description { get; }

    /// <summary>
    /// Decodes every <c>.png</c> under a folder, in parallel. Other extensions are passed over, and so are files and folders whose name
    /// begins with a dot.
    /// </summary>
    /// <param name="folder">The folder, searched with its sub-folders.</param>
    /// <param name="channels">What every image is converted to: 1 gray, 3 RGB, 4 RGBA.</param>
    /// <exception cref="InvalidDataException">A file is damaged, the images differ in size, or there are none.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    public static ImageFolderDataset Open(string folder, int channels = 3)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (channels is not (1 or 3 or 4))
            throw new ArgumentOutOfRangeException(nameof(channels), channels, $"Images of {channels} channels; ask for 1, 3 or 4.");
        if (!Directory.Exists(folder))
            throw new DirectoryNotFoundException($"{folder}: there is no such folder.");

        string[] names = ListImages(folder);
        if (names.Length == 0)
            throw new InvalidDataException($"{folder}: there are no .png files in this folder or below it.");

        string?[] classOf = [.. names.Select(name => name.Contains('/') ? name[..name.IndexOf('/')] : null)];
        string[] classes = [.. classOf.OfType<string>().Distinct().Order(StringComparer.Ordinal)];
        int[] labels = [.. classOf.Select(name => name is null ? -1 : Array.BinarySearch(classes, name, StringComparer.Ordinal))];

        Image[] images = Decode([.. names.Select(name => Path.Combine(folder, name))], channels);
        return new ImageFolderDataset(folder, images, classes, labels);
    }

    /// <inheritdoc/>
    public void Read(int index, Span<byte> pixels)
    {
        this.CheckIndex(index);
        this.CheckTarget(pixels);
        this.pixels[index].CopyTo(pixels);
    }

    /// <inheritdoc/>
    public int Label(int index)
    {
        this.CheckIndex(index);
        return labels[index];
    }

    /// <summary>Relative paths with forward slashes, so that the order is the same on every system.</summary>
    static string[] ListImages(string folder)
    {
        var everything = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            IgnoreInaccessible = false,
            AttributesToSkip = FileAttributes.System,
        };
        return
        [
            .. Directory.EnumerateFiles(folder, "*", everything)
                .Where(path => path.EndsWith(".png", StringComparison.OrdinalIgnoreCase))
                .Select(path => Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/'))
                .Where(name => !name.Split('/').Any(part => part.StartsWith('.')))
                .Order(StringComparer.Ordinal),
        ];
    }

    static Image[] Decode(string[] paths, int channels)
    {
        var images = new Image[paths.Length];
        var failures = new ExceptionDispatchInfo?[paths.Length];
        Image first = images[0] = Png.Read(paths[0]).ConvertTo(channels);
        Parallel.For(1, paths.Length, (i, loop) =>
        {
            try
            {
                images[i] = Png.Read(paths[i]).ConvertTo(channels);
                CheckSize(paths[i], images[i], paths[0], first);
            }
            catch (Exception e)
            {
                failures[i] = ExceptionDispatchInfo.Capture(e);
                loop.Break();       // earlier files are still read, so the file reported is always the first bad one
            }
        });
        Array.Find(failures, failure => failure is not null)?.Throw();
        return images;
    }

    static void CheckSize(string path, Image image, string firstPath, Image first)
    {
        if (image.Width != first.Width || image.Height != first.Height)
            throw new InvalidDataException(
                $"{path}: {image.Width}×{image.Height} pixels, but {firstPath} has {first.Width}×{first.Height}; "
                + "all images must have one size.");
    }
}
