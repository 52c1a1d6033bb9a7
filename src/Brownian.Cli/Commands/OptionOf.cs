using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;
using Brownian.Diffusion;

namespace Brownian.Cli;

/// <summary>Options that say in plain words what was wrong with their value.</summary>
static class OptionOf
{
    public static Option<string?> Text(string name, string value, string description) =>
        new(name) { Description = description, HelpName = value };

    public static Option<bool> Flag(string name, string description) => new(name) { Description = description };

    /// <summary>The option that a key of a configuration declares.</summary>
    public static Option Setting(SettingKey key) =>
        key.Type == typeof(int) ? Number(key.Option!, (int)key.Least, key.Help)
        : key.Type == typeof(double) ? Real(key.Option!, key.Least, key.Help)
        : key.Type.IsEnum ? Choice(key.Option!, [.. Names.All(key.Type)], key.Help)
        : Text(key.Option!, "NAME", key.Help);

    /// <summary>The value of such an option; null when absent.</summary>
    public static object? Given(ParseResult parsed, Option option) => option switch
    {
        Option<int?> number => parsed.GetValue(number),
        Option<double?> real => parsed.GetValue(real),
        Option<string?> text => parsed.GetValue(text),
        _ => null,
    };

    /// <summary>A number of at least <paramref name="least"/>; null when absent.</summary>
    public static Option<T?> Number<T>(string name, T least, string description) where T : struct, INumber<T> => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result =>
        {
            string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
            if (T.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out T number) && number >= least) return number;
            result.AddError(string.Create(CultureInfo.InvariantCulture, $"{name} {text}: give a whole number, {least} or more"));
            return null;
        },
    };

    /// <summary>A number, perhaps with a fraction, in a range; null when absent.</summary>
    public static Option<double?> Real(string name, double least, string description, string value = "X", double most = double.MaxValue) => new(name)
    {
        Description = description,
        HelpName = value,
        CustomParser = result =>
        {
            string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
            bool read = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number);
            if (read && number >= least && number <= most) return number;
            string range = most == double.MaxValue ? $"{least} or more" : string.Create(CultureInfo.InvariantCulture, $"{least} to {most:N0}");
            result.AddError(string.Create(CultureInfo.InvariantCulture, $"{name} {text}: give a number, {range}"));
            return null;
        },
    };

    /// <summary>One of a few words; null when absent.</summary>
    public static Option<string?> Choice(string name, string[] words, string description) => new(name)
    {
        Description = description,
        HelpName = string.Join('|', words),
        CustomParser = result =>
        {
            string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
            if (words.Contains(text)) return text;
            result.AddError($"{name} {text}: give {string.Join(" or ", words)}");
            return null;
        },
    };

    /// <summary>Numbers separated by commas, each of at least <paramref name="least"/>; none when absent.</summary>
    public static Option<int[]> Numbers(string name, int least, string description) => new(name)
    {
        Description = description,
        HelpName = "N,N",
        CustomParser = result =>
        {
            string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
            int[] numbers = [.. text.Split(',').Select(part =>
                int.TryParse(part, NumberStyles.Integer, CultureInfo.InvariantCulture, out int number) ? number : least - 1)];
            if (numbers.All(number => number >= least)) return numbers;
            result.AddError(string.Create(CultureInfo.InvariantCulture, $"{name} {text}: give whole numbers, {least} or more, separated by commas"));
            return [];
        },
    };

    /// <summary>Threads to compute with; null when absent.</summary>
    public static Option<int?> Threads() => new("--threads")
    {
        Description = "Threads to compute with. Default: one per physical core. Results do not depend on it.",
        HelpName = "N",
        CustomParser = result => ThreadCounts(result) is [var one] ? one : null,
    };

    /// <summary>Several numbers of threads, to measure in turn; none when absent.</summary>
    public static Option<int[]> SeveralThreads() => new("--threads")
    {
        Description = "Threads to compute with; several, e.g. 1,2, are measured in turn. Default: one per physical core.",
        HelpName = "N,N",
        CustomParser = result => ThreadCounts(result, separator: ',') ?? [],
    };

    static int[]? ThreadCounts(ArgumentResult result, char? separator = null)
    {
        string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        int most = Environment.ProcessorCount;
        string[] parts = separator is { } between ? text.Split(between) : [text];
        int[] counts = [.. parts.Select(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int count) ? count : 0)];
        if (counts.All(count => count >= 1 && count <= most)) return counts;
        string range = most == 1 ? "1, all there is here" : $"1 to {most}, the logical processors there are here";
        result.AddError($"--threads {text}: give {range}{(separator is null ? "" : "; several are separated by commas")}");
        return null;
    }
}
