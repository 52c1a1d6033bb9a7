namespace Brownian.Evaluation;

/// <summary>Where a program keeps what it can make again.</summary>
static class UserFolder
{
    /// <summary><c>~/.cache/brownian</c> on Linux, or as <c>XDG_CACHE_HOME</c> says; the local application data of other systems.</summary>
    public static string Cache
    {
        get
        {
            string? wanted = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
            string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            string root = wanted is { Length: > 0 } ? wanted
                : OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
                : OperatingSystem.IsMacOS() ? Path.Combine(home, "Library", "Caches")
                : Path.Combine(home, ".cache");
            return Path.Combine(root, "brownian");
        }
    }
}
