namespace Brownian.Tests;

/// <summary>Finds reference numbers and data sets that live beside a checkout, in <c>../shared</c>; tests skip where they are absent.</summary>
static class Shared
{
    static readonly string? Root = Find();

    /// <summary>The absolute path of a file or folder under <c>../shared</c>; skips the calling test when it is not there.</summary>
    public static string Path(string relative)
    {
        Assert.SkipWhen(Root is null, "needs the folder 'shared' beside the checkout");
        string path = System.IO.Path.Combine(Root!, relative);
        Assert.SkipUnless(File.Exists(path) || Directory.Exists(path), $"needs ../shared/{relative}");
        return path;
    }

    /// <summary>The same for <c>../shared/golden</c>.</summary>
    public static string Golden(string relative) => Path(System.IO.Path.Combine("golden", relative));

    static string? Find()
    {
        for (DirectoryInfo? d = new(AppContext.BaseDirectory); d is not null; d = d.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(d.FullName, "Brownian.slnx")))
            {
                string beside = System.IO.Path.Combine(d.FullName, "..", "shared");
                return Directory.Exists(beside) ? System.IO.Path.GetFullPath(beside) : null;
            }
        }
        return null;
    }
}
