using System.IO.Compression;
using Brownian.Imaging;

namespace Brownian.Data;

/// <summary>
/// The image files in one or several zip archives. The names of entries are labels and nothing else: nothing is written under them. What
/// an entry says of its size is believed only as far as deflate could keep it, and its checksum is verified.
/// </summary>
sealed class ZipImages : IImageSource
{
    /// <summary>Inflated: 16 bytes for each of 2²⁴ pixels.</summary>
    const int MaxEntryBytes = 1 << 28;

    // Deflate's densest code is 258 bytes for 2 bits, so no entry inflates by more than this.
    const long DeflateLimit = 1032;

    readonly (ZipFileReader Zip, ZipArchiveEntry Entry)[] _entries;
    readonly ZipFileReader[] _zips;
    readonly int[] _labels;

    ZipImages(string path, ZipFileReader[] zips, bool folder)
    {
        _zips = zips;
        Classes = [.. zips.SelectMany(zip => zip.Images.Classes).Distinct().Order(StringComparer.Ordinal)];
        string[] classes = [.. Classes];
        _entries = [.. zips.SelectMany(zip => zip.Entries.Select(entry => (zip, entry)))];
        _labels =
        [
            .. zips.SelectMany(zip => Enumerable.Range(0, zip.Entries.Length).Select(i =>
                zip.Images.Label(i) < 0 ? -1 : Array.BinarySearch(classes, zip.Images.Classes[zip.Images.Label(i)], StringComparer.Ordinal))),
        ];
        string what = folder ? $"{string.Join(" and ", zips.Select(zip => Path.GetFileName(zip.Path)))} in it" : "a zip of images";
        Title = ImageNames.Title(path, what, zips.Sum(zip => zip.Images.HeldOut), [.. zips.SelectMany(zip => zip.Images.Foreign)]);
    }

    public string Title { get; }

    public int Count => _entries.Length;

    public IReadOnlyList<string> Classes { get; }

    public bool IsPictures => true;

    /// <summary>Opens one archive, or those of a folder.</summary>
    /// <param name="path">The archive or the folder.</param>
    /// <param name="archives">The archives.</param>
    /// <exception cref="InvalidDataException">An archive is damaged, or there are no images; the message begins with its path.</exception>
    public static ZipImages Open(string path, params string[] archives)
    {
        var zips = new List<ZipFileReader>();
        try
        {
            foreach (string archive in archives) zips.Add(new ZipFileReader(archive));
            if (zips.All(zip => zip.Entries.Length == 0))
                throw ImageNames.None(path, "in it", [.. zips.SelectMany(zip => zip.Images.Foreign)]);
            return new ZipImages(path, [.. zips], folder: archives is not [string only] || only != path);
        }
        catch
        {
            foreach (ZipFileReader zip in zips) zip.Dispose();
            throw;
        }
    }

    public int Label(int index) => _labels[index];

    public string NameOf(int index) => $"{_entries[index].Zip.Path}: {ImageNames.Printable(_entries[index].Entry.FullName)}";

    public Image Read(int index)
    {
        (ZipFileReader zip, ZipArchiveEntry entry) = _entries[index];
        string name = NameOf(index);
        // Decoding, which takes longer than inflating, is left to the caller's thread.
        return ImageFile.Decode(zip.Read(entry, name), name, atFullDepth: true);
    }

    public void Dispose()
    {
        foreach (ZipFileReader zip in _zips) zip.Dispose();
    }

    /// <summary>One archive, read by one thread at a time.</summary>
    sealed class ZipFileReader : IDisposable
    {
        readonly ZipArchive _archive;
        readonly Lock _turn = new();

        public ZipFileReader(string path)
        {
            Path = path;
            FileStream file = File.OpenRead(path);
            try
            {
                _archive = new ZipArchive(file, ZipArchiveMode.Read);
                Dictionary<string, ZipArchiveEntry> byName = new(StringComparer.Ordinal);
                long packed = 0;
                foreach (ZipArchiveEntry entry in _archive.Entries)
                {
                    packed += entry.CompressedLength;
                    byName.TryAdd(entry.FullName, entry);
                }
                // Entries that share their bytes are how a small archive becomes petabytes.
                if (packed < 0 || packed > file.Length)
                    throw new InvalidDataException($"its entries claim {packed} bytes of the {file.Length} that the file has");
                Images = new ImageNames(byName.Keys, wrapped: true);
                Entries = [.. Images.Names.Select(name => byName[name])];
            }
            catch (Exception e) when (IsDamage(e))
            {
                file.Dispose();
                throw new InvalidDataException($"{path}: the zip archive is damaged: {e.Message.TrimEnd('.')}; fetch it again.", e);
            }
        }

        public string Path { get; }

        public ImageNames Images { get; }

        public ZipArchiveEntry[] Entries { get; }

        public byte[] Read(ZipArchiveEntry entry, string name)
        {
            lock (_turn)
            {
                (long inflated, long packed) = (entry.Length, entry.CompressedLength);
                if (entry.IsEncrypted) throw new InvalidDataException($"{name}: the entry is encrypted; unpack the archive with its password.");
                if (inflated is < 0 or > MaxEntryBytes || inflated > (packed + 1) * DeflateLimit)
                    throw new InvalidDataException($"{name}: the entry claims to inflate from {packed} to {inflated} bytes, which is refused.");
                byte[] bytes = new byte[inflated];
                try
                {
                    using Stream stream = entry.Open();
                    int read = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
                    if (read < bytes.Length || stream.ReadByte() >= 0)
                        throw new InvalidDataException($"the entry does not have the {inflated} bytes that it claims");
                    if (Crc32.Of(bytes) != entry.Crc32) throw new InvalidDataException("the entry's checksum is wrong");
                }
                catch (Exception e) when (IsDamage(e))
                {
                    throw new InvalidDataException($"{name}: {e.Message.TrimEnd('.')}.", e);
                }
                return bytes;
            }
        }

        public void Dispose() => _archive.Dispose();

        // What System.IO.Compression throws at archives that were changed by chance.
        static bool IsDamage(Exception e) =>
            e is InvalidDataException or IOException or ArgumentException or OverflowException or NotSupportedException or IndexOutOfRangeException;
    }
}
