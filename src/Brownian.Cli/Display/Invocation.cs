namespace Brownian.Cli;

/// <summary>Commands to copy and paste.</summary>
static class Invocation
{
    static readonly string Project = Path.Combine("src", "Brownian.Cli");

    /// <summary>The command line of this program with other arguments, in the way that it was started.</summary>
    public static string Of(params string[] arguments) => $"{Program()} {string.Join(' ', arguments.Select(Phrases.Quoted))}";

    static string Program()
    {
        string here = Directory.GetCurrentDirectory(), binaries = AppContext.BaseDirectory;
        bool inClone = binaries.StartsWith(here + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            && File.Exists(Path.Combine(here, Project, "Brownian.Cli.csproj"));
        if (inClone) return $"dotnet run -c Release --project {Project} --";

        string path = Environment.ProcessPath ?? "brownian";
        if (Path.GetFileNameWithoutExtension(path) != "brownian")
            return $"dotnet {Phrases.Quoted(Phrases.Relative(Path.Combine(binaries, "brownian.dll")))}";
        string[] folders = Environment.GetEnvironmentVariable("PATH")?.Split(Path.PathSeparator) ?? [];
        return folders.Contains(Path.GetDirectoryName(path)) ? "brownian" : Phrases.Quoted(Path.GetFullPath(path));
    }
}
