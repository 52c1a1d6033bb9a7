using System.Reflection;
using System.Text.RegularExpressions;

namespace Brownian;

/// <summary>The configurations that come with the program: the files of <c>configs</c>, by their names without <c>.yaml</c>.</summary>
public static partial class Presets
{
    const string Folder = "configs/", Ending = ".yaml";

    /// <summary>All of them, in order.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        .. typeof(Presets).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Folder, StringComparison.Ordinal) && name.EndsWith(Ending, StringComparison.Ordinal))
            .Select(name => name[Folder.Length..^Ending.Length])
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>One of them, with overrides.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="overrides">Any number of "section.key=value", the later ones win.</param>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    /// <exception cref="InvalidDataException">An override is wrong, as for <see cref="TrainConfig.Load"/>.</exception>
    public static TrainConfig Load(string name, IEnumerable<string>? overrides = null) =>
        TrainConfig.Parse(Text(name), $"preset {name}").With(overrides ?? []);

    /// <summary>What it trains, in a sentence: the first of the comment at the head of its file.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public static string Summary(string name)
    {
        IEnumerable<string> comment = Text(name).Split('\n').TakeWhile(line => line.StartsWith('#')).Select(line => line.TrimStart('#').Trim());
        string text = string.Join(' ', comment);
        return SentenceEnd().Match(text) is { Success: true, Index: var end } ? text[..end] : text;
    }

    // Not that of "et al.".
    [GeneratedRegex(@"(?<! al)[.:](?=\s|$)", RegexOptions.CultureInvariant)]
    private static partial Regex SentenceEnd();

    /// <summary>The file as it is.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public static string Text(string name)
    {
        if (!Names.Contains(name)) throw new ArgumentException($"there is no preset '{name}'{Suggestion.For(name, Names)}");
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"{Folder}{name}{Ending}")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
