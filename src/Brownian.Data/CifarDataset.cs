using System.Text;
using Brownian.IO;

namespace Brownian.Data;

/// <summary>
/// CIFAR-10 or CIFAR-100 (Krizhevsky 2009), held in memory. In their binary version: records of one label byte, or of a coarse and a fine
/// one, of which the fine is used, and 3×32×32 bytes of red, green and blue planes. In the version for Python: pickles, of which only the
/// arrays and lists are read. Classes are called as the files beside the images say, and by numbers where those are missing.
/// </summary>
public sealed class CifarDataset : StoredImages
{
    const int Side = 32, Planes = 3, PlaneBytes = Side * Side, ImageLength = Planes * PlaneBytes;

    /// <summary>The folders that the archives unpack to.</summary>
    static readonly string[] Places = ["", "cifar-10-batches-bin", "cifar-100-binary", "cifar-10-batches-py", "cifar-100-python"];

    /// <summary>The files of a part: those to train on are several in CIFAR-10.</summary>
    static readonly (DataSplit Split, string Pattern)[] Files =
    [
        (DataSplit.Train, "data_batch_*.bin"), (DataSplit.Train, "train.bin"), (DataSplit.Test, "test_batch.bin"), (DataSplit.Test, "test.bin"),
        (DataSplit.Train, "data_batch_?"), (DataSplit.Train, "train"), (DataSplit.Test, "test_batch"), (DataSplit.Test, "test"),
    ];

    internal CifarDataset(string title, byte[] pixels, ClassLabels labels, int side = Side)
        : base(title, (side, side, Planes), pixels, labels)
    {
    }

    /// <inheritdoc/>
    public override bool MayBeMirrored => true;

    /// <summary>Opens a file of records, or the folder that holds those to train on.</summary>
    /// <param name="path">
    /// A <c>.bin</c> file or a pickle, a folder with <c>data_batch_1.bin</c> … or <c>train.bin</c>, or the pickles of these names without
    /// the ending, or the folder in which the archive was unpacked.
    /// </param>
    /// <exception cref="InvalidDataException">A file is damaged; the message begins with its path.</exception>
    /// <exception cref="FileNotFoundException">There are no such files.</exception>
    public static CifarDataset Open(string path)
    {
        string[] files = File.Exists(path) ? [path] : FilesIn(path, DataSplit.Train) ?? throw new FileNotFoundException(
            $"{path}: there is no data_batch_1.bin of CIFAR-10 and no train.bin of CIFAR-100 here.", path);
        return Of(path, files);
    }

    /// <summary>The images of some files, binary or pickled.</summary>
    internal static CifarDataset Of(string path, string[] files)
    {
        if (CifarPickle.IsOne(files[0])) return CifarPickle.Read(path, files);
        int labelBytes = LabelBytes(files[0]), classes = labelBytes == 1 ? 10 : 100;
        long records = files.Sum(file => Records(file, labelBytes));
        if (records * ImageLength > Array.MaxLength)
            throw new InvalidDataException($"{path}: {records} images are more than the {Array.MaxLength / ImageLength} that fit.");
        byte[] pixels = new byte[records * ImageLength], labels = new byte[records];
        int done = 0;
        foreach (string file in files) done += Read(file, labelBytes, classes, pixels.AsSpan(done * ImageLength), labels.AsSpan(done));
        string what = $"CIFAR-{classes}, binary version";
        return new CifarDataset(ImageLayout.Title(path, what), pixels, ClassLabels.Named(labels.Select(label => (int)label), Names(files[0], classes)));
    }

    /// <summary>The files of a folder that hold a part; null where it holds no CIFAR.</summary>
    /// <exception cref="InvalidDataException">It has no such part.</exception>
    internal static string[]? FilesIn(string folder, DataSplit split)
    {
        foreach (string place in Places)
        {
            string below = Path.Combine(folder, place);
            if (!Directory.Exists(below)) continue;
            foreach (bool binary in (bool[])[true, false])
            {
                (DataSplit Split, string File)[] found =
                [
                    .. Files.Where(part => part.Pattern.EndsWith(".bin", StringComparison.Ordinal) == binary)
                        .SelectMany(part => Directory.EnumerateFiles(below, part.Pattern).Order(StringComparer.Ordinal).Select(file => (part.Split, file)))
                        .Where(part => binary || CifarPickle.IsOne(part.file)),
                ];
                if (found.Length == 0) continue;
                string[] files = [.. found.Where(part => split == DataSplit.All || part.Split == split).Select(part => part.File)];
                if (files.Length > 0) return files;
                if (split == DataSplit.Train) continue;
                throw new InvalidDataException($"{folder}: CIFAR has no part {SetParts.Name(split)} here; it has {string.Join(", ", found.Select(part => SetParts.Name(part.Split)).Distinct())}.");
            }
        }
        return null;
    }

    // 3073 and 3074 bytes a record; a file of 3073·3074 records of either kind would be of 29 gigabytes.
    static int LabelBytes(string file)
    {
        long length = new FileInfo(file).Length;
        if (length > 0 && length % (ImageLength + 1) == 0) return 1;
        if (length > 0 && length % (ImageLength + 2) == 0) return 2;
        throw new InvalidDataException(
            $"{file}: {Counted.Of(length, "byte")} are no whole number of records, of {ImageLength + 1} bytes in CIFAR-10 or {ImageLength + 2} in CIFAR-100; "
            + "the file is cut or of another kind.");
    }

    static long Records(string file, int labelBytes) => LabelBytes(file) == labelBytes
        ? new FileInfo(file).Length / (ImageLength + labelBytes)
        : throw new InvalidDataException($"{file}: its records are of another kind than those of the files before it.");

    static int Read(string file, int labelBytes, int classes, Span<byte> pixels, Span<byte> labels)
    {
        using FileStream stream = File.OpenRead(file);
        Span<byte> record = new byte[labelBytes + ImageLength];
        int count = (int)Records(file, labelBytes);
        for (int i = 0; i < count; i++)
        {
            if (stream.ReadAtLeast(record, record.Length, throwOnEndOfStream: false) < record.Length)
                throw new InvalidDataException($"{file}: it became shorter while it was read.");
            labels[i] = record[labelBytes - 1];
            if (labels[i] >= classes)
                throw new InvalidDataException($"{file}: image {i} is of class {labels[i]}; there are 0 to {classes - 1} in CIFAR-{classes}.");
            Interleave(record[labelBytes..], pixels.Slice(i * ImageLength, ImageLength), PlaneBytes);
        }
        return count;
    }

    /// <summary>Planes of red, green and blue as pixels of three.</summary>
    internal static void Interleave(ReadOnlySpan<byte> planes, Span<byte> pixels, int planeBytes)
    {
        for (int p = 0; p < planeBytes; p++)
        {
            for (int c = 0; c < Planes; c++) pixels[p * Planes + c] = planes[c * planeBytes + p];
        }
    }

    static string[] Names(string file, int classes)
    {
        string names = Path.Combine(Path.GetDirectoryName(file) ?? "", classes == 10 ? "batches.meta.txt" : "fine_label_names.txt");
        if (!File.Exists(names) || new FileInfo(names).Length > 1 << 16) return ClassLabels.Numbered(classes);
        string[] lines =
            [.. File.ReadLines(names, Encoding.Latin1).Select(line => ImageLayout.Printable(line.Trim())).Where(line => line.Length > 0).Take(classes + 1)];
        return lines.Length == classes ? lines : ClassLabels.Numbered(classes);
    }
}
