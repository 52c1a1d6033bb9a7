using System.Text;
using Brownian.Imaging;

namespace Brownian.Data;

/// <summary>The image files in a folder and below it. The first sub-folder names the class (<c>images/cat/001.png</c>).</summary>
sealed class FolderImages : IImageSource
{
    readonly string _folder;
    readonly ImageNames _images;

    FolderImages(string folder, ImageNames images) => (_folder, _images) = (folder, images);

    public string Title => ImageNames.Title(_folder, "a folder of images", _images.HeldOut, _images.Foreign);

    public int Count => _images.Names.Length;

    public IReadOnlyList<string> Classes => _images.Classes;

    public bool IsPictures => true;

    /// <summary>Null where there are no image files.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="options">Which images of it.</param>
    /// <exception cref="IOException">A folder cannot be read.</exception>
    public static FolderImages? In(string folder, SourceOptions options)
    {
        var images = NamesIn(folder);
        return images.Names.Length == 0 ? null : new FolderImages(folder, images);
    }

    /// <summary>The endings of pictures whose format is not read, as <see cref="ImageNames.Foreign"/>.</summary>
    /// <param name="folder">The folder.</param>
    public static string[] ForeignIn(string folder) => NamesIn(folder).Foreign;

    static ImageNames NamesIn(string folder)
    {
        var everything = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            IgnoreInaccessible = false,
            AttributesToSkip = FileAttributes.System,
            MaxRecursionDepth = 64,     // a link to a folder above would lead round for ever
        };
        return new ImageNames(
            Directory.EnumerateFiles(folder, "*", everything)
                .Select(path => Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/')),
            wrapped: false);
    }

    public int Label(int index) => _images.Label(index);

    public string NameOf(int index) => Path.Combine(_folder, _images.Names[index]);

    public Image Read(int index) => ImageFile.Read(NameOf(index), atFullDepth: true);

    public void Dispose()
    {
    }
}

/// <summary>
/// Which of many names are images to learn from, and their classes: the first sub-folder. What lies beside a folder <c>train</c> in
/// folders for tests is left out, and so is what begins with a dot. The order is that of the names, ordinally.
/// </summary>
sealed class ImageNames
{
    /// <summary>What folders and archives are called that are kept apart from those to train on.</summary>
    static readonly string[] TrainWords = ["train", "training"], HeldOutWords = ["test", "testing", "val", "valid", "validation"];

    /// <summary>Endings of pictures in formats that are not read.</summary>
    static readonly string[] ForeignEndings = [".avif", ".heic", ".heif", ".jxl"];

    const int MaxClassLength = 100;

    readonly int[] _labels;

    /// <param name="names">Relative paths with forward slashes.</param>
    /// <param name="wrapped">All may lie in a folder of their own, as in an archive: that one names no class.</param>
    public ImageNames(IEnumerable<string> names, bool wrapped)
    {
        (string Name, string[] Parts)[] files =
        [
            .. names.Select(name => (Name: name, Parts: name.Split('/', '\\')))
                .Where(file => !Array.Exists(file.Parts, part => part.StartsWith('.') || part == "__MACOSX")),
        ];
        Foreign = [.. files.Select(file => Path.GetExtension(file.Name).ToLowerInvariant()).Where(ForeignEndings.Contains)];
        (string Name, string[] Parts)[] images =
            [.. files.Where(file => ImageFile.HasExtension(file.Name)).OrderBy(file => file.Name, StringComparer.Ordinal)];
        int depth = 0;
        if (wrapped && Array.TrueForAll(images, image => image.Parts.Length > 2 && image.Parts[0] == images[0].Parts[0])) depth++;
        if (Array.Exists(images, image => IsOf(TrainWords, image.Parts, depth))
            && Array.TrueForAll(images, image => IsOf(TrainWords, image.Parts, depth) || IsOf(HeldOutWords, image.Parts, depth)))
        {
            int before = images.Length;
            images = [.. images.Where(image => IsOf(TrainWords, image.Parts, depth))];
            HeldOut = before - images.Length;
            depth++;
        }
        Names = [.. images.Select(image => image.Name)];
        string?[] classOf = [.. images.Select(image => image.Parts.Length > depth + 1 ? Printable(image.Parts[depth]) : null)];
        Classes = [.. classOf.OfType<string>().Distinct().Order(StringComparer.Ordinal)];
        _labels = [.. classOf.Select(name => name is null ? -1 : Array.BinarySearch(Classes, name, StringComparer.Ordinal))];
    }

    /// <summary>The names of images, in order.</summary>
    public string[] Names { get; }

    /// <summary>The names of classes, in order.</summary>
    public string[] Classes { get; }

    /// <summary>Images left out because their folder is one for tests.</summary>
    public int HeldOut { get; }

    /// <summary>The endings of pictures left out because their format is not read, each as often as there are such files.</summary>
    public string[] Foreign { get; }

    public int Label(int index) => _labels[index];

    /// <summary>What a source is called: "name (what it is)", with what was left out.</summary>
    public static string Title(string path, string what, int heldOut = 0, IReadOnlyCollection<string>? foreign = null)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
        string tests = heldOut == 0 ? "" : $", {heldOut} for tests left out";
        string others = foreign is not { Count: > 0 } ? "" : $", {Counted(foreign)} left out: such files are not read";
        return $"{name} ({what}{tests}{others})";
    }

    /// <summary>How many of each ending there are: "3 .gif, 12 .webp".</summary>
    static string Counted(IEnumerable<string> endings) =>
        string.Join(", ", endings.CountBy(ending => ending).OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Value} {pair.Key}"));

    /// <summary>Why a place holds nothing to learn from.</summary>
    public static InvalidDataException None(string path, string where, string[] foreign, string norElse = "") => new(foreign.Length > 0
        ? $"{path}: the images {where} are {Counted(foreign)}, which are not read; convert them to PNG or JPEG."
        : $"{path}: there are no images {where} ({string.Join(", ", ImageFile.Extensions)}){norElse}.");

    /// <summary>The files to train on: those called train, where each of the others is called test or validation.</summary>
    public static string[] ForTraining(string[] paths)
    {
        string[] train = [.. paths.Where(path => Mentions(path, TrainWords))];
        return train.Length > 0 && paths.All(path => Mentions(path, TrainWords) || Mentions(path, HeldOutWords)) ? train : paths;
    }

    /// <summary>A name out of a file that nobody vouches for, as a terminal may print it.</summary>
    public static string Printable(string name)
    {
        var text = new StringBuilder(Math.Min(name.Length, MaxClassLength));
        foreach (char c in name.AsSpan(0, Math.Min(name.Length, MaxClassLength))) text.Append(char.IsControl(c) || char.IsSurrogate(c) ? '?' : c);
        return text.ToString();
    }

    static bool IsOf(string[] words, string[] parts, int depth) => parts.Length > depth + 1 && words.Contains(parts[depth].ToLowerInvariant());

    static bool Mentions(string path, string[] words) =>
        Path.GetFileNameWithoutExtension(path).ToLowerInvariant().Split('-', '_', '.', ' ').Any(words.Contains);
}
