using System.Buffers.Binary;
using System.IO.Compression;

namespace Brownian.Tests;

/// <summary>Makes IDX files by hand, good ones and bad ones.</summary>
static class IdxBytes
{
    /// <summary>Any magic, sizes and content, whether they fit each other or not.</summary>
    public static byte[] File(uint magic, uint[] sizes, byte[] elements)
    {
        byte[] header = new byte[4 + 4 * sizes.Length];
        BinaryPrimitives.WriteUInt32BigEndian(header, magic);
        for (int d = 0; d < sizes.Length; d++)
            BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(4 + 4 * d), sizes[d]);
        return [.. header, .. elements];
    }

    /// <summary>Element e is e·7 + 1 modulo 256.</summary>
    public static byte[] Images(int count, int height, int width) =>
        File(0x803, [(uint)count, (uint)height, (uint)width], [.. Enumerable.Range(0, count * height * width).Select(Element)]);

    public static byte[] Labels(params byte[] labels) => File(0x801, [(uint)labels.Length], labels);

    public static byte Element(int e) => (byte)(e * 7 + 1);

    public static byte[] Gzip(byte[] content)
    {
        using var target = new MemoryStream();
        using (var gzip = new GZipStream(target, CompressionLevel.Optimal, leaveOpen: true))
            gzip.Write(content);
        return target.ToArray();
    }
}
