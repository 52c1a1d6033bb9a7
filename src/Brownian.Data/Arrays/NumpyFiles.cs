using System.IO.Compression;
using Brownian.IO;

namespace Brownian.Data;

/// <summary>Images in NumPy's files: one array (<c>.npy</c>), several in a zip (<c>.npz</c>), and folders of either.</summary>
static class NumpyFiles
{
    const string Ending = ".npy", ZipEnding = ".npz";

    /// <summary>What arrays of images are called, and what labels are; a part's name may stand beside it (x_train, val_labels).</summary>
    static readonly string[] ImageWords = ["images", "image", "imgs", "img", "x", "data", "samples", "inputs", "pixels", "arr_0"],
        LabelWords = ["labels", "label", "y", "targets", "target", "classes", "arr_1"];

    /// <summary>A <c>.npy</c> or <c>.npz</c> file; null where it is neither.</summary>
    /// <param name="path">The file.</param>
    /// <param name="start">Its first bytes.</param>
    /// <param name="options">Which images of it.</param>
    /// <exception cref="InvalidDataException">It is damaged, or holds no images.</exception>
    public static IImageSource? OfFile(string path, byte[] start, SourceOptions options)
    {
        if (Npy.Begins(start)) return Opened(path, WithLabels(path), options with { Split = DataSplit.All }, path);
        return IsZipOfArrays(path, start) ? Opened(path, Entries(path), options, path) : null;
    }

    /// <summary>A folder with arrays of images in it; null where there are none.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="options">Which images of it.</param>
    /// <exception cref="InvalidDataException">They are damaged, or one must be chosen.</exception>
    public static IImageSource? OfFolder(string folder, SourceOptions options)
    {
        string[] arrays = FilesIn(folder, Ending), zips = FilesIn(folder, ZipEnding);
        if (zips.Length > 0) return OfZips(folder, zips, options);
        // Many that are called images, image_0001.npy and so on, are one each.
        string[] images = [.. arrays.Where(file => RoleOf(file) == Role.Images)];
        bool one = images.Length > 0 && images.DistinctBy(PartOf).Count() == images.Length;
        return one ? Opened(folder, arrays.Select(file => OfNpy(file, RoleOf(file))), options, folder) : null;
    }

    /// <summary>A folder of arrays each of which is one image, or of a single one with all of them; null where there are none.</summary>
    /// <inheritdoc cref="OfFolder"/>
    public static IImageSource? OfSingles(string folder, SourceOptions options) => FilesIn(folder, Ending) switch
    {
        [] => null,
        [string only] => Opened(only, WithLabels(only), options with { Split = DataSplit.All }, only),
        string[] files => new NpyImages(folder, files),
    };

    static string[] FilesIn(string folder, string ending) =>
        [.. Directory.EnumerateFiles(folder, "*" + ending).Where(file => !Path.GetFileName(file).StartsWith('.')).Order(StringComparer.Ordinal)];

    // By the name of its first entry, which numpy.savez writes as NAME.npy.
    static bool IsZipOfArrays(string path, byte[] start)
    {
        const int NameLengthAt = 26, NameAt = 30;
        if (!start.AsSpan().StartsWith("PK\u0003\u0004"u8) || start.Length < NameAt) return false;
        if (path.EndsWith(ZipEnding, StringComparison.OrdinalIgnoreCase)) return true;
        ReadOnlySpan<byte> name = start.AsSpan(NameAt, Math.Min(BitConverter.ToUInt16(start, NameLengthAt), start.Length - NameAt));
        return name.EndsWith(".npy"u8);
    }

    static DatasetImages OfZips(string folder, string[] zips, SourceOptions options)
    {
        var notes = new List<string>();
        SetParts.NoteImages(folder, notes);
        string[] chosen = SetParts.Choose(folder, [.. zips.Select(zip => (PartOf(zip), zip))], options.Split, notes);
        bool shards = Array.TrueForAll(chosen, zip => PartOf(zip) is not null);
        if (chosen.Length > 1 && !shards) throw SetChoice.Needed(folder, chosen);
        // A file that is a part by its name has no parts inside.
        SourceOptions inside = shards ? options with { Split = DataSplit.All } : options;
        DatasetImages[] sources = [.. chosen.Select(zip => Opened(zip, Entries(zip), inside, zip))];
        notes.AddRange(sources.SelectMany(source => source.Notes));
        IImageDataset[] sets = [.. sources.Select(source => source.Set)];
        return new DatasetImages(JoinedImages.Of(folder, ImageLayout.Title(folder, "NumPy arrays"), sets), notes);
    }

    static DatasetImages Opened(string path, IEnumerable<Entry> entries, SourceOptions options, string place)
    {
        Entry[] all = [.. entries];
        try
        {
            var notes = new List<string>();
            if (Directory.Exists(path)) SetParts.NoteImages(path, notes);
            Entry[] images = [.. all.Where(entry => entry.Role == Role.Images)];
            if (images.Length == 0) images = [.. all.Where(entry => entry.Role == Role.Other && entry.Array.Type.Shape.Count >= 3)];
            if (images.Length == 0)
                throw new InvalidDataException($"{path}: there is no array of images in it ({string.Join(", ", all.Take(10).Select(entry => Quoted.Name(entry.Title)))}); name one 'images'.");
            Entry[] chosen = SetParts.Choose(path, [.. images.Select(entry => (SetParts.Of(entry.Title), entry))], options.Split, notes);
            if (chosen.GroupBy(entry => SetParts.Of(entry.Title)).FirstOrDefault(part => part.Count() > 1) is { } several)
                throw new InvalidDataException($"{path}: several arrays may be the images: {string.Join(", ", several.Select(entry => Quoted.Name(entry.Title)))}; save the one to learn from by itself.");
            string[] unused = [.. all.Where(entry => entry.Role == Role.Other && !chosen.Contains(entry)).Select(entry => Quoted.Name(entry.Title))];
            if (unused.Length > 0) notes.Add($"left out: {string.Join(", ", unused.Take(10))}{(unused.Length > 10 ? " and more" : "")}");
            bool whole = path.EndsWith(Ending, StringComparison.OrdinalIgnoreCase);
            ArrayImages[] sets =
            [
                .. chosen.Select(entry => new ArrayImages(
                    ImageLayout.Title(place, whole ? "a NumPy array" : $"{entry.Title} of NumPy arrays"), entry.Array,
                    options.Labels == LabelSource.None ? null : LabelsOf(entry, all)?.Array, [.. all.Select(file => file.File).OfType<IDisposable>()])),
            ];
            foreach (ArrayImages set in sets) notes.AddRange(set.Notes);
            return new DatasetImages(JoinedImages.Of(path, ImageLayout.Title(place, "NumPy arrays"), sets), [.. notes.Distinct()]);
        }
        catch
        {
            foreach (Entry entry in all) entry.File?.Dispose();
            throw;
        }
    }

    // The labels of the same part; or, of an array that is called faces, faces_labels.
    static Entry? LabelsOf(Entry images, Entry[] all)
    {
        Entry[] labels = [.. all.Where(entry => entry.Role == Role.Labels)];
        return Array.Find(labels, entry => SetParts.Of(entry.Title) == SetParts.Of(images.Title)) ?? (labels.Length == 1 && SetParts.Of(labels[0].Title) is null ? labels[0] : null);
    }

    /// <summary>A file of one array, and the file of its labels beside it: images.npy and labels.npy, x_train.npy and y_train.npy.</summary>
    static IEnumerable<Entry> WithLabels(string path)
    {
        yield return OfNpy(path, Role.Images);
        string name = Path.GetFileNameWithoutExtension(path), folder = Path.GetDirectoryName(path) ?? "";
        List<string> candidates = [];
        foreach (string word in SetParts.WordsOf(name).Where(word => ImageWords.Contains(word.ToLowerInvariant())))
            candidates.AddRange(LabelWords.Select(label => name.Replace(word, label, StringComparison.Ordinal)));
        candidates.AddRange([$"{name}_labels", $"{name}_label", $"{name}_y"]);
        if (PartOf(path) is null) candidates.AddRange(LabelWords);
        if (candidates.Select(candidate => Path.Combine(folder, candidate + Ending)).FirstOrDefault(file => file != path && File.Exists(file)) is { } labels)
            yield return OfNpy(labels, Role.Labels);
    }

    static DataSplit? PartOf(string path) => SetParts.Of(Path.GetFileNameWithoutExtension(path));

    static Entry OfNpy(string path, Role role)
    {
        var file = new FileBytes(path);
        return new Entry(Path.GetFileNameWithoutExtension(path), role, file, () => new NpyArray(path, file));
    }

    static IEnumerable<Entry> Entries(string path)
    {
        var file = new FileBytes(path);
        ZipContents zip;
        try
        {
            zip = new ZipContents(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
        foreach (string name in zip.Names.Where(name => name.EndsWith(Ending, StringComparison.OrdinalIgnoreCase)).Order(StringComparer.Ordinal))
        {
            ZipEntry entry = zip.Find(name)!;
            string title = name[..^Ending.Length];
            yield return new Entry(title, RoleOf(title), file, () => new NpyArray($"{path}: {Quoted.Name(name)}", Load(path, name, entry), path));
        }
    }

    /// <summary>A stored entry is read in place; a deflated one is inflated once. The checksum of either is checked.</summary>
    static ByteSource Load(string path, string name, ZipEntry entry)
    {
        const long DeflateLimit = 1032;     // 258 bytes for 2 bits
        if (entry.IsStored)
        {
            ByteSource stored = entry.Open();
            byte[] chunk = new byte[(int)Math.Min(stored.Length, 1 << 20)];
            uint crc = 0;
            for (long at = 0; at < stored.Length; at += chunk.Length)
            {
                Span<byte> some = chunk.AsSpan(0, (int)Math.Min(chunk.Length, stored.Length - at));
                stored.Read(some, at);
                crc = Crc32.Append(crc, some);
            }
            return crc == entry.Crc ? stored : throw Bad("has a wrong checksum");
        }
        ByteSource packed = entry.OpenPacked();
        if (entry.Length > Array.MaxLength || packed.Length > Array.MaxLength) throw Bad($"has {Counted.Of(entry.Length, "byte")} and is deflated; save it with numpy.savez, not savez_compressed");
        if (entry.Length > (packed.Length + 1) * DeflateLimit) throw Bad($"is said to inflate from {packed.Length} to {entry.Length} bytes, which it cannot");
        byte[] input = new byte[packed.Length];
        packed.Read(input, 0);
        try
        {
            using var inflater = new DeflateStream(new MemoryStream(input), CompressionMode.Decompress);
            byte[] bytes = AnnouncedBytes.Read(inflater, (int)entry.Length, found => Bad($"inflates to {Counted.Of(found, "byte")} instead of {entry.Length}"));
            if (inflater.ReadByte() >= 0 || Crc32.Of(bytes) != entry.Crc) throw Bad("has a wrong length or checksum");
            return new MemoryBytes(bytes);
        }
        catch (InvalidDataException e) when (!e.Message.StartsWith(path, StringComparison.Ordinal))
        {
            throw Bad("cannot be inflated");
        }

        InvalidDataException Bad(string problem) => new($"{path}: {Quoted.Name(name)} {problem}; is the file whole?");
    }

    static Role RoleOf(string path)
    {
        string name = Path.GetFileName(path);
        if (name.EndsWith(Ending, StringComparison.OrdinalIgnoreCase)) name = name[..^Ending.Length];
        string[] words = [.. SetParts.WordsOf(name.ToLowerInvariant()), name.ToLowerInvariant()];
        return words.Any(LabelWords.Contains) ? Role.Labels : words.Any(ImageWords.Contains) ? Role.Images : Role.Other;
    }

    enum Role
    {
        Images, Labels, Other,
    }

    /// <summary>An array that is opened when it is needed: one that is deflated takes time and memory.</summary>
    sealed class Entry(string title, Role role, IDisposable? file, Func<NpyArray> open)
    {
        readonly Lazy<NpyArray> _array = new(open);

        public string Title => title;

        public Role Role => role;

        public IDisposable? File => file;

        public NpyArray Array => _array.Value;
    }
}

/// <summary>A folder of arrays, each of which is one image H×W or H×W×C.</summary>
sealed class NpyImages : IImageSource
{
    readonly string _folder;
    readonly string[] _files;
    readonly ValueRange _range;

    /// <exception cref="InvalidDataException">Their numbers are no pixels.</exception>
    public NpyImages(string folder, string[] files)
    {
        (_folder, _files) = (folder, files);
        Extremes all = Extremes.Nothing;
        (bool bytes, string type) = (true, "");
        foreach (string file in files)
        {
            using var source = new FileBytes(file);
            var array = new NpyArray(file, source);
            LayoutOf(array);
            Extremes own = array.Extremes();
            if (!double.IsFinite(own.Least)) throw new InvalidDataException($"{file}: among its {array.Numbers} are some that are no numbers (NaN or infinite); replace them.");
            (all, bytes, type) = (all.With(own), bytes && array.IsBytes, array.Numbers);
        }
        _range = ValueRange.Of(folder, all, type, bytes);
        Notes = _range.Note is { } note ? [note] : [];
    }

    public string Title => ImageLayout.Title(_folder, "a folder of NumPy arrays");

    public int Count => _files.Length;

    public IReadOnlyList<string> Classes => [];

    public bool IsPictures => false;

    public IReadOnlyList<string> Notes { get; }

    public int Label(int index) => -1;

    public string NameOf(int index) => _files[index];

    public Image Read(int index)
    {
        using var source = new FileBytes(_files[index]);
        var array = new NpyArray(_files[index], source);
        return ArrayImages.Decode(array, LayoutOf(array), _range, 0);
    }

    public void Dispose()
    {
    }

    static ArrayLayout LayoutOf(NpyArray array) => ArrayLayout.OfOne(array.Type.Shape) ?? throw new InvalidDataException(
        $"{array.Name}: its shape {array.Type.Extents} is not that of one image (H×W or H×W×C); give the file by itself, or name it 'images.npy'.");
}
