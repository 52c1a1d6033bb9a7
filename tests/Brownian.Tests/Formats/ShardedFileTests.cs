using Brownian.Nn;

namespace Brownian.Tests;

public sealed class ShardedFileTests : IDisposable
{
    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    void Shard(string file, params string[] names)
    {
        var writer = new SafetensorsWriter();
        foreach (string name in names) writer.Add(name, [2], new float[] { name[0], name.Length });
        writer.Write(_folder.Path(file));
    }

    string Index(string map) => _folder.Write("diffusion_pytorch_model.safetensors.index.json", "{\"metadata\": {\"total_size\": 24}, \"weight_map\": {" + map + "}}");

    [Fact]
    public void Tensors_come_from_the_file_that_the_index_names()
    {
        Shard("one", "a", "b");
        Shard("two", "cc");
        using ITensorFile file = WeightsFile.Open(Index("""
            "cc": "two", "a": "one", "b": "one"
            """));
        Assert.Equal(["cc", "a", "b"], file.Names);
        Assert.Equal(['c', 2], file.ReadFloats("cc"));
        Assert.Equal(['b', 1], file.ReadFloats("b"));
        Assert.True(file.TryGetShape("a", out IReadOnlyList<long>? shape));
        Assert.Equal([2], shape);
        Assert.False(file.TryGetShape("d", out _));
        Assert.Equal(3, file.Files.Count);
    }

    [Fact]
    public void Shards_may_be_files_of_torch_save()
    {
        _folder.Write("part.bin", new PickleBytes().Raw("}").Text("w").Tensor("0", 7, 1, [3], [1]).Raw("s").Zip(storages: ("0", [0, 1, 2, 3, 4, 5, 6])));
        using ITensorFile file = WeightsFile.Open(_folder.Write("pytorch_model.bin.index.json", """{"weight_map": {"w": "part.bin"}}"""));
        Assert.Equal([1, 2, 3], file.ReadFloats("w"));
    }

    [Theory]
    [InlineData("""
        "a": "../one"
        """, "'../one'")]
    [InlineData("""
        "a": "/etc/passwd"
        """, "'/etc/passwd'")]
    [InlineData("""
        "a": "..\\one"
        """, "beside the index")]
    [InlineData("""
        "a": ".."
        """, "'..'")]
    [InlineData("""
        "a": 7
        """, "beside the index")]
    [InlineData("""
        "a": "diffusion_pytorch_model.safetensors.index.json"
        """, "an index")]
    [InlineData("""
        "a": "one", "b": "one", "a": "one"
        """, "twice")]
    [InlineData("""
        "a": "one"
        """, "does not name tensor 'b'")]
    [InlineData("""
        "a": "one", "b": "one", "c": "one"
        """, "'c' is not in")]
    [InlineData("""
        "a": "one", "b": "two", "c": "two"
        """, "as well as in")]
    [InlineData("""
        "a": "one
        """, "JSON")]
    public void An_index_that_is_wrong_is_refused(string map, string reason)
    {
        Shard("one", "a", "b");
        Shard("two", "b", "c");
        string path = Index(map);
        string message = Assert.Throws<InvalidDataException>(() => WeightsFile.Open(path).Dispose()).Message;
        Assert.StartsWith(path, message, StringComparison.Ordinal);
        Assert.Contains(reason, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void Missing_files_and_maps_are_told()
    {
        string path = Index("""
            "a": "none"
            """);
        Assert.Contains(_folder.Path("none"), Assert.Throws<FileNotFoundException>(() => WeightsFile.Open(path)).Message, StringComparison.Ordinal);
        foreach (string text in (string[])["{}", "[]", """{"weight_map": 3}""", "7", "\"\\ud800\""])
        {
            path = _folder.Write("bad.index.json", text);
            Assert.StartsWith(path, Assert.Throws<InvalidDataException>(() => WeightsFile.Open(path)).Message, StringComparison.Ordinal);
        }
    }
}
