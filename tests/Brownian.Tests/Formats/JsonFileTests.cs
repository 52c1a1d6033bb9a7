using System.Text.Json.Nodes;

namespace Brownian.Tests;

public sealed class JsonFileTests : IDisposable
{
    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Numbers_that_only_Python_writes_are_read_as_their_names()
    {
        JsonObject json = JsonFile.ReadObject(_folder.Write("a.json", """
            {"low": -Infinity, "high":Infinity,
             "none": [NaN, 1], "text": "NaN or \"-Infinity\" \\", "after": Infinity}
            """));
        Assert.Equal(("-Infinity", "Infinity", "NaN", "Infinity"), ((string?)json["low"], (string?)json["high"], (string?)json["none"]![0], (string?)json["after"]));
        Assert.Equal("NaN or \"-Infinity\" \\", (string?)json["text"]);
        Assert.Equal(1, (int)json["none"]![1]!);
    }

    [Fact]
    public void Errors_behind_such_a_number_name_the_right_line()
    {
        string path = _folder.Write("a.json", "{\"low\": -Infinity,\n \"high\": Infinite}");
        Assert.StartsWith($"{path}:2: ", Assert.Throws<InvalidDataException>(() => JsonFile.ReadObject(path)).Message, StringComparison.Ordinal);
    }
}
