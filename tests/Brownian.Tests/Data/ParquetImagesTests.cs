using Parquet;
using Parquet.Schema;

namespace Brownian.Tests;

/// <summary>The Hub's tables of images are sets of images.</summary>
public sealed class ParquetImagesTests : IDisposable
{
    const string Features = """
        {"info": {"features": {"image": {"_type": "Image"}, "label": {"names": ["ant", "bee", "cat"], "_type": "ClassLabel"}}}}
        """;

    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Shards_are_one_set_with_the_names_of_its_classes()
    {
        await Write("set/data/train-00001-of-00002.parquet", [[Gray(5)]], [[2]], Features);
        await Write("set/data/train-00000-of-00002.parquet", [[Gray(1), Gray(2)], [Gray(3), Gray(4)]], [[0, 2], [2, null]], Features);
        await Write("set/data/test-00000-of-00001.parquet", [[Gray(9)]], [[1]], Features);
        foreach (string path in (string[])["set", "set/data"])
        {
            using IImageSource train = ImageSources.Open(_folder.Path(path)), test = ImageSources.Open(_folder.Path(path), new SourceOptions { Split = DataSplit.Test });
            Assert.Equal((5, 1), (train.Count, test.Count));
            Assert.Equal([1, 2, 3, 4, 5], Enumerable.Range(0, 5).Select(i => (int)train.Read(i).Pixels[0]));
            Assert.Equal(5, train.Read(4).Pixels[0]);
            Assert.Equal(["ant", "cat"], train.Classes);
            Assert.Equal([0, 1, 1, -1, 1], Enumerable.Range(0, 5).Select(train.Label));
            Assert.Equal(["train is used; test is left out", "labels: bee: a class without images, and left out"], train.Notes);
            Assert.EndsWith("train-00000-of-00002.parquet: row 3", train.NameOf(3), StringComparison.Ordinal);
            Assert.Equal(["bee"], test.Classes);
            Assert.True(train.IsPictures);
        }
        using IImageSource file = ImageSources.Open(_folder.Path("set/data/test-00000-of-00001.parquet"));
        Assert.Equal(9, file.Read(0).Pixels[0]);
    }

    [Fact]
    public async Task More_groups_than_are_kept_are_read_again_and_from_many_threads()
    {
        await Write("a.parquet", [.. Enumerable.Range(0, 30).Select(g => new[] { Gray((byte)(2 * g)), Gray((byte)(2 * g + 1)) })], null, null);
        using IImageSource source = ImageSources.Open(_folder.Path("a.parquet"));
        Assert.Empty(source.Classes);
        int[] seen = new int[600];
        Parallel.For(0, seen.Length, i => seen[i] = source.Read(i * 7 % 60).Pixels[0]);
        Assert.Equal(Enumerable.Range(0, 600).Select(i => i * 7 % 60), seen);
    }

    [Fact]
    public async Task A_broken_image_is_not_a_broken_table()
    {
        await Write("a.parquet", [[Gray(1), [1, 2, 3], null, Gray(4)]], null, null);
        var warnings = new List<string>();
        using IImageDataset set = Prepared.Open(_folder.Path("a.parquet"), new ImagePreparation(4, 4, 1), warnings);
        Assert.Equal(2, set.Count);
        Assert.Equal(3, warnings.Count);
        Assert.Contains("row 1", warnings[0], StringComparison.Ordinal);
        Assert.Contains("no image", warnings[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("img", true)]
    [InlineData("image", true)]
    [InlineData("face", false)]
    public async Task A_plain_column_of_bytes_is_known_by_its_name(string name, bool known)
    {
        var schema = new ParquetSchema(new DataField<byte[]>(name), new DataField<string>("label"));
        await using (var file = File.Create(_folder.Path("a.parquet")))
        {
            await using ParquetWriter writer = await ParquetWriter.CreateAsync(schema, file, cancellationToken: Cancel);
            using ParquetRowGroupWriter group = writer.CreateRowGroup();
            await group.WriteAsync(schema.DataFields[0], [Gray(7), Gray(8)]);
            await group.WriteAsync(schema.DataFields[1], ["dog", "cat"]);
        }
        string path = _folder.Path("a.parquet");
        if (!known)
        {
            Assert.Equal(
                $"{path}: which of its columns are the images? 'face' may be; rename that column to 'image'.",
                Assert.Throws<InvalidDataException>(() => ImageSources.Open(path)).Message);
            return;
        }
        using IImageSource source = ImageSources.Open(path);
        Assert.Equal(8, source.Read(1).Pixels[0]);
        Assert.Equal(["cat", "dog"], source.Classes);
        Assert.Equal(1, source.Label(0));
    }

    [Fact]
    public async Task Tables_of_other_things_are_told_and_beside_images_left_alone()
    {
        var schema = new ParquetSchema(new DataField<long>("id"));
        await using (var file = File.Create(_folder.Path("a.parquet")))
        {
            await using ParquetWriter writer = await ParquetWriter.CreateAsync(schema, file, cancellationToken: Cancel);
            using ParquetRowGroupWriter group = writer.CreateRowGroup();
            await group.WriteAsync<long>(schema.DataFields[0], new long[] { 1, 2 }, cancellationToken: Cancel);
        }
        Assert.Contains("none of its columns", Assert.Throws<InvalidDataException>(() => ImageSources.Open(_folder.Root)).Message, StringComparison.Ordinal);
        _folder.Write("x.png", Gray(3));
        using IImageSource source = ImageSources.Open(_folder.Root);
        Assert.Equal(3, source.Read(0).Pixels[0]);
    }

    [Fact]
    public async Task Two_sets_in_one_folder_are_named()
    {
        await Write("hub/fine/train-0.parquet", [[Gray(1)]], null, null);
        await Write("hub/coarse/train-0.parquet", [[Gray(1)]], null, null);
        string message = Assert.Throws<InvalidDataException>(() => ImageSources.Open(_folder.Path("hub"))).Message;
        Assert.Contains("2 sets of images are in it, coarse, fine; give one of them", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cut_and_spoiled_tables_give_images_or_one_error()
    {
        await Write("good.parquet", [[Gray(1), Gray(2)], [Gray(3)]], [[0, 1], [2]], Features);
        byte[] good = File.ReadAllBytes(_folder.Path("good.parquet"));
        for (int i = 0; i < 300; i++)
        {
            byte[] bad = i % 3 == 0 ? good[..(4 + i * 13 % (good.Length - 4))] : [.. good];
            bad[i * 31 % bad.Length] ^= (byte)(1 + i % 200);
            string path = _folder.Write("bad.parquet", bad);
            Exception? e = Record.Exception(() =>
            {
                using IImageSource source = ImageSources.Open(path);
                for (int n = 0; n < Math.Min(source.Count, 5); n++) source.Read(n);
            });
            if (e is not null) Assert.StartsWith(path, Assert.IsType<InvalidDataException>(e).Message, StringComparison.Ordinal);
        }
    }

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    static byte[] Gray(byte value) => PngBytes.File(2, 1, [value, value, value, value]);

    // As the Hub's library writes it: image is a struct of bytes and path, label an int64.
    async Task Write(string name, byte[]?[][] groups, long?[][]? labels, string? features)
    {
        var bytes = new DataField<byte[]>("bytes");
        var path = new DataField<string>("path");
        var label = new DataField<long?>("label");
        ParquetSchema schema = labels is null
            ? new ParquetSchema(new StructField("image", bytes, path))
            : new ParquetSchema(new StructField("image", bytes, path), label);
        _folder.Write(name, [1]);
        await using FileStream file = File.Create(_folder.Path(name));
        await using ParquetWriter writer = await ParquetWriter.CreateAsync(schema, file, cancellationToken: Cancel);
        if (features is not null) writer.CustomMetadata = new Dictionary<string, string> { ["huggingface"] = features };
        for (int g = 0; g < groups.Length; g++)
        {
            using ParquetRowGroupWriter group = writer.CreateRowGroup();
            await group.WriteAsync(bytes, groups[g]!);
            await group.WriteAsync(path, [.. groups[g].Select((_, i) => $"{i}.png")]);
            if (labels is not null) await group.WriteAsync<long>(label, labels[g].AsMemory(), cancellationToken: Cancel);
        }
    }
}
