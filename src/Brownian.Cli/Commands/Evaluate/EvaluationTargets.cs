using System.Globalization;
using System.Text;
using Brownian.Imaging;
using Brownian.IO;

namespace Brownian.Cli;

/// <summary>Where an evaluation is written: a new folder of its own, and a JSON file where one is named.</summary>
/// <param name="Parent">Holds the folders, <c>NNNNN-name</c>.</param>
/// <param name="Json">The file; null for none besides the folder's own.</param>
/// <param name="Overwrite">Replace the file.</param>
sealed record EvaluationTargets(string Parent, string? Json, bool Overwrite)
{
    /// <summary>Finds what would make <see cref="Write"/> fail, before long work.</summary>
    /// <exception cref="IOException">A file exists, or a folder takes none.</exception>
    public void Check()
    {
        if (Parent.Length == 0) throw new ArgumentException("--out: an empty path names no folder.");
        Target.Folder(Parent);
        if (Json is not null) Target.Check(Json, ".json", Overwrite);
    }

    /// <summary>Writes everything into the next folder, which appears whole.</summary>
    /// <param name="name">What was judged.</param>
    /// <param name="report">Becomes <c>report.json</c>.</param>
    /// <param name="others">Names of other files, and what writes each.</param>
    /// <returns>The paths written, for people.</returns>
    public IEnumerable<string> Write(string name, byte[] report, params (string Name, Action<string> Write)[] others)
    {
        string folder = NumberedFolder.Create(Parent, NameOf(name), path =>
        {
            AtomicFile.Write(Path.Combine(path, "report.json"), report);
            foreach ((string file, Action<string> write) in others) write(Path.Combine(path, file));
        });
        if (Json is not null)
        {
            AtomicFile.Write(Json, report, Overwrite);
            yield return Json;
        }
        yield return Phrases.Relative(Path.Combine(folder, "report.json"));
        foreach ((string file, _) in others) yield return Phrases.Relative(Path.Combine(folder, file));
    }

    /// <summary>A picture as a file.</summary>
    public static (string, Action<string>) Picture(string name, Func<Image> draw) => (name, path => Png.Write(path, draw()));

    /// <summary>A table as a CSV.</summary>
    /// <param name="name">The file.</param>
    /// <param name="rows">The first holds the titles.</param>
    public static (string, Action<string>) Table(string name, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        var text = new StringBuilder();
        foreach (IReadOnlyList<string> row in rows) text.AppendJoin(',', row.Select(Cell)).Append('\n');
        return (name, path => AtomicFile.Write(path, text.ToString()));
    }

    static string Cell(string text) =>
        text.AsSpan().IndexOfAny(",\"\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>A number as a CSV and a command have it.</summary>
    public static string Number(double value) => value.ToString("G6", CultureInfo.InvariantCulture);

    // The last part of a path, or of a run's: letters, digits, dots and dashes.
    static string NameOf(string path)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(path));
        if (name is "model" or "checkpoints") name = Path.GetFileName(Path.GetDirectoryName(Path.GetFullPath(path)))!;
        string clean = new([.. name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' ? c : '-')]);
        return clean.Trim('.') is { Length: > 0 } left ? left[..Math.Min(left.Length, 60)] : "set";
    }
}
