using System.Globalization;

namespace Brownian.Cli;

/// <summary>Numbers as people read them.</summary>
static class Phrases
{
    /// <summary>"12,345"</summary>
    public static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>"1 image", "12,345 images".</summary>
    /// <param name="number">How many.</param>
    /// <param name="one">The word for one.</param>
    /// <param name="many">The word for any other number; null for <paramref name="one"/> with an s.</param>
    public static string Count(long number, string one, string? many = null) => $"{Count(number)} {(number == 1 ? one : many ?? $"{one}s")}";

    /// <summary>"45 s", "3 min 20 s" or "2 h 05 min".</summary>
    public static string Duration(TimeSpan time) => time switch
    {
        { TotalSeconds: < 59.5 } => Invariant($"{Math.Max(0, time.TotalSeconds):0} s"),
        { TotalHours: < 1 } => Invariant($"{(int)time.TotalMinutes} min {time.Seconds:00} s"),
        _ => Invariant($"{(long)time.TotalHours} h {time.Minutes:00} min"),
    };

    /// <summary>Three significant digits: "0.0312", "41.5", "812".</summary>
    public static string Rate(double number) => number switch
    {
        >= 99.95 => number.ToString("N0", CultureInfo.InvariantCulture),
        >= 9.995 => number.ToString("0.0", CultureInfo.InvariantCulture),
        _ => number.ToString("0.00", CultureInfo.InvariantCulture),
    };

    /// <summary>Bytes as "290 MB", in units of 10⁶.</summary>
    public static string Megabytes(long bytes) => Invariant($"{bytes / 1e6:N0} MB");

    /// <summary>A path as the user would type it: relative where it lies below the working folder.</summary>
    public static string Relative(string path)
    {
        string relative = Path.GetRelativePath(Directory.GetCurrentDirectory(), path);
        return relative.StartsWith("..", StringComparison.Ordinal) ? Path.GetFullPath(path) : relative;
    }

    /// <summary>An argument as a shell takes it: quoted where it holds anything special.</summary>
    public static string Quoted(string argument) =>
        argument.Length > 0 && argument.All(c => char.IsAsciiLetterOrDigit(c) || "/._-=,:+@%\\".Contains(c, StringComparison.Ordinal))
        ? argument
        : $"'{argument.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

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
