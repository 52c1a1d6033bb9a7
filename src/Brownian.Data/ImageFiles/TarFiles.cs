using System.Formats.Tar;
using System.Globalization;
using Brownian.IO;
using Microsoft.Win32.SafeHandles;

namespace Brownian.Data;

/// <summary>
/// The files of a tar archive, read where they lie. A compressed one is inflated once into a temporary file, and its checksum verified.
/// Links, and whatever else is no plain file, are passed over; nothing is written under an entry's name.
/// </summary>
sealed class TarFiles : IFilePlace
{
    const int MaxEntryBytes = 1 << 28, BlockBytes = 512;

    readonly Dictionary<string, (long At, int Bytes, DateTimeOffset Time)> _entries = new(StringComparer.Ordinal);
    readonly FileStream _file;

    /// <exception cref="InvalidDataException">The archive is damaged; the message begins with its path.</exception>
    /// <exception cref="IOException">It cannot be read, or there is no room to inflate it.</exception>
    public TarFiles(string path)
    {
        Path = path;
        FileStream archive = File.OpenRead(path);
        bool compressed = archive.ReadByte() == 0x1F && archive.ReadByte() == 0x8B;
        archive.Position = 0;
        _file = compressed ? Inflated(path, archive) : archive;
        try
        {
            long end = 0;
            using var reader = new TarReader(_file, leaveOpen: true);
            while (reader.GetNextEntry() is { } entry)
            {
                if (entry.DataOffset > 0) end = Math.Max(end, entry.DataOffset + (entry.Length + BlockBytes - 1) / BlockBytes * BlockBytes);
                if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile)) continue;
                if (entry.DataOffset < 0) continue;     // an empty file
                if (entry.Length > _file.Length - entry.DataOffset) throw new InvalidDataException("it ends in the middle of a file");
                if (entry.Length > MaxEntryBytes) throw new InvalidDataException($"{ImageLayout.Printable(entry.Name)} has {Counted.Of(entry.Length, "byte")}");
                string name = entry.Name.StartsWith("./", StringComparison.Ordinal) ? entry.Name[2..] : entry.Name;
                _entries[name] = (entry.DataOffset, (int)entry.Length, entry.ModificationTime);
            }
            RequireEnd(end);
        }
        catch (Exception e) when (e is InvalidDataException or IOException or FormatException or ArgumentException or OverflowException)
        {
            _file.Dispose();
            throw new InvalidDataException($"{path}: the tar archive is damaged: {e.Message.TrimEnd('.')}; fetch it again.", e);
        }
    }

    public string Path { get; }

    public IEnumerable<string> Names => _entries.Keys;

    SafeFileHandle Handle => _file.SafeFileHandle;

    /// <summary>Whether a file is called as tar archives are.</summary>
    public static bool HasEnding(string path) =>
        ((string[])[".tar", ".tar.gz", ".tgz"]).Any(ending => path.EndsWith(ending, StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether a file begins like a tar archive: POSIX and GNU write "ustar" at byte 257.</summary>
    public static bool Begins(ReadOnlySpan<byte> start) => start.Length >= 262 && start[257..].StartsWith("ustar"u8);

    public string NameOf(string name) => $"{Path}: {ImageLayout.Printable(name)}";

    public string StampOf(string name) =>
        string.Create(CultureInfo.InvariantCulture, $"{_entries[name].Bytes} {_entries[name].Time.UtcTicks}");

    public byte[] Read(string name)
    {
        (long at, int count, _) = _entries[name];
        byte[] bytes = new byte[count];
        for (int done = 0; done < count;)
        {
            int read = RandomAccess.Read(Handle, bytes.AsSpan(done), at + done);
            if (read == 0) throw new InvalidDataException($"{NameOf(name)}: the archive became shorter while it was read.");
            done += read;
        }
        return bytes;
    }

    public void Dispose() => _file.Dispose();

    // Two blocks of zeros end an archive, of which one may be missing; without any it was cut between two files.
    void RequireEnd(long end)
    {
        byte[] block = new byte[BlockBytes];
        if (RandomAccess.Read(Handle, block, end) < BlockBytes || block.AsSpan().ContainsAnyExcept((byte)0))
            throw new InvalidDataException("it ends without the mark of its end, so it is cut off");
    }

    static FileStream Inflated(string path, FileStream archive)
    {
        FileStream file = TemporaryFile.Create();
        try
        {
            using (var inflated = new CheckedGZip(archive, path)) inflated.CopyTo(file);
            file.Position = 0;
            return file;
        }
        catch (Exception e)
        {
            file.Dispose();
            if (e is IOException) throw new IOException($"{path}: cannot be inflated into {TemporaryFile.Folder}: {e.Message.TrimEnd('.')}; let TMPDIR name a folder with room, or unpack it yourself.", e);
            throw;
        }
    }
}
