using System.IO.Compression;

namespace Brownian.Tests;

/// <summary>What gzip says of its content is checked.</summary>
public sealed class CheckedGZipTests
{
    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 2)]
    [InlineData(8191, 1)]
    [InlineData(8192, 2)]
    [InlineData(70_000, 3)]
    public void Members_of_any_length_come_out_whole(int length, int members)
    {
        foreach (CompressionLevel level in (CompressionLevel[])[CompressionLevel.NoCompression, CompressionLevel.Optimal])
        {
            byte[] content = Noise(length);
            byte[] packed = [.. Enumerable.Repeat(Packed(content, level), members).SelectMany(bytes => bytes)];
            Assert.Equal(Enumerable.Repeat(content, members).SelectMany(bytes => bytes), Inflated(packed));
            Assert.Equal(length * members, Inflated([.. packed, .. new byte[100_000]]).Length);
        }
    }

    [Fact]
    public void Names_comments_and_extra_fields_of_a_header_are_skipped()
    {
        byte[] plain = Packed([1, 2, 3], CompressionLevel.Optimal);
        byte[] header = [0x1F, 0x8B, 8, 2 | 4 | 8 | 16, 0, 0, 0, 0, 0, 3, 2, 0, 9, 9, .. "name\0comment\0"u8, 1, 1];
        Assert.Equal([1, 2, 3], Inflated([.. header, .. plain[10..]]));
    }

    [Theory]
    [InlineData(CompressionLevel.NoCompression)]
    [InlineData(CompressionLevel.Optimal)]
    public void Lost_changed_and_added_bytes_are_noticed_wherever_they_are(CompressionLevel level)
    {
        byte[] good = Packed(Noise(3000), level);
        for (int at = 10; at < good.Length; at += 7)
        {
            foreach (int lost in (int[])[1, 4, 8, 9])
            {
                if (at + lost <= good.Length) AssertDamaged([.. good[..at], .. good[(at + lost)..]]);
            }
            byte[] changed = [.. good];
            changed[at] ^= 1;
            AssertDamaged(changed);
        }
        AssertDamaged([.. good, 1]);
        AssertDamaged([.. good, .. good[..^1]]);
    }

    static void AssertDamaged(byte[] packed) =>
        Assert.StartsWith("x.gz: the gzip data are damaged", Assert.Throws<InvalidDataException>(() => Inflated(packed)).Message, StringComparison.Ordinal);

    static byte[] Noise(int length)
    {
        byte[] noise = new byte[length];
        new Random(5).NextBytes(noise);
        return noise;
    }

    static byte[] Packed(byte[] content, CompressionLevel level)
    {
        using var target = new MemoryStream();
        using (var gzip = new GZipStream(target, level, leaveOpen: true)) gzip.Write(content);
        // .NET writes nothing at all for nothing.
        return target.Length > 0 ? target.ToArray() : [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    }

    static byte[] Inflated(byte[] packed)
    {
        using var stream = new CheckedGZip(new MemoryStream(packed), "x.gz");
        using var target = new MemoryStream();
        stream.CopyTo(target);
        return target.ToArray();
    }
}
