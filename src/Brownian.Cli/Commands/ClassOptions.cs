using System.CommandLine;
using System.Globalization;

namespace Brownian.Cli;

/// <summary>The option that says what a conditional model draws.</summary>
sealed class ClassOptions
{
    readonly Option<string?> _class =
        OptionOf.Text("--class", "NAME,..", "Classes to draw, by name or number; several take turns. Default: all classes in turn");

    public Option[] All => [_class];

    public bool AreNamed(ParseResult parsed) => parsed.GetValue(_class) is not null;

    public SampleOptions Apply(ParseResult parsed, SampleOptions options, DiffusionModel model) => options with
    {
        Classes = parsed.GetValue(_class) is { } text ? ClassNames.Parse("--class", text, model.Description.Classes, model.Classes) : null,
    };
}

/// <summary>Classes as people write them: names or numbers, separated by commas.</summary>
static class ClassNames
{
    /// <param name="option">Who asks, for messages.</param>
    /// <param name="text">What was written.</param>
    /// <param name="names">Of the first classes; a name wins over a number that looks like it.</param>
    /// <param name="classes">How many there are.</param>
    /// <exception cref="ArgumentException">There is no such class.</exception>
    public static int[] Parse(string option, string text, IReadOnlyList<string> names, int classes)
    {
        if (classes == 0) throw new ArgumentException($"{option} {text}: the model was trained without classes; leave the option out.");
        return [.. text.Split(',', StringSplitOptions.TrimEntries).Select(part => Find(part, names, classes) ?? throw new ArgumentException(
            $"{option} {text}: there is no class '{part}'; the model knows {Known(names, classes)}."))];
    }

    static int? Find(string part, IReadOnlyList<string> names, int classes)
    {
        foreach (StringComparison comparison in (StringComparison[])[StringComparison.Ordinal, StringComparison.OrdinalIgnoreCase])
        {
            for (int i = 0; i < names.Count && i < classes; i++)
            {
                if (string.Equals(names[i], part, comparison)) return i;
            }
        }
        return int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number < classes ? number : null;
    }

    static string Known(IReadOnlyList<string> names, int classes)
    {
        const int Shown = 12;
        if (names.Count == 0) return $"0 to {classes - 1}";
        return string.Join(", ", names.Take(Math.Min(Shown, classes))) + (classes > Shown ? $" and {classes - Shown} more" : "");
    }
}
