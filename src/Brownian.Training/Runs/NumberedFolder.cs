using System.Globalization;

namespace Brownian;

/// <summary>Folders called <c>NNNNN-name</c>, of which each number is given once.</summary>
public static class NumberedFolder
{
    /// <summary>Makes the next one. It is built under another name and renamed, so that it is there whole or not at all.</summary>
    /// <param name="parent">Where it goes; made if absent.</param>
    /// <param name="name">What follows the number.</param>
    /// <param name="fill">Writes what it begins with into the folder that it is given.</param>
    /// <returns>The folder, as an absolute path.</returns>
    /// <exception cref="IOException">It cannot be made or written to.</exception>
    public static string Create(string parent, string name, Action<string> fill)
    {
        parent = Path.GetFullPath(parent);
        return Files.Naming(parent, () =>
        {
            Directory.CreateDirectory(parent);
            using FileStream turn = TakeTurn(parent);
            string path = Path.Combine(parent, string.Create(CultureInfo.InvariantCulture, $"{NextNumber(parent):00000}-{name}"));
            string staging = Path.Combine(parent, $".new-{Guid.NewGuid():N}");
            try
            {
                Directory.CreateDirectory(staging);
                fill(staging);
                Directory.Move(staging, path);
            }
            catch
            {
                Files.DeleteFolder(staging);
                throw;
            }
            return path;
        });
    }

    static FileStream TakeTurn(string parent)
    {
        string path = Path.Combine(parent, ".lock");
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (attempt < 500 && File.Exists(path))
            {
                Thread.Sleep(10);
            }
        }
    }

    static int NextNumber(string parent)
    {
        int last = 0;
        foreach (string folder in Directory.EnumerateFileSystemEntries(parent))
        {
            string name = Path.GetFileName(folder);
            int dash = name.IndexOf('-', StringComparison.Ordinal);
            if (dash >= 5 && int.TryParse(name.AsSpan(0, dash), NumberStyles.None, CultureInfo.InvariantCulture, out int number))
                last = Math.Max(last, number);
        }
        return last + 1;
    }
}
