using System.Text;

namespace Brownian.Tests;

/// <summary>A folder for the files of one test, gone afterwards.</summary>
sealed class ScratchFolder : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("brownian-").FullName;

    public string Path(string name) => System.IO.Path.Combine(Root, name);

    public string Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    /// <summary>Writes a file, and the folders above it.</summary>
    public string Write(string name, byte[] content)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path(name))!);
        File.WriteAllBytes(Path(name), content);
        return Path(name);
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
