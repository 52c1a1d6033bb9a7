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

    [Theory]
    [InlineData("", "an empty file, not JSON")]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:abc\n", "a Git LFS pointer, not the file itself: run git lfs pull.")]
    [InlineData("\n<!DOCTYPE html><html></html>", "an HTML page, not JSON")]
    [InlineData("{\"a\": 1,\n \"b\": }", "not valid JSON at line 2, column 7;")]
    [InlineData("{\"a\": {\"b\": 1, \"b\": 2}}", "json: key 'b' appears twice; leave one out.")]
    [InlineData("[1]", "not a JSON object")]
    public void What_is_no_JSON_object_is_named(string text, string expected)
    {
        string message = Assert.Throws<InvalidDataException>(() => JsonFile.ReadObject(_folder.Write("a.json", text))).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.StartsWith(_folder.Path("a.json"), message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_byte_order_mark_is_passed_over() => Assert.Equal(1, (int)JsonFile.ReadObject(_folder.Write("a.json", "\uFEFF{\"a\": 1}"))["a"]!);

    [Fact]
    public void Objects_in_objects_without_end_are_refused()
    {
        string path = _folder.Write("a.json", "{\"a\":" + new string('[', 40) + new string(']', 40) + "}");
        Assert.Contains("nested", Assert.Throws<InvalidDataException>(() => JsonFile.ReadObject(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Errors_behind_such_a_number_name_the_right_line()
    {
        string path = _folder.Write("a.json", "{\"low\": -Infinity,\n \"high\": Infinite}");
        Assert.StartsWith($"{path}:2: ", Assert.Throws<InvalidDataException>(() => JsonFile.ReadObject(path)).Message, StringComparison.Ordinal);
    }
}
