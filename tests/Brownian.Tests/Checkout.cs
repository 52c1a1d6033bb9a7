namespace Brownian.Tests;

/// <summary>The repository around the tests' binaries.</summary>
static class Checkout
{
    /// <summary>Its folder; the test is skipped where there is none.</summary>
    public static string Root
    {
        get
        {
            string? folder = Find();
            Assert.SkipWhen(folder is null, "needs the checkout around the test's binaries");
            return folder!;
        }
    }

    /// <summary>README.md and the pages of docs.</summary>
    public static IEnumerable<string> Pages => [Path.Combine(Root, "README.md"), .. Directory.GetFiles(Path.Combine(Root, "docs"), "*.md")];

    /// <summary>Its folder; null where there is none.</summary>
    public static string? Find()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Brownian.slnx"))) folder = folder.Parent;
        return folder?.FullName;
    }
}
