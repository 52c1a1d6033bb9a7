namespace Brownian.Tests;

/// <summary>
/// What tests compare with. Reference numbers lie in <c>tests/golden</c> of the checkout. What is too large for a repository is read from the
/// folder that the environment variable <c>BROWNIAN_TEST_DATA</c> names: <c>golden/</c> in it has the same layout, <c>data/</c> has data sets.
/// Tests that find theirs in neither are skipped.
/// </summary>
static class Fixtures
{
    const string Variable = "BROWNIAN_TEST_DATA";

    static string? More => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } folder ? folder : null;

    /// <summary>A file or folder of reference numbers. The larger set, where there is one, goes before the checkout's: it has all gradients.</summary>
    public static string Golden(string relative) =>
        Existing(More, "golden", relative) ?? Existing(Checkout.Root, "tests/golden", relative) ?? Skip($"golden/{relative}");

    /// <summary>A file or folder as people have them, of <c>tests/field</c>.</summary>
    public static string Field(string relative) =>
        Existing(Checkout.Find(), "tests/field", relative) ?? Skip($"field/{relative}");

    /// <summary>The data set of this name.</summary>
    public static string Data(string name) => Existing(More, "data", name) ?? Skip($"data/{name}");

    /// <summary>The names of the files of numbers in a folder of reference numbers, in order.</summary>
    public static string[] NamesIn(string folder)
    {
        string?[] places = [Existing(More, "golden", folder), Existing(Checkout.Find(), "tests/golden", folder)];
        return [.. places.OfType<string>().SelectMany(place => Directory.GetFiles(place, "*.safetensors"))
            .Select(path => Path.GetFileNameWithoutExtension(path)).Distinct().Order(StringComparer.Ordinal)];
    }

    static string? Existing(string? root, string folder, string relative)
    {
        string path = root is null ? "" : Path.Combine(root, folder, relative);
        return Path.Exists(path) ? path : null;
    }

    static string Skip(string what)
    {
        Assert.Skip($"{what} is not in the repository; set {Variable} to a folder that has it");
        return "";
    }
}
