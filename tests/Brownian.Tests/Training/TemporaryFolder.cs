namespace Brownian.Tests.Training;

/// <summary>A folder for one test, gone afterwards.</summary>
sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder() => FullPath = Directory.CreateTempSubdirectory("brownian-").FullName;

    public string FullPath { get; }

    public string File(string name) => Path.Combine(FullPath, name);

    public string Write(string name, string text)
    {
        System.IO.File.WriteAllText(File(name), text);
        return File(name);
    }

    public void Dispose() => Directory.Delete(FullPath, recursive: true);
}
