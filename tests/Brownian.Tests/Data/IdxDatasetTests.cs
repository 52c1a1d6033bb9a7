namespace Brownian.Tests;

public sealed class IdxDatasetTests : IDisposable
{
    readonly ScratchFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Images_and_labels_come_back_whether_or_not_they_are_zipped(bool zip)
    {
        byte[] images = IdxBytes.Images(5, 3, 2), labels = IdxBytes.Labels(3, 0, 1, 2, 1);
        string path = folder.Write("digits", zip ? IdxBytes.Gzip(images) : images);
        string labelsPath = folder.Write("classes", zip ? IdxBytes.Gzip(labels) : labels);

        IdxDataset set = IdxDataset.Open(path, labelsPath);

        Assert.Equal((5, 2, 3, 1), (set.Count, set.Width, set.Height, set.Channels));
        Assert.Equal(["0", "1", "2", "3"], set.Classes);
        Assert.Equal([3, 0, 1, 2, 1], Enumerable.Range(0, 5).Select(set.Label));
        byte[] pixels = new byte[6];
        set.Read(4, pixels);
        Assert.Equal(Enumerable.Range(24, 6).Select(IdxBytes.Element), pixels);
        Assert.Equal("digits: 5 images, 2×3×1, 4 classes", set.Description);
    }

    [Theory]
    [InlineData("train-images-idx3-ubyte", "train-labels-idx1-ubyte")]
    [InlineData("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")]
    [InlineData("train-images-idx3-ubyte", "train-labels-idx1-ubyte.gz")]
    [InlineData("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte")]
    [InlineData("train-images.idx3-ubyte", "train-labels.idx1-ubyte")]
    public void A_folder_is_enough_and_labels_are_found_by_their_name(string images, string labels)
    {
        // Plain content under a name with .gz: the content decides.
        folder.Write(images, IdxBytes.Images(2, 4, 4));
        folder.Write(labels, IdxBytes.Labels(1, 0));
        IdxDataset set = IdxDataset.Open(folder.Root);
        Assert.Equal([1, 0], Enumerable.Range(0, 2).Select(set.Label));
        Assert.Equal(2, set.Classes.Count);
    }

    [Fact]
    public void Without_a_label_file_every_label_is_minus_one()
    {
        IdxDataset set = IdxDataset.Open(folder.Write("train-images-idx3-ubyte", IdxBytes.Images(2, 4, 4)));
        Assert.Empty(set.Classes);
        Assert.Equal(-1, set.Label(1));
    }

    [Fact]
    public void More_than_the_first_block_is_read_whole()
    {
        string path = folder.Write("large.gz", IdxBytes.Gzip(IdxBytes.Images(70, 181, 197)));
        IdxDataset set = IdxDataset.Open(path);
        byte[] pixels = new byte[181 * 197];
        set.Read(69, pixels);
        Assert.Equal(Enumerable.Range(69 * 181 * 197, 181 * 197).Select(IdxBytes.Element), pixels);
    }

    [Fact]
    public void A_missing_file_or_an_empty_folder_is_named()
    {
        string nowhere = Path.Combine(folder.Root, "nowhere");
        Assert.StartsWith(nowhere, Assert.Throws<FileNotFoundException>(() => IdxDataset.Open(nowhere)).Message, StringComparison.Ordinal);
        var e = Assert.Throws<FileNotFoundException>(() => IdxDataset.Open(folder.Root));
        Assert.StartsWith(folder.Root, e.Message, StringComparison.Ordinal);
        Assert.Contains("train-images-idx3-ubyte", e.Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, byte[], string> Damaged()
    {
        byte[] good = IdxBytes.Images(3, 4, 5);
        byte[] none = [];
        return new()
        {
            { "empty file", none, "magic number" },
            { "half a magic number", good[..3], "magic number" },
            { "wrong magic", [0x89, .. good[1..]], "magic number" },
            { "type code of floats", IdxBytes.File(0xD03, [3, 4, 5], new byte[60]), "type code" },
            { "rank of labels", IdxBytes.Labels(1, 2, 3), "rank" },
            { "rank of films", IdxBytes.File(0x805, [1, 1, 4, 5, 3], new byte[60]), "rank" },
            { "cut in the dimensions", good[..15], "dimensions" },
            { "cut in the elements", good[..^1], "elements are truncated" },
            { "no elements", good[..16], "elements are truncated" },
            { "trailing byte", [.. good, 0], "trailing bytes" },
            { "zero images", IdxBytes.File(0x803, [0, 4, 5], none), "dimension 0" },
            { "zero height", IdxBytes.File(0x803, [3, 0, 5], none), "dimension 1" },
            { "zero width", IdxBytes.File(0x803, [3, 4, 0], none), "dimension 2" },
            { "negative width", IdxBytes.File(0x803, [3, 4, 0x8000_0000], new byte[60]), "dimension 2" },
            { "two gigabytes announced", IdxBytes.File(0x803, [2_000_000, 28, 28], new byte[60]), "elements are truncated" },
            { "more than an array holds", IdxBytes.File(0x803, [60000, 28000, 28], new byte[60]), "dimensions" },
            { "product overflows 64 bits", IdxBytes.File(0x803, [0x7FFF_FFFF, 0x7FFF_FFFF, 0x7FFF_FFFF], new byte[60]), "dimensions" },
        };
    }

    [Theory]
    [MemberData(nameof(Damaged))]
    public void Damage_is_named_with_its_file_and_field(string kind, byte[] content, string field)
    {
        // The file system accepts any kind as a name.
        string plain = folder.Write(kind, content), zipped = folder.Write(kind + ".gz", IdxBytes.Gzip(content));
        foreach (string path in new[] { plain, zipped })
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            var e = Assert.Throws<InvalidDataException>(() => IdxDataset.Open(path));
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.StartsWith(path + ": ", e.Message, StringComparison.Ordinal);
            Assert.Contains(field, e.Message, StringComparison.Ordinal);
            Assert.True(allocated < 4 << 20, $"{kind}: allocated {allocated} bytes");
        }
    }

    [Fact]
    public void A_zipped_header_that_announces_much_more_than_follows_is_truncated()
    {
        // 3 MB of zeros and 1 KB of noise shrink to 4 KB; the header announces 3.1 MB, which such a file could hold.
        byte[] elements = new byte[3_000_000];
        new Random(1).NextBytes(elements.AsSpan(0, 1000));
        byte[] content = IdxBytes.File(0x803, [3100, 100, 10], elements);
        string path = folder.Write("bomb.gz", IdxBytes.Gzip(content));
        var e = Assert.Throws<InvalidDataException>(() => IdxDataset.Open(path));
        Assert.Contains("announced 3100000 (3100×100×10), found at most 3000000", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_way_of_cutting_or_spoiling_a_gzip_file_is_noticed()
    {
        byte[] good = IdxBytes.Gzip(IdxBytes.Images(3, 9, 5));
        for (int length = 2; length < good.Length; length++)
            AssertDamaged(good[..length], $"cut to {length}");
        for (int at = good.Length - 8; at < good.Length; at++)
            AssertDamaged(Spoiled(good, at), $"trailer byte {at}");
        AssertDamaged(Spoiled(good, good.Length / 2), "a byte in the middle");
        AssertDamaged([.. good, 1, 2, 3, 4], "trailing bytes");
        AssertDamaged([0x1F, 0x8B], "only the magic");
    }

    [Fact]
    public void Spoiled_bytes_anywhere_never_raise_anything_else()
    {
        byte[] plain = IdxBytes.Images(3, 9, 5);
        foreach (byte[] content in new[] { plain, IdxBytes.Gzip(plain) })
        {
            for (int at = 0; at < content.Length; at++)
            {
                string path = folder.Write("spoiled", Spoiled(content, at));
                Exception? e = Record.Exception(() => IdxDataset.Open(path));
                if (e is not null)
                    Assert.StartsWith(path, Assert.IsType<InvalidDataException>(e).Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void Labels_must_be_as_many_as_images_and_undamaged()
    {
        string images = folder.Write("images", IdxBytes.Images(3, 4, 5));
        string few = folder.Write("few", IdxBytes.Labels(1, 2)), swapped = folder.Write("swapped", IdxBytes.Images(3, 4, 5));

        var e = Assert.Throws<InvalidDataException>(() => IdxDataset.Open(images, few));
        Assert.Equal($"{few}: 2 labels, but {images} has 3 images.", e.Message);
        e = Assert.Throws<InvalidDataException>(() => IdxDataset.Open(images, swapped));
        Assert.Equal($"{swapped}: the rank is 3 instead of 1 (labels).", e.Message);
    }

    [Fact]
    public void Reading_checks_the_index_and_the_target()
    {
        IdxDataset set = IdxDataset.Open(folder.Write("images", IdxBytes.Images(3, 4, 5)));
        Assert.Throws<ArgumentOutOfRangeException>(() => set.Read(3, new byte[20]));
        Assert.Throws<ArgumentOutOfRangeException>(() => set.Read(-1, new byte[20]));
        Assert.Throws<ArgumentOutOfRangeException>(() => set.Label(3));
        var e = Assert.Throws<ArgumentException>(() => set.Read(0, new byte[21]));
        Assert.Contains("needs 20 bytes, the target has 21", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", 60000, 1567298545L, new[] { 5, 0, 4, 1, 9, 2, 1, 3, 1, 4 }, new[] { 27525, 31095 }, 20920, 8)]
    [InlineData("t10k-images-idx3-ubyte.gz", 10000, 264923200L, new[] { 7, 2, 1, 0, 4, 1, 4, 9, 5, 9 }, new[] { 18454, 28850 }, 41833, 6)]
    public void Mnist_has_the_sums_that_another_reader_found(
        string file, int count, long sum, int[] firstLabels, int[] firstSums, long lastSum, int lastLabel)
    {
        IdxDataset set = IdxDataset.Open(Path.Combine(Fixtures.Data("mnist"), file));
        Assert.Equal((count, 28, 28), (set.Count, set.Width, set.Height));
        Assert.Equal(10, set.Classes.Count);
        Assert.Equal(firstLabels, Enumerable.Range(0, 10).Select(set.Label));
        Assert.Equal(lastLabel, set.Label(count - 1));

        byte[] pixels = new byte[784];
        long[] sums = new long[count];
        for (int i = 0; i < count; i++)
        {
            set.Read(i, pixels);
            foreach (byte pixel in pixels)
                sums[i] += pixel;
        }
        Assert.Equal(firstSums.Select(s => (long)s), sums[..2]);
        Assert.Equal(lastSum, sums[^1]);
        Assert.Equal(sum, sums.Sum());
    }

    void AssertDamaged(byte[] content, string how)
    {
        string path = folder.Write("damaged.gz", content);
        Exception? e = Record.Exception(() => IdxDataset.Open(path));
        Assert.True(e is InvalidDataException && e.Message.StartsWith(path, StringComparison.Ordinal), $"{how}: {e}");
    }

    static byte[] Spoiled(byte[] content, int at)
    {
        byte[] spoiled = [.. content];
        spoiled[at] ^= 0x5A;
        return spoiled;
    }
}
