namespace Brownian.Data;

/// <summary>Files for what memory has no room for: without a name, so that they are gone even after a crash.</summary>
static class TemporaryFile
{
    /// <summary>Where they lie. /tmp is memory on many systems, which is what runs short; /var/tmp is a disk.</summary>
    public static string Folder =>
        Environment.GetEnvironmentVariable("TMPDIR") is null && !OperatingSystem.IsWindows() && Directory.Exists("/var/tmp")
            ? "/var/tmp" : Path.GetTempPath();

    /// <exception cref="IOException">It cannot be made.</exception>
    public static FileStream Create()
    {
        string path = Path.Combine(Folder, $"brownian-images-{Guid.NewGuid():N}.tmp");
        var file = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Delete, 1 << 20, FileOptions.DeleteOnClose);
        // Windows keeps a name while the file is open, and removes both.
        if (!OperatingSystem.IsWindows()) File.Delete(path);
        return file;
    }
}
