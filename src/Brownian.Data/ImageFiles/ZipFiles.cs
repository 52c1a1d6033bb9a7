using System.Globalization;
using System.IO.Compression;
using Brownian.IO;

namespace Brownian.Data;

/// <summary>
/// The files of a zip archive, read by one thread at a time. The names of entries are labels and nothing else: nothing is written under
/// them. What an entry says of its size is believed only as far as deflate could keep it, and its checksum is verified.
/// </summary>
sealed class ZipFiles : IFilePlace
{
    /// <summary>Inflated: 16 bytes for each of 2²⁴ pixels.</summary>
    const int MaxEntryBytes = 1 << 28;

    // Deflate's densest code is 258 bytes for 2 bits, so no entry inflates by more than this.
    const long DeflateLimit = 1032;

    readonly ZipArchive _archive;
    readonly Dictionary<string, ZipArchiveEntry> _entries = new(StringComparer.Ordinal);
    readonly Lock _turn = new();

    /// <exception cref="InvalidDataException">The archive is damaged; the message begins with its path.</exception>
    public ZipFiles(string path)
    {
        Path = path;
        FileStream file = File.OpenRead(path);
        try
        {
            _archive = new ZipArchive(file, ZipArchiveMode.Read);
            long packed = 0;
            foreach (ZipArchiveEntry entry in _archive.Entries)
            {
                packed += entry.CompressedLength;
                _entries.TryAdd(entry.FullName, entry);
            }
            // Entries that share their bytes are how a small archive becomes petabytes.
            if (packed < 0 || packed > file.Length)
                throw new InvalidDataException($"its entries claim {packed} bytes of the {file.Length} that the file has");
        }
        catch (Exception e) when (IsDamage(e))
        {
            file.Dispose();
            throw new InvalidDataException($"{path}: the zip archive is damaged: {e.Message.TrimEnd('.')}; fetch it again.", e);
        }
    }

    public string Path { get; }

    public IEnumerable<string> Names => _entries.Keys.Where(name => !name.EndsWith('/'));

    public static bool Begins(ReadOnlySpan<byte> start) =>
        start.StartsWith("PK\u0003\u0004"u8) || start.StartsWith("PK\u0005\u0006"u8) || start.StartsWith("PK\u0007\u0008"u8);

    public string NameOf(string name) => $"{Path}: {ImageLayout.Printable(name)}";

    public string StampOf(string name) => string.Create(CultureInfo.InvariantCulture, $"{_entries[name].Length} {_entries[name].Crc32:x8}");

    public byte[] Read(string name)
    {
        ZipArchiveEntry entry = _entries[name];
        lock (_turn)
        {
            (long inflated, long packed) = (entry.Length, entry.CompressedLength);
            if (entry.IsEncrypted) throw new InvalidDataException($"{NameOf(name)}: the entry is encrypted; unpack the archive with its password.");
            if (inflated is < 0 or > MaxEntryBytes || inflated > (packed + 1) * DeflateLimit)
                throw new InvalidDataException($"{NameOf(name)}: the entry claims to inflate from {packed} to {inflated} bytes, which is refused.");
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
                throw new InvalidDataException($"{NameOf(name)}: {e.Message.TrimEnd('.')}.", e);
            }
            return bytes;
        }
    }

    public void Dispose() => _archive.Dispose();

    // What System.IO.Compression throws at archives that were changed by chance.
    static bool IsDamage(Exception e) =>
        e is InvalidDataException or IOException or ArgumentException or OverflowException or NotSupportedException or IndexOutOfRangeException;
}
