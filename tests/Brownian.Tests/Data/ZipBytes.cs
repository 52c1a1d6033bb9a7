using System.IO.Compression;

namespace Brownian.Tests;

/// <summary>Makes zip archives in memory.</summary>
static class ZipBytes
{
    public static byte[] File(params (string Name, byte[] Content)[] entries) => File(CompressionLevel.Optimal, entries);

    public static byte[] File(CompressionLevel level, params (string Name, byte[] Content)[] entries)
    {
        using var target = new MemoryStream();
        using (var zip = new ZipArchive(target, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, byte[] content) in entries)
            {
                using Stream stream = zip.CreateEntry(name, level).Open();
                stream.Write(content);
            }
        }
        return target.ToArray();
    }
}
