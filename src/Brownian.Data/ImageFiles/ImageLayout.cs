using System.Globalization;
using System.Text;
using Brownian.Imaging;
using Brownian.IO;

namespace Brownian.Data;

/// <summary>
/// Which files of a place are images to learn from, and their classes, by names alone. Folders that wrap everything are looked through; a
/// folder called <c>train</c> beside one called <c>test</c> or <c>val</c> is a split; the next folder names the class. What is not used is
/// said in <see cref="Notes"/>. The order is that of the names, ordinally.
/// </summary>
sealed class ImageLayout
{
    const int MaxClassLength = 100, Named = 3;

    /// <summary>Folders that systems and programs keep beside people's files: copies, thumbnails, what was deleted.</summary>
    static readonly string[] SystemFolders =
        ["__MACOSX", "@eaDir", "#recycle", "@Recycle", "$RECYCLE.BIN", "System Volume Information", "lost+found", "__pycache__"];

    readonly List<string> _notes = [];
    readonly int[] _labels;
    bool _isListed;

    /// <param name="path">The folder or archive, for messages.</param>
    /// <param name="places">One place, or the archives that make one set; in each the files keep their own order.</param>
    /// <param name="options">Which images are wanted.</param>
    /// <exception cref="InvalidDataException">A split is wanted that is not there, or a list of labels cannot be read.</exception>
    public ImageLayout(string path, IReadOnlyList<IFilePlace> places, SourceOptions options)
    {
        Entry[] files = Own([.. places.SelectMany(place => place.Names.Select(name => new Entry(place, name)).OrderBy(file => file.Name, StringComparer.Ordinal))]);
        Entry[] images = [.. files.Where(file => ImageFile.HasExtension(file.Name))];
        if (places.Count > 1) images = [.. images.GroupBy(image => image.Place).SelectMany(Unwrapped)];
        Others = [.. files.Where(file => !ImageFile.HasExtension(file.Name)).Select(file => file.Name)];
        int depth = 0;
        bool split = false;
        while (Array.Exists(images, image => image.Folders > depth))
        {
            string[] folders = FoldersAt(images, depth);
            if (folders.Length == 1 && Array.TrueForAll(images, image => image.Folders > depth))
            {
                split |= IsSplit(path, folders[0], options.Split);
                depth++;        // it wraps everything
            }
            else if (!split && DataSplits.In(folders) is { } splits)
            {
                images = Chosen(path, images, depth, splits, options.Split);
                split = true;
                depth++;
            }
            else break;
        }
        if (!split && images.Length > 0) images = SplitBelowClasses(path, images, depth, options.Split);
        Images = [.. images.Select(image => (image.Place, image.Name))];
        var lists = options.Labels == LabelSource.Auto ? LabelList.In(path, files.Select(file => (file.Place, file.Name))) : null;
        string?[] classOf = ClassesOf(path, images, depth, options.Labels, lists);
        Classes = InOrder([.. classOf.OfType<string>().Distinct()]);
        var numbers = Classes.Select((name, i) => (name, i)).ToDictionary(pair => pair.name, pair => pair.i, StringComparer.Ordinal);
        _labels = [.. classOf.Select(name => name is null ? -1 : numbers[name])];
        if (Classes.Length == 0 && options.Labels == LabelSource.Auto) SuggestPrefixes(images);
        _notes.AddRange(UnreadFiles.Notes(Others));
    }

    /// <summary>The images, in order.</summary>
    public (IFilePlace Place, string Name)[] Images { get; }

    /// <summary>The names of classes, in order.</summary>
    public string[] Classes { get; }

    /// <summary>The names of files that are no images.</summary>
    public string[] Others { get; }

    /// <summary>What was left out, and what was made of the rest, a line each.</summary>
    public IReadOnlyList<string> Notes => _notes;

    public int Label(int index) => _labels[index];

    /// <summary>What a place is called: "name (what it is)".</summary>
    public static string Title(string path, string what) =>
        $"{Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)))} ({what})";

    /// <summary>A name out of a file that nobody vouches for, as a terminal may print it: without control characters and turns of direction.</summary>
    public static string Printable(string name)
    {
        var text = new StringBuilder(Math.Min(name.Length, MaxClassLength));
        foreach (Rune rune in name.EnumerateRunes())        // a half of a pair is a rune of its own, U+FFFD
        {
            if (text.Length >= MaxClassLength) break;
            if (Rune.IsControl(rune) || rune == Rune.ReplacementChar || rune.Value is (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069)) text.Append('?');
            else text.Append(rune);
        }
        return text.ToString();
    }

    // A lone folder that is called as a split is the whole set, unless another one is wanted.
    bool IsSplit(string path, string folder, DataSplit wanted)
    {
        if (SetParts.Of(folder) is not { } only) return false;
        if (only == wanted || wanted == DataSplit.All) return true;
        if (wanted != DataSplit.Train)
            throw new InvalidDataException($"{path}: there is no split '{SetParts.Name(wanted)}', only {Printable(folder)}; set dataset_params.split to {SetParts.Name(only)} or all.");
        _notes.Add($"there is only {Printable(folder)}: it is used");
        return true;
    }

    // What begins with a dot is hidden, and not spoken of; images in a system's folders might be missed.
    Entry[] Own(Entry[] files)
    {
        Entry[] own = [.. files.Where(file => !file.Parts.Any(part => part.StartsWith('.')))];
        Entry[] system = [.. own.Where(file => file.Parts.Any(SystemFolders.Contains))];
        int images = system.Count(file => ImageFile.HasExtension(file.Name));
        if (images > 0)
        {
            IEnumerable<string> folders = system.SelectMany(file => file.Parts.Where(SystemFolders.Contains)).Distinct();
            _notes.Add($"left out: {Counted.Of(images, "image")} in {string.Join(" and ", folders)}, which the system keeps for itself");
        }
        return [.. own.Except(system)];
    }

    // Archives that make one set may be wrapped each in its own way. A lone folder of images is a class, of which the others have more.
    static IEnumerable<Entry> Unwrapped(IEnumerable<Entry> archive)
    {
        Entry[] images = [.. archive];
        while (Array.TrueForAll(images, image => image.Folders > 1 && image.Parts[0] == images[0].Parts[0]))
            images = [.. images.Select(image => image with { Parts = image.Parts[1..] })];
        return images;
    }

    Entry[] Chosen(string path, Entry[] images, int depth, DataSplits splits, DataSplit wanted)
    {
        string[] used = splits.Of(wanted, path);
        Entry[] chosen = [.. images.Where(image => image.Folders > depth && used.Contains(image.Parts[depth]))];
        string[] left = [.. FoldersAt(images, depth).Except(used)];
        string others = left.Length == 0 ? "" : "; left out: " + string.Join(", ", left.Select(folder =>
            $"{Printable(folder)} ({Counted.Of(images.Count(image => image.Folders > depth && image.Parts[depth] == folder), "image")})"));
        _notes.Add($"split {SetParts.Name(wanted)}: {string.Join(", ", used.Select(Printable))} ({Counted.Of(chosen.Length, "image")}){others}");
        string[] stray = [.. images.Where(image => image.Folders <= depth).Select(image => image.Name)];
        if (stray.Length > 0) _notes.Add($"left out: {Listed(stray)}, beside the splits");
        return chosen;
    }

    // cat/train, cat/test, dog/train …: every class is kept in parts.
    Entry[] SplitBelowClasses(string path, Entry[] images, int depth, DataSplit wanted)
    {
        string[] below = FoldersAt(images, depth + 1);
        if (below.Length > 1 && Array.TrueForAll(images, image => image.Folders > depth + 1) && DataSplits.In(below) is { } splits)
            return Chosen(path, images, depth + 1, splits, wanted);
        if (wanted is not (DataSplit.Train or DataSplit.All))
        {
            throw new InvalidDataException(
                $"{path}: dataset_params.split is {SetParts.Name(wanted)}, but the images are not kept in splits; remove it.");
        }
        return images;
    }

    string?[] ClassesOf(string path, Entry[] images, int depth, LabelSource from, LabelList? list)
    {
        string?[] folders = [.. images.Select(image => image.Folders > depth ? Printable(image.Parts[depth]) : null)];
        switch (from)
        {
            case LabelSource.None: return new string?[images.Length];
            case LabelSource.Folder: return folders;
            case LabelSource.Prefix:
                string[] prefixes = [.. images.Select(image => Prefix(image.Parts[^1]))];
                if (Array.Exists(prefixes, prefix => prefix == ""))
                {
                    throw new InvalidDataException(
                        $"{path}: dataset_params.labels is prefix, but {Printable(images[Array.IndexOf(prefixes, "")].Name)} begins with no letters; "
                        + "set it to folder or none.");
                }
                return [.. prefixes.Select(Printable)];
            default:
                if (list is null) return folders;
                _notes.AddRange(list.Notes);
                string?[] listed = [.. images.Select(image => list.Of(image.Name))];
                if (Array.TrueForAll(listed, label => label is null) && !list.SaysNone) return folders;
                _isListed = true;
                int missing = listed.Count(label => label is null), absent = list.Count - images.Count(image => list.Has(image.Name));
                if (absent > 0) _notes.Add($"{list.Name} speaks of {Counted.Of(absent, "image")} that {(absent == 1 ? "is" : "are")} not there");
                _notes.Add(list.SaysNone
                    ? $"{list.Name} has no labels: its folders are no classes"
                    : $"classes are those of {list.Name}" + (missing == 0 ? "" : $", which says nothing of {Counted.Of(missing, "image")}"));
                return [.. listed.Select(label => label is null ? null : Printable(label))];
        }
    }

    void SuggestPrefixes(Entry[] images)
    {
        (string Name, int Count)[] prefixes = [.. images.CountBy(image => Prefix(image.Parts[^1])).Select(pair => (pair.Key, pair.Value))];
        if (prefixes.Length < 2 || prefixes.Length > images.Length / 2 || Array.Exists(prefixes, prefix => prefix.Name == "" || prefix.Count < 2)) return;
        string[] names = [.. prefixes.Select(prefix => Printable(prefix.Name)).Order(StringComparer.Ordinal)];
        _notes.Add($"names begin with {Listed(names)}: dataset_params.labels=prefix makes these the classes");
    }

    // "american_bulldog_12.jpg" is an american_bulldog, "cat.7.jpg" a cat.
    static string Prefix(string file)
    {
        string name = Path.GetFileNameWithoutExtension(file).TrimEnd('0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '_', '-', '.', ' ', '(', ')');
        return name.Any(char.IsLetter) ? name : "";
    }

    // Listed numbers go by their value; the names of folders keep the order that runs were trained with.
    string[] InOrder(string[] names) => _isListed && Array.TrueForAll(names, name => int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out _))
        ? [.. names.OrderBy(name => int.Parse(name, CultureInfo.InvariantCulture))]
        : [.. names.Order(StringComparer.Ordinal)];

    static string[] FoldersAt(Entry[] images, int depth) =>
        [.. images.Where(image => image.Folders > depth).Select(image => image.Parts[depth]).Distinct().Order(StringComparer.Ordinal)];


    static string Listed(string[] names) =>
        string.Join(", ", names.Take(Named).Select(Printable)) + (names.Length > Named ? $" and {names.Length - Named} more" : "");

    /// <summary>A file, and the parts of its name.</summary>
    sealed record Entry(IFilePlace Place, string Name)
    {
        public string[] Parts { get; init; } = Name.Split('/', '\\');

        /// <summary>How many folders it lies in.</summary>
        public int Folders => Parts.Length - 1;
    }
}

/// <summary>Names of folders or archives, some of which are splits of one set: those to train on, to test with, for choosing settings.</summary>
sealed class DataSplits
{
    readonly Dictionary<DataSplit, string[]> _splits;

    DataSplits(Dictionary<DataSplit, string[]> splits) => _splits = splits;

    /// <summary>The splits among names, where two or more are there; one alone may be a class of trains, or of tests.</summary>
    public static DataSplits? In(IReadOnlyCollection<string> names)
    {
        var splits = new Dictionary<DataSplit, string[]>();
        foreach (IGrouping<DataSplit, string> those in names.Where(name => SetParts.Of(name) is not null).GroupBy(name => SetParts.Of(name)!.Value).OrderBy(those => those.Key))
        {
            // Beside "train", "train_masks" is something else.
            string[] exact = [.. those.Where(SetParts.IsName)];
            splits[those.Key] = exact.Length > 0 ? exact : [.. those];
        }
        return splits.Count > 1 ? new DataSplits(splits) : null;
    }

    /// <summary>The names of one split, or of all.</summary>
    /// <param name="wanted">Which.</param>
    /// <param name="path">The folder or archive, for messages.</param>
    /// <exception cref="InvalidDataException">There is no such split.</exception>
    public string[] Of(DataSplit wanted, string path)
    {
        string[] all = [.. _splits.Values.SelectMany(names => names)];
        if (wanted == DataSplit.All) return all;
        return _splits.GetValueOrDefault(wanted) ?? throw new InvalidDataException(
            $"{path}: there is no split '{SetParts.Name(wanted)}' among {string.Join(", ", all.Select(ImageLayout.Printable))}; "
            + $"set dataset_params.split to {string.Join(", ", _splits.Keys.Select(SetParts.Name))} or all.");
    }
}
