using System.Buffers.Binary;
using System.IO.Compression;

namespace Brownian.Data;

/// <summary>
/// Gray images in the IDX format of MNIST, Fashion-MNIST and EMNIST (LeCun, Cortes and Burges 1998), gzip-compressed or plain,
/// held in memory.
/// </summary>
public sealed class IdxDataset : StoredImages
{
    static readonly string[] ImageFiles =
    [
        "train-images-idx3-ubyte", "train-images-idx3-ubyte.gz", "train-images.idx3-ubyte", "train-images.idx3-ubyte.gz",
    ];

    // Classes are "0" up to the largest label in the file; none without a label file.
    IdxDataset(string path, IdxFile images, byte[]? labels)
        : base(
            Path.GetFileName(path), (images.Sizes[2], images.Sizes[1], 1), images.Elements, labels,
            labels is null ? [] : Numbered(labels.Max() + 1))
    {
    }

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

/// <summary>
/// One IDX file of unsigned bytes: big-endian magic 00 00 08 rank, then one 32-bit size per dimension, then the elements, nothing after.
/// Gzip is told by its own magic 1F 8B. Damage of any kind is an <see cref="InvalidDataException"/> that names the file and the field.
/// </summary>
sealed class IdxFile
{
    const int UnsignedByte = 0x08;
    const int FirstBlock = 1 << 20;

    // Deflate's densest code is 258 bytes for 2 bits, so no gzip file inflates by more than this.
    const long DeflateLimit = 1032;

    IdxFile(int[] sizes, byte[] elements) => (Sizes, Elements) = (sizes, elements);

    /// <summary>One size per dimension.</summary>
    public int[] Sizes { get; }

    /// <summary>All elements, last dimension fastest.</summary>
    public byte[] Elements { get; }

    public static IdxFile Read(string path, int rank)
    {
        using FileStream file = File.OpenRead(path);
        bool zipped = file.ReadByte() == 0x1F && file.ReadByte() == 0x8B;
        file.Position = 0;
        if (!zipped)
            return Read(path, file, rank, file.Length);

        try
        {
            using var inflated = new GZipStream(file, CompressionMode.Decompress);
            IdxFile result = Read(path, inflated, rank, file.Length * DeflateLimit);
            CheckTrailer(path, file, 4L + 4 * rank + result.Elements.Length);
            return result;
        }
        catch (InvalidDataException e) when (!e.Message.StartsWith(path, StringComparison.Ordinal))
        {
            throw new InvalidDataException($"{path}: the gzip data are damaged ({e.Message.TrimEnd('.')}); fetch the file again.", e);
        }
    }

    /// <param name="path">Names the file in errors.</param>
    /// <param name="content">The stream, inflated.</param>
    /// <param name="rank">The number of dimensions expected.</param>
    /// <param name="longest">No file of this length on disk holds more bytes than that.</param>
    static IdxFile Read(string path, Stream content, int rank, long longest)
    {
        int[] sizes = ReadHeader(path, content, rank);
        long elements = ElementCount(path, sizes);
        long expected = 4L + 4 * rank + elements;
        if (expected > longest)
            throw Truncated(path, sizes, elements, longest - 4 - 4 * rank);

        byte[] bytes = ReadElements(path, content, sizes, (int)elements);
        if (content.ReadByte() >= 0)
            throw new InvalidDataException($"{path}: trailing bytes after the {elements} elements ({Join(sizes)}) the header announces.");
        return new IdxFile(sizes, bytes);
    }

    static int[] ReadHeader(string path, Stream content, int rank)
    {
        Span<byte> header = stackalloc byte[4 + 4 * rank];
        int magicBytes = content.ReadAtLeast(header[..4], 4, throwOnEndOfStream: false);
        if (magicBytes < 4)
            throw new InvalidDataException($"{path}: the magic number is truncated: {magicBytes} of 4 bytes.");
        if (header[0] != 0 || header[1] != 0)
            throw new InvalidDataException($"{path}: not an IDX file: the magic number begins {header[0]:X2} {header[1]:X2}, not 00 00.");
        if (header[2] != UnsignedByte)
            throw new InvalidDataException($"{path}: the type code is 0x{header[2]:X2}; only 0x08 (unsigned bytes) can be read.");
        if (header[3] != rank)
            throw new InvalidDataException($"{path}: the rank is {header[3]} instead of {rank} ({(rank == 1 ? "labels" : "images")}).");

        int sizeBytes = content.ReadAtLeast(header[4..], 4 * rank, throwOnEndOfStream: false);
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

    /// <summary>Memory grows with what was really read, by doubling, and never past the announced length.</summary>
    static byte[] ReadElements(string path, Stream content, int[] sizes, int count)
    {
        byte[] elements = new byte[Math.Min(count, FirstBlock)];
        int filled = 0;
        while (true)
        {
            filled += content.ReadAtLeast(elements.AsSpan(filled), elements.Length - filled, throwOnEndOfStream: false);
            if (filled < elements.Length)
                throw Truncated(path, sizes, count, filled);
            if (filled == count)
                return elements;
            Array.Resize(ref elements, (int)Math.Min(count, 2L * elements.Length));
        }
    }

    /// <summary>The last four bytes of a gzip file are the inflated length modulo 2³² (RFC 1952); a cut or padded file has others.</summary>
    static void CheckTrailer(string path, FileStream file, long inflated)
    {
        Span<byte> trailer = stackalloc byte[4];
        file.Position = file.Length - 4;
        file.ReadExactly(trailer);
        uint announced = BinaryPrimitives.ReadUInt32LittleEndian(trailer);
        if (announced != (uint)inflated)
            throw new InvalidDataException(
                $"{path}: the gzip trailer gives a length of {announced} bytes, but {inflated} were inflated; "
                + "the file is cut or has trailing bytes.");
    }

    static InvalidDataException Truncated(string path, int[] sizes, long expected, long found) =>
        new($"{path}: the elements are truncated: announced {expected} ({Join(sizes)}), found at most {Math.Max(found, 0)}.");

    static string Join(int[] sizes) => string.Join('×', sizes);
}
