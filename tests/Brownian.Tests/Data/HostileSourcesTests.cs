using System.Buffers.Binary;
using System.Diagnostics;
using System.IO.Compression;

namespace Brownian.Tests;

/// <summary>Damaged and hostile sets: each gives images or one clear error, soon and without gigabytes.</summary>
public sealed class HostileSourcesTests : IDisposable
{
    static readonly ImagePreparation How = new(4, 4, 1);

    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Mutated_zips_and_cifar_files_give_images_or_errors()
    {
        byte[] png = PngBytes.File(3, 1, [1, 2, 3, 4, 5, 6]);
        byte[] zip = ZipBytes.File(("a/1.png", png), ("b/2.png", png)), stored = ZipBytes.File(CompressionLevel.NoCompression, ("a/1.png", png));
        byte[] cifar = CifarBytes.File([1], [2]);
        var random = new Random(7);
        int good = 0, refused = 0;
        for (int i = 0; i < 600; i++)
        {
            (byte[] original, string name) = (i % 3) switch { 0 => (zip, "m.zip"), 1 => (stored, "m.zip"), _ => (cifar, "m.bin") };
            string path = _folder.Write(name, Mutated(original, random));
            try
            {
                Prepared.Open(path, How).Dispose();
                good++;
            }
            catch (InvalidDataException e)
            {
                Assert.StartsWith(path, e.Message, StringComparison.Ordinal);
                refused++;
            }
        }
        Assert.True(good > 20 && refused > 100, $"{good} opened, {refused} refused");
    }

    [Fact]
    public void Damaged_golden_images_are_skipped_or_stop_a_strict_training()
    {
        string folder = Fixtures.Golden("images/bad");
        var warnings = new List<string>();
        var clock = Stopwatch.StartNew();
        IImageDataset set = Prepared.Open(folder, How, warnings);
        Assert.InRange(set.Count, 1, 20);
        Assert.Equal(11, warnings.Count);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), $"{clock.Elapsed}");
        Assert.Throws<InvalidDataException>(() => Prepared.Open(folder, How with { Strict = true }));
    }

    [Fact]
    public void An_entry_is_not_believed_when_it_claims_to_inflate_beyond_deflate()
    {
        byte[] png = PngBytes.File(3, 1, [1, 2, 3, 4, 5, 6]), zip = ZipBytes.File(("1.png", png), ("2.png", png));
        int entry = zip.AsSpan().IndexOf("PK\u0001\u0002"u8);
        BinaryPrimitives.WriteUInt32LittleEndian(zip.AsSpan(entry + 24), 0x7000_0000);
        string path = _folder.Write("bomb.zip", zip);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        var warnings = new List<string>();
        Assert.Equal(1, Prepared.Open(path, How, warnings).Count);
        Assert.Contains("1.png", warnings[0], StringComparison.Ordinal);
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 200_000_000);
    }

    [Fact]
    public void Entries_that_share_their_bytes_are_refused()
    {
        byte[] png = PngBytes.File(3, 1, [.. Enumerable.Range(0, 300).Select(i => (byte)(i * i))]);
        byte[] zip = ZipBytes.File(CompressionLevel.NoCompression, ("1.png", png), ("2.png", png));
        int first = zip.AsSpan().IndexOf("PK\u0001\u0002"u8), second = first + 4 + zip.AsSpan(first + 4).IndexOf("PK\u0001\u0002"u8);
        foreach (int entry in (int[])[first, second])
        {
            BinaryPrimitives.WriteInt32LittleEndian(zip.AsSpan(entry + 20), zip.Length);
            BinaryPrimitives.WriteInt32LittleEndian(zip.AsSpan(entry + 24), zip.Length);
        }
        string path = _folder.Write("shared.zip", zip);
        Assert.Contains("entries claim", Assert.Throws<InvalidDataException>(() => Prepared.Open(path, How)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_checksum_is_noticed_in_stored_entries()
    {
        byte[] jpegLike = [0xFF, 0xD8, .. new byte[100]], zip = ZipBytes.File(CompressionLevel.NoCompression, ("1.jpg", jpegLike));
        zip[60] ^= 1;
        string path = _folder.Write("a.zip", zip);
        Assert.Contains("checksum", Assert.Throws<InvalidDataException>(() => Prepared.Open(path, How)).Message, StringComparison.Ordinal);
    }

    static byte[] Mutated(byte[] original, Random random)
    {
        byte[] bytes = [.. original];
        int changes = random.Next(1, 6);
        for (int c = 0; c < changes; c++) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        return random.Next(4) == 0 ? bytes[..random.Next(1, bytes.Length)] : bytes;
    }
}
