namespace Brownian.Imaging;

/// <summary>Writes a file under a temporary name beside its target and renames it: a reader sees the whole file or none.</summary>
static class AtomicFile
{
    /// <exception cref="IOException">The file exists and <paramref name="overwrite"/> is false, or the disk failed.</exception>
    public static void Write(string path, ReadOnlySpan<byte> bytes, bool overwrite)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        RefuseExisting(path, overwrite);
        string full = Path.GetFullPath(path);
        if (!Directory.Exists(Path.GetDirectoryName(full)))
            throw new DirectoryNotFoundException($"{path}: its folder does not exist; create it first.");
        string temporary = Path.Combine(Path.GetDirectoryName(full)!, $".{Path.GetFileName(full)}.{Guid.NewGuid():N}.tmp");
        try
        {
            using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                file.Write(bytes);
                file.Flush(flushToDisk: true);
            }
            RefuseExisting(path, overwrite);
            File.Move(temporary, full, overwrite);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    static void RefuseExisting(string path, bool overwrite)
    {
        if (!overwrite && File.Exists(path)) throw new IOException($"{path}: the file exists; choose another name or allow overwriting.");
    }
}
