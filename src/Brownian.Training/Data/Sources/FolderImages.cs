using Brownian.Imaging;

namespace Brownian.Training;

/// <summary>The image files in a folder and below it. The first sub-folder names the class (<c>images/cat/001.png</c>).</summary>
sealed class FolderImages : IImageSource
{
    readonly string _folder;
    readonly ImageNames _images;

    FolderImages(string folder, ImageNames images) => (_folder, _images) = (folder, images);

    public string Title => SourceTitle.Of(_folder, "a folder of images", _images.HeldOut, _images.Foreign);

    public int Count => _images.Names.Length;

    public IReadOnlyList<string> Classes => _images.Classes;

    public bool IsPictures => true;

    /// <summary>Null where there are no image files.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="foreign">The endings of pictures whose format is not read, as <see cref="ImageNames.Foreign"/>.</param>
    /// <exception cref="IOException">A folder cannot be read.</exception>
    public static FolderImages? In(string folder, out string[] foreign)
    {
        var everything = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            IgnoreInaccessible = false,
            AttributesToSkip = FileAttributes.System,
            MaxRecursionDepth = 64,     // a link to a folder above would lead round for ever
        };
        var images = new ImageNames(
            Directory.EnumerateFiles(folder, "*", everything)
                .Select(path => Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/')),
            wrapped: false);
        foreign = images.Foreign;
        return images.Names.Length == 0 ? null : new FolderImages(folder, images);
    }

    public int Label(int index) => _images.Label(index);

    public string NameOf(int index) => Path.Combine(_folder, _images.Names[index]);

    public Image Read(int index) => ImageFile.Read(NameOf(index));

    public void Dispose()
    {
    }
}

/// <summary>How sources are called.</summary>
static class SourceTitle
{
    /// <summary>"name (what it is)", with what was left out.</summary>
    public static string Of(string path, string what, int heldOut = 0, IReadOnlyCollection<string>? foreign = null)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
        string tests = heldOut == 0 ? "" : $", {heldOut} for tests left out";
        string others = foreign is not { Count: > 0 } ? "" : $", {ImageNames.Counted(foreign)} left out: such files are not read";
        return $"{name} ({what}{tests}{others})";
    }
}
