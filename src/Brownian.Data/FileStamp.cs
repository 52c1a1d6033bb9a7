namespace Brownian.Data;

/// <summary>What changes when a file does.</summary>
static class FileStamp
{
    /// <summary>Name, size and time; the name alone where there is no such file.</summary>
    public static string Of(string path)
    {
        var file = new FileInfo(path);
        return file.Exists ? $"{file.Name} {file.Length} {file.LastWriteTimeUtc.Ticks}" : file.Name;
    }
}
