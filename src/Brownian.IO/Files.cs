using System.Security.Cryptography;

namespace Brownian.IO;

/// <summary>Folders that appear and disappear whole, hashes, and errors that name the path.</summary>
public static class Files
{
    /// <summary>Fills a new folder under another name and renames it, so that it appears whole or not at all.</summary>
    /// <param name="path">The folder to make.</param>
    /// <param name="mayReplace">Whether a folder of that name that is not empty gives way.</param>
    /// <param name="write">Fills the folder that it is given.</param>
    /// <exception cref="IOException">There is something of that name that does not give way, or it cannot be written.</exception>
    public static void WriteFolder(string path, Predicate<string> mayReplace, Action<string> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(mayReplace);
        path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (File.Exists(path)) throw new IOException($"{path}: a file of that name exists.");
        if (Directory.Exists(path) && !mayReplace(path) && Directory.EnumerateFileSystemEntries(path).Any())
            throw new IOException($"{path}: the folder exists and is not empty; choose another name.");
        string parent = Path.GetDirectoryName(path) ?? throw new IOException($"{path}: it needs a folder of its own.");
        string staging = Path.Combine(parent, $".new-{Guid.NewGuid():N}");
        Naming(path, () =>
        {
            try
            {
                Directory.CreateDirectory(staging);
                write(staging);
                DeleteFolder(path);
                Directory.Move(staging, path);
            }
            catch (Exception e)
            {
                DeleteFolder(staging);
                // What failed names the temporary folder, which nobody asked for.
                string message = e.Message.Replace(staging, path, StringComparison.Ordinal);
                if (message == e.Message) throw;
                if (e is InvalidDataException) throw new InvalidDataException(message, e);
                if (e is DirectoryNotFoundException or FileNotFoundException) throw new IOException($"{path}: the folder cannot be made; choose another place.", e);
                if (e is IOException or UnauthorizedAccessException) throw new IOException(message, e);
                throw;
            }
        });
    }

    /// <summary>Renames first, so that whoever looks never finds half a folder under its name. Failures are left for the next clean-up.</summary>
    /// <param name="path">The folder; it need not exist.</param>
    public static void DeleteFolder(string path)
    {
        try
        {
            if (!Directory.Exists(path)) return;
            string doomed = Path.Combine(Path.GetDirectoryName(path)!, $".old-{Guid.NewGuid():N}");
            Directory.Move(path, doomed);
            Directory.Delete(doomed, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }

    /// <summary>Of the contents of files, one after the other, in hexadecimal.</summary>
    /// <param name="paths">The files.</param>
    public static string Sha256(params IEnumerable<string> paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[1 << 16];
        foreach (string path in paths)
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            for (int count = file.Read(buffer); count > 0; count = file.Read(buffer)) hash.AppendData(buffer, 0, count);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Runs <paramref name="action"/>; what the file system refuses becomes an <see cref="IOException"/> that names the path.</summary>
    /// <param name="path">What the action is about.</param>
    /// <param name="action">Reads or writes there.</param>
    public static T Naming<T>(string path, Func<T> action)
    {
        ArgumentNullException.ThrowIfNull(action);
        try
        {
            return action();
        }
        catch (Exception e) when (e is UnauthorizedAccessException || (e is IOException && !e.Message.Contains(path, StringComparison.Ordinal)))
        {
            throw new IOException($"{path}: {e.Message}", e);
        }
    }

    /// <inheritdoc cref="Naming{T}(string, Func{T})"/>
    public static void Naming(string path, Action action) => Naming(path, () =>
    {
        action();
        return true;
    });
}
