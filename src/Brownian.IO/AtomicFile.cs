namespace Brownian.IO;

/// <summary>
/// Writes a file under a temporary name beside its target and renames it at the end: a reader sees the whole file or none. Disposing
/// without <see cref="Commit"/> leaves nothing behind.
/// </summary>
public sealed class AtomicFile : IDisposable
{
    /// <summary>What a process that ends early, such as by Ctrl-C, takes with it.</summary>
    static readonly System.Collections.Concurrent.ConcurrentDictionary<AtomicFile, bool> Unfinished = [];

    readonly string path, full, temporary;
    readonly bool overwrite;
    readonly FileStream stream;
    bool committed;

    static AtomicFile() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        foreach (AtomicFile file in Unfinished.Keys) file.Abandon();
    };

    /// <param name="path">The file to make; its folder must exist.</param>
    /// <param name="overwrite">Replace an existing file.</param>
    /// <param name="bufferSize">Of the stream; 0 for writes of whole files.</param>
    /// <exception cref="IOException">The file exists and <paramref name="overwrite"/> is false, or the disk failed.</exception>
    public AtomicFile(string path, bool overwrite, int bufferSize = 1 << 16)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        (this.path, this.overwrite, full) = (path, overwrite, Path.GetFullPath(path));
        RefuseExisting();
        if (!Directory.Exists(Path.GetDirectoryName(full)))
            throw new DirectoryNotFoundException($"{path}: its folder does not exist; create it first.");
        temporary = Path.Combine(Path.GetDirectoryName(full)!, $".{Path.GetFileName(full)}.{Guid.NewGuid():N}.tmp");
        try
        {
            stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize);
            Unfinished[this] = true;
        }
        catch (FileNotFoundException e)
        {
            throw new IOException($"{path}: nothing new can be made there; choose another folder.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The system names the temporary file, which nobody asked for.
            throw new IOException(e.Message.Replace(temporary, full, StringComparison.Ordinal), e);
        }
    }

    /// <summary>Where the content goes; can seek.</summary>
    public Stream Stream => stream;

    /// <summary>Flushes to disk and gives the file its name.</summary>
    public void Commit()
    {
        stream.Flush(flushToDisk: true);
        stream.Dispose();
        RefuseExisting();
        File.Move(temporary, full, overwrite);
        committed = true;
        Unfinished.TryRemove(this, out _);
    }

    /// <summary>Removes what was not committed.</summary>
    public void Dispose()
    {
        try
        {
            stream.Dispose();
        }
        finally
        {
            Unfinished.TryRemove(this, out _);
            if (!committed) File.Delete(temporary);
        }
    }

    // Its thread may still be writing.
    void Abandon()
    {
        try
        {
            File.Delete(temporary);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A system that deletes no open files keeps it.
        }
    }

    /// <summary>Writes a whole file.</summary>
    /// <param name="path">The file to make; its folder must exist.</param>
    /// <param name="bytes">The content.</param>
    /// <param name="overwrite">Replace an existing file.</param>
    /// <exception cref="IOException">The file exists and <paramref name="overwrite"/> is false, or the disk failed.</exception>
    public static void Write(string path, ReadOnlySpan<byte> bytes, bool overwrite = false)
    {
        using var file = new AtomicFile(path, overwrite, bufferSize: 0);
        file.Stream.Write(bytes);
        file.Commit();
    }

    /// <summary>Writes a whole file of text, as UTF-8.</summary>
    /// <param name="path">The file to make; its folder must exist.</param>
    /// <param name="text">The content.</param>
    /// <param name="overwrite">Replace an existing file.</param>
    /// <exception cref="IOException">The file exists and <paramref name="overwrite"/> is false, or the disk failed.</exception>
    public static void Write(string path, string text, bool overwrite = false) => Write(path, System.Text.Encoding.UTF8.GetBytes(text), overwrite);

    void RefuseExisting()
    {
        if (!overwrite && File.Exists(path)) throw new IOException($"{path}: the file exists; choose another name or allow overwriting.");
    }
}
