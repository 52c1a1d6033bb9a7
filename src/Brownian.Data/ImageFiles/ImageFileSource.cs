using System.Security.Cryptography;
using System.Text;
using Brownian.Imaging;

namespace Brownian.Data;

/// <summary>Where files lie: a folder, or an archive. Reading is for any number of threads.</summary>
interface IFilePlace : IDisposable
{
    /// <summary>The folder or archive.</summary>
    string Path { get; }

    /// <summary>The files, as relative paths with forward slashes; each once.</summary>
    IEnumerable<string> Names { get; }

    /// <summary>What messages call a file.</summary>
    string NameOf(string name);

    /// <summary>What changes when a file does: its size, and a time or checksum.</summary>
    string StampOf(string name);

    /// <summary>The content of a file.</summary>
    /// <exception cref="InvalidDataException">It is damaged; the message begins with its name.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    byte[] Read(string name);
}

/// <summary>The image files of one place, or of several that make one set.</summary>
sealed class ImageFileSource : IImageSource
{
    readonly IFilePlace[] _places;
    readonly ImageLayout _layout;

    ImageFileSource(string title, IFilePlace[] places, ImageLayout layout, IEnumerable<string> notes)
    {
        (Title, _places, _layout) = (title, places, layout);
        Notes = [.. notes, .. layout.Notes];
    }

    public string Title { get; }

    public int Count => _layout.Images.Length;

    public IReadOnlyList<string> Classes => _layout.Classes;

    public IReadOnlyList<string> Notes { get; }

    public bool IsPictures => true;

    /// <summary>Opens what lies in a folder; null where there are no images.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="options">Which images of it.</param>
    /// <exception cref="IOException">A folder cannot be read.</exception>
    public static ImageFileSource? InFolder(string folder, SourceOptions options)
    {
        var place = new FolderFiles(folder);
        var layout = new ImageLayout(folder, [place], options);
        return layout.Images.Length == 0 ? null : new ImageFileSource(ImageLayout.Title(folder, "a folder of images"), [place], layout, []);
    }

    /// <summary>Opens an archive.</summary>
    /// <param name="place">The archive; disposed with the source.</param>
    /// <param name="what">What it is, in a few words.</param>
    /// <param name="options">Which images of it.</param>
    /// <exception cref="InvalidDataException">There are no images in it.</exception>
    public static ImageFileSource In(IFilePlace place, string what, SourceOptions options) =>
        Of(place.Path, ImageLayout.Title(place.Path, what), [place], [], options);

    /// <summary>Opens the archives of a folder as one set; null where there are none.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="options">Which images of them; archives may be splits as folders are.</param>
    /// <exception cref="InvalidDataException">An archive is damaged, or there are no images in them.</exception>
    public static ImageFileSource? InArchives(string folder, SourceOptions options)
    {
        string[] names = [.. Directory.EnumerateFiles(folder).Where(IsArchive).Select(Path.GetFileName).Order(StringComparer.Ordinal)!];
        if (names.Length == 0) return null;
        List<string> notes = [];
        if (DataSplits.In(names) is { } splits)
        {
            string[] used = splits.Of(options.Split, folder);
            if (names.Except(used).ToArray() is { Length: > 0 } left) notes.Add($"split {SetParts.Name(options.Split)}: {string.Join(", ", left)} left out");
            names = used;
            options = options with { Split = DataSplit.All };
        }
        List<IFilePlace> places = [];
        try
        {
            foreach (string name in names)
            {
                string path = Path.Combine(folder, name);
                places.Add(name.EndsWith(".zip", StringComparison.OrdinalIgnoreCase) ? new ZipFiles(path) : new TarFiles(path));
            }
            return Of(folder, ImageLayout.Title(folder, $"{string.Join(" and ", names)} in it"), [.. places], notes, options);
        }
        catch
        {
            foreach (IFilePlace place in places) place.Dispose();
            throw;
        }
    }

    static ImageFileSource Of(string path, string title, IFilePlace[] places, IReadOnlyList<string> notes, SourceOptions options)
    {
        try
        {
            var layout = new ImageLayout(path, places, options);
            return layout.Images.Length > 0 ? new ImageFileSource(title, places, layout, notes) : throw Nothing(path, layout.Others);
        }
        catch
        {
            foreach (IFilePlace place in places) place.Dispose();
            throw;
        }
    }

    /// <summary>Why a place holds nothing to learn from.</summary>
    /// <param name="path">The place.</param>
    /// <param name="names">The files in it.</param>
    public static InvalidDataException Nothing(string path, IEnumerable<string> names) => UnreadFiles.Why(path, names)
        ?? new($"{path}: there are no images in it or below it, nor any other data that are read (see 'brownian data --help').");

    static bool IsArchive(string path) => path.EndsWith(".zip", StringComparison.OrdinalIgnoreCase) || TarFiles.HasEnding(path);

    public int Label(int index) => _layout.Label(index);

    public string NameOf(int index) => _layout.Images[index].Place.NameOf(_layout.Images[index].Name);

    public Image Read(int index)
    {
        (IFilePlace place, string name) = _layout.Images[index];
        return ImageFile.Decode(place.Read(name), NameOf(index), atFullDepth: true);
    }

    public string Fingerprint(int count)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (int i = 0; i < count; i++)
        {
            (IFilePlace place, string name) = _layout.Images[i];
            hash.AppendData(Encoding.UTF8.GetBytes($"{name}\n{place.StampOf(name)}\n{Label(i)}\n"));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public void Dispose()
    {
        foreach (IFilePlace place in _places) place.Dispose();
    }
}

/// <summary>The files in a folder and below it.</summary>
sealed class FolderFiles(string folder) : IFilePlace
{
    const long MaxBytes = 1 << 30;

    public string Path => folder;

    public IEnumerable<string> Names
    {
        get
        {
            var names = new List<string>();
            Walk(new DirectoryInfo(folder), RealPath(new DirectoryInfo(folder)), "", [], names);
            return names;
        }
    }

    // Each folder once: a link to one above, or beside, would lead round for ever, or show images twice.
    static void Walk(DirectoryInfo from, string real, string prefix, HashSet<string> seen, List<string> names)
    {
        if (!seen.Add(real)) return;
        FileSystemInfo[] entries = [.. from.EnumerateFileSystemInfos().OrderBy(entry => entry.LinkTarget is not null).ThenBy(entry => entry.Name, StringComparer.Ordinal)];
        names.AddRange(entries.OfType<FileInfo>().Select(file => prefix + file.Name));
        foreach (DirectoryInfo below in entries.OfType<DirectoryInfo>())
            Walk(below, below.LinkTarget is null ? System.IO.Path.Combine(real, below.Name) : RealPath(below), $"{prefix}{below.Name}/", seen, names);
    }

    static string RealPath(DirectoryInfo of)
    {
        try
        {
            return System.IO.Path.TrimEndingDirectorySeparator(of.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? of.FullName);
        }
        catch (IOException)
        {
            return of.FullName;     // a link to itself
        }
    }

    public string NameOf(string name) => System.IO.Path.Combine(folder, name);

    public string StampOf(string name) => FileStamp.Of(NameOf(name));

    public byte[] Read(string name)
    {
        string path = NameOf(name);
        // Pipes and devices have no length, and to open one may wait for ever.
        if (new FileInfo(path) is { Exists: true, Length: 0 }) throw new InvalidDataException($"{path}: the file is empty");
        using FileStream file = File.OpenRead(path);
        if (file.Length > MaxBytes) throw new InvalidDataException($"{path}: files over {MaxBytes} bytes are not read");
        byte[] bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    public void Dispose()
    {
    }
}
