namespace Brownian.Cli;

/// <summary>Files that a command is going to write.</summary>
static class Target
{
    /// <summary>Refuses what would fail after long work: a file that is there already, or a folder that cannot be made.</summary>
    /// <exception cref="IOException">The file exists and must not be replaced, or its folder cannot be made.</exception>
    public static void Check(string path, bool overwrite)
    {
        if (path.Length == 0) throw new ArgumentException("an empty path names no file.");
        if (Directory.Exists(path)) throw new IOException($"{path}: a folder; give the name of a file.");
        if (File.Exists(path) && !overwrite) throw new IOException($"{path}: exists already; choose another name or add --force.");
        Folder(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>Makes a folder where there is none.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    public static void Folder(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{path}: the folder cannot be made: {e.Message}", e);
        }
    }
}
