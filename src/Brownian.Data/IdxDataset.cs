using System.Buffers.Binary;
using System.Text.RegularExpressions;
using Brownian.IO;

namespace Brownian.Data;

/// <summary>
/// Images in the IDX format of MNIST, Fashion-MNIST, KMNIST and EMNIST (LeCun, Cortes and Burges 1998), gray or N×H×W×C, gzip-compressed or
/// plain, held in memory.
/// </summary>
public sealed class IdxDataset : StoredImages
{
    const string TransposedSet = "emnist";

    IdxDataset(string path, ArrayLayout layout, byte[] pixels, ClassLabels labels, IReadOnlyList<string> notes)
        : base(Path.GetFileName(path), (layout.Width, layout.Height, layout.Channels), pixels, labels) =>
        Notes = notes;

    /// <inheritdoc/>
    public override bool MayBeMirrored => Channels == 3;

    /// <summary>What a person should know of how the files were read, a line each; empty where they were taken as they are.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>Opens a file of images, or a folder with files called as those of MNIST or EMNIST, of which those to train on are taken.</summary>
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
        if (Directory.Exists(path))
        {
            path = IdxFolder.Choose(path, DataSplit.Train, []) is { } files ? files[0] : throw new FileNotFoundException(
                $"{path}: this folder has no train-images-idx3-ubyte or train-images-idx3-ubyte.gz; name the file.", path);
        }
        else if (!File.Exists(path))
        {
            throw new FileNotFoundException($"{path}: there is no such file or folder; give MNIST's folder or a file of its images.", path);
        }
        return Read(path, labelsPath ?? FindLabels(path));
    }

    static IdxDataset Read(string imagesPath, string? labelsPath)
    {
        IdxFile images = IdxFile.Read(imagesPath, 3, 4);
        string name = Path.GetFileName(imagesPath);
        int[] sizes = images.Sizes;
        ArrayLayout layout = sizes.Length == 3
            ? new ArrayLayout(sizes[0], sizes[1], sizes[2], 1, false, null)
            : ArrayLayout.OfFour(imagesPath, sizes[0], sizes[1], sizes[2], sizes[3]);
        List<string> notes = layout.Note is { } note ? [$"{name}: {note}"] : [];
        if (labelsPath is null) notes.Add($"{name}: no file of labels lies beside it");
        byte[] pixels = images.Elements;
        if (name.Contains(TransposedSet, StringComparison.OrdinalIgnoreCase))
        {
            notes.Add($"{name}: EMNIST stores its images with rows and columns exchanged; they are turned back");
            layout = Transpose(pixels, layout);
        }
        if (layout.Planes)
        {
            byte[] interleaved = new byte[pixels.Length];
            for (int i = 0; i < layout.Count; i++) layout.Interleave(pixels.AsSpan(i * layout.ImageLength, layout.ImageLength), interleaved.AsSpan(i * layout.ImageLength), 1);
            pixels = interleaved;
        }
        if (labelsPath is null) return new IdxDataset(imagesPath, layout, pixels, ClassLabels.None, notes);

        IdxFile labels = IdxFile.Read(labelsPath, 1);
        if (labels.Sizes[0] != layout.Count)
            throw new InvalidDataException($"{labelsPath}: {Counted.Of(labels.Sizes[0], "label")}, but {imagesPath} has {Counted.Of(layout.Count, "image")}.");
        Dictionary<long, string> mapping = Mapping(imagesPath);
        ClassLabels classes = ClassLabels.Of(Array.ConvertAll(labels.Elements, label => (long)label), number => mapping.GetValueOrDefault(number));
        return new IdxDataset(imagesPath, layout, pixels, classes, [.. notes, .. classes.Notes]);
    }

    // N×H×W of rows that are columns: each image is turned in place of itself.
    static ArrayLayout Transpose(byte[] pixels, ArrayLayout layout)
    {
        (int height, int width, int channels) = (layout.Width, layout.Height, layout.Channels);
        byte[] stored = new byte[layout.ImageLength];
        for (int i = 0; i < layout.Count; i++)
        {
            Span<byte> image = pixels.AsSpan(i * stored.Length, stored.Length);
            image.CopyTo(stored);
            for (int y = 0; y < height; y++)
            {
                for (int x = 0; x < width; x++) stored.AsSpan((x * height + y) * channels, channels).CopyTo(image[((y * width + x) * channels)..]);
            }
        }
        return layout with { Height = height, Width = width };
    }

    /// <summary>EMNIST's list of which label is which letters, by their codes; empty where there is none beside the images.</summary>
    static Dictionary<long, string> Mapping(string imagesPath)
    {
        const int MostBytes = 1 << 16;
        var mapping = new Dictionary<long, string>();
        string path = Path.Combine(Path.GetDirectoryName(imagesPath) ?? "", $"{IdxFolder.SetOf(imagesPath)}mapping.txt");
        if (!File.Exists(path) || new FileInfo(path).Length > MostBytes) return mapping;
        foreach (string line in File.ReadLines(path))
        {
            string[] words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length >= 2 && long.TryParse(words[0], out long label) && ushort.TryParse(words[1], out ushort code)) mapping[label] = ((char)code).ToString();
        }
        return mapping.Values.Distinct().Count() == mapping.Count ? mapping : [];
    }

    static string? FindLabels(string imagesPath)
    {
        string name = Path.GetFileName(imagesPath);
        string labels = name.Replace("images", "labels", StringComparison.Ordinal).Replace("idx3", "idx1", StringComparison.Ordinal)
            .Replace("idx4", "idx1", StringComparison.Ordinal);
        if (labels == name)
            return null;

        string plain = labels.EndsWith(".gz", StringComparison.Ordinal) ? labels[..^3] : labels;
        string folder = Path.GetDirectoryName(imagesPath) ?? "";
        // Some unpack each file into a folder of its own name.
        string[] candidates = [labels, plain, plain + ".gz", Path.Combine("..", labels, labels), Path.Combine("..", plain, plain)];
        return candidates.Select(candidate => Path.Combine(folder, candidate)).FirstOrDefault(File.Exists);
    }
}

/// <summary>Where in a folder IDX images are, by the names that MNIST and those after it have.</summary>
static partial class IdxFolder
{
    /// <summary>The set's own words before the part's name, "emnist-letters-", and the part: train or t10k or test.</summary>
    [GeneratedRegex(@"^(?<set>.*?)(?<part>train|test|t10k|val|valid)[-_.]images[-_.]idx[34]-ubyte(\.gz)?$", RegexOptions.IgnoreCase)]
    private static partial Regex Name();

    /// <summary>What the names of all files of an image file's set begin with; empty where that is only the part's name.</summary>
    public static string SetOf(string path) => Name().Match(Path.GetFileName(path)).Groups["set"].Value;

    /// <summary>The images of a folder; null where it holds none.</summary>
    /// <exception cref="InvalidDataException">They are damaged, or one of several sets must be chosen.</exception>
    public static IImageSource? Open(string folder, SourceOptions options)
    {
        var notes = new List<string>();
        if (Choose(folder, options.Split, notes) is not { } files) return null;
        IdxDataset[] sets = [.. files.Select(file => IdxDataset.Open(file))];
        foreach (IdxDataset set in sets) notes.AddRange(set.Notes);
        return new DatasetImages(JoinedImages.Of(folder, ImageLayout.Title(folder, "IDX files"), sets), [.. notes.Distinct()]);
    }

    /// <summary>The files of images of the wanted part; null where there are none in this folder, nor in one up to three levels below it.</summary>
    /// <exception cref="InvalidDataException">There are several sets, or none of this part.</exception>
    public static string[]? Choose(string folder, DataSplit split, List<string> notes)
    {
        string[] files = In(folder, depth: 0);
        if (files.Length == 0) files = In(folder, depth: 3);
        if (files.Length == 0) return null;
        var sets = files.GroupBy(file => (Folder: Path.GetDirectoryName(file), Set: SetOf(file))).ToArray();
        if (sets.Length > 1)
        {
            bool apart = sets.DistinctBy(set => set.Key.Folder).Count() == sets.Length;
            throw SetChoice.Needed(folder, [.. sets.Select(set => apart ? set.Key.Folder! : set.First())]);
        }
        // torchvision leaves the compressed file beside the one it made of it.
        string[] parts = [.. files.Where(file => !files.Contains(file[..^Math.Min(3, file.Length)]) || !file.EndsWith(".gz", StringComparison.OrdinalIgnoreCase))];
        return SetParts.Choose(folder, [.. parts.Select(file => (SetParts.Of(Name().Match(Path.GetFileName(file)).Groups["part"].Value), file))], split, notes);
    }

    static string[] In(string folder, int depth)
    {
        var options = new EnumerationOptions { RecurseSubdirectories = depth > 0, MaxRecursionDepth = depth, AttributesToSkip = FileAttributes.System };
        return [.. Directory.EnumerateFiles(folder, "*images*idx*", options).Where(file => Name().IsMatch(Path.GetFileName(file))).Order(StringComparer.Ordinal)];
    }
}

/// <summary>
/// One IDX file of unsigned bytes: big-endian magic 00 00 08 rank, then one 32-bit size per dimension, then the elements, nothing after.
/// Gzip is told by its own magic 1F 8B. Damage of any kind is an <see cref="InvalidDataException"/> that names the file and the field.
/// </summary>
sealed class IdxFile
{
    const int UnsignedByte = 0x08;
    // Deflate's densest code is 258 bytes for 2 bits, so no gzip file inflates by more than this.
    const long DeflateLimit = 1032;

    IdxFile(int[] sizes, byte[] elements) => (Sizes, Elements) = (sizes, elements);

    /// <summary>One size per dimension.</summary>
    public int[] Sizes { get; }

    /// <summary>All elements, last dimension fastest.</summary>
    public byte[] Elements { get; }

    /// <param name="path">The file.</param>
    /// <param name="ranks">The numbers of dimensions that it may have.</param>
    public static IdxFile Read(string path, params int[] ranks)
    {
        using FileStream file = File.OpenRead(path);
        bool zipped = file.ReadByte() == 0x1F && file.ReadByte() == 0x8B;
        file.Position = 0;
        if (!zipped) return Read(path, file, ranks, file.Length);
        using var inflated = new CheckedGZip(file, path);
        return Read(path, inflated, ranks, file.Length * DeflateLimit);
    }

    /// <param name="path">Names the file in errors.</param>
    /// <param name="content">The stream, inflated.</param>
    /// <param name="ranks">The numbers of dimensions expected.</param>
    /// <param name="longest">No file of this length on disk holds more bytes than that.</param>
    static IdxFile Read(string path, Stream content, int[] ranks, long longest)
    {
        int[] sizes = ReadHeader(path, content, ranks);
        long elements = ElementCount(path, sizes), header = 4L + 4 * sizes.Length;
        if (header + elements > longest) throw Truncated(path, sizes, elements, longest - header);

        byte[] bytes = AnnouncedBytes.Read(content, (int)elements, found => Truncated(path, sizes, elements, found));
        if (content.ReadByte() >= 0)
            throw new InvalidDataException($"{path}: trailing bytes after the {elements} elements ({Join(sizes)}) the header announces.");
        return new IdxFile(sizes, bytes);
    }

    static int[] ReadHeader(string path, Stream content, int[] ranks)
    {
        Span<byte> header = stackalloc byte[4 + 4 * ranks[^1]];
        int magicBytes = content.ReadAtLeast(header[..4], 4, throwOnEndOfStream: false);
        if (magicBytes < 4)
            throw new InvalidDataException($"{path}: the magic number is truncated: {magicBytes} of 4 bytes.");
        if (header[0] != 0 || header[1] != 0)
            throw new InvalidDataException($"{path}: not an IDX file: the magic number begins {header[0]:X2} {header[1]:X2}, not 00 00.");
        if (header[2] != UnsignedByte)
            throw new InvalidDataException($"{path}: the type code is 0x{header[2]:X2}; only 0x08 (unsigned bytes) can be read.");
        int rank = header[3];
        if (!ranks.Contains(rank))
            throw new InvalidDataException($"{path}: the rank is {rank} instead of {string.Join(" or ", ranks)} ({(ranks[0] == 1 ? "labels" : "images")}).");

        int sizeBytes = content.ReadAtLeast(header.Slice(4, 4 * rank), 4 * rank, throwOnEndOfStream: false);
        if (sizeBytes < 4 * rank)
            throw new InvalidDataException($"{path}: the dimensions are truncated: {sizeBytes} of {4 * rank} bytes.");

        int[] sizes = new int[rank];
        for (int d = 0; d < rank; d++)
        {
            uint size = BinaryPrimitives.ReadUInt32BigEndian(header[(4 + 4 * d)..]);
            if (size is 0 or > int.MaxValue)
                throw new InvalidDataException($"{path}: dimension {d} is {size}; it must be 1 to {int.MaxValue}.");
            sizes[d] = (int)size;
        }
        return sizes;
    }

    static long ElementCount(string path, int[] sizes)
    {
        long count = 1;
        foreach (int size in sizes)
        {
            count *= size;      // below 2⁶²: both factors are below 2³¹
            if (count > Array.MaxLength)
                throw new InvalidDataException($"{path}: the dimensions {Join(sizes)} give more than the {Array.MaxLength} bytes that fit.");
        }
        return count;
    }

    static InvalidDataException Truncated(string path, int[] sizes, long expected, long found) =>
        new($"{path}: the elements are truncated: announced {expected} ({Join(sizes)}), found at most {Math.Max(found, 0)}.");

    static string Join(int[] sizes) => string.Join('×', sizes);
}
