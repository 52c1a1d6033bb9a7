using System.CommandLine;
using System.Globalization;
using System.Numerics;

namespace Brownian.Cli;

/// <summary>Options that say in plain words what was wrong with their value.</summary>
static class OptionOf
{
    public static Option<string?> Text(string name, string value, string description) =>
        new(name) { Description = description, HelpName = value };

    public static Option<string[]> Set(string example) =>
        new("--set") { Description = $"Override one key, e.g. {example}. Repeatable.", HelpName = "section.key=value" };

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
    public static Option<T?> Number<T>(string name, T least, string description) where T : struct, INumber<T> => Parsed<T?>(
        name, "N", description, string.Create(CultureInfo.InvariantCulture, $"a whole number, {least} or more"),
        text => T.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out T number) && number >= least ? number : null);

    /// <summary>A whole number in a range; null when absent.</summary>
    public static Option<int?> Number(string name, int least, int most, string description) => Parsed<int?>(
        name, "N", description, $"a whole number, {least} to {most}",
        text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most ? number : null);

    /// <summary>A number, perhaps with a fraction, in a range; null when absent.</summary>
    public static Option<double?> Real(string name, double least, string description, string value = "X", double most = double.MaxValue) => Parsed<double?>(
        name, value, description,
        string.Create(CultureInfo.InvariantCulture, $"a number, {least} ") + (most == double.MaxValue ? "or more" : string.Create(CultureInfo.InvariantCulture, $"to {most:N0}")),
        text => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && number >= least && number <= most ? number : null);

    /// <summary>One of a few words; null when absent.</summary>
    public static Option<string?> Choice(string name, string[] words, string description) => Parsed(
        name, string.Join('|', words), description, string.Join(" or ", words), text => words.Contains(text) ? text : null);

    /// <summary>Numbers separated by commas, each of at least <paramref name="least"/>; none when absent.</summary>
    public static Option<int[]?> Numbers(string name, int least, string description) => Parsed(
        name, "N,N", description, string.Create(CultureInfo.InvariantCulture, $"whole numbers, {least} or more, separated by commas"),
        text => Integers(text.Split(','), NumberStyles.Integer, least, int.MaxValue));

    /// <summary>The name of a device; null when absent.</summary>
    public static Option<string?> Device() => Text(
        "--device", "NAME", $"Device to compute on: {string.Join(", ", Tensors.Device.Kinds)}, or with a number of threads, cpu:4. Default: cpu");

    /// <summary>Threads to compute with; null when absent.</summary>
    public static Option<int?> Threads() => Parsed<int?>(
        "--threads", "N", "Threads to compute with. Default: one per physical core. Results do not depend on it.", "a whole number, 1 or more",
        text => Integers([text], NumberStyles.None, 1, int.MaxValue) is [var one] ? one : null);

    /// <summary>Several numbers of threads, to measure in turn; none when absent.</summary>
    public static Option<int[]?> SeveralThreads() => Parsed(
        "--threads", "N,N", "Threads to compute with; several, e.g. 1,2, are measured in turn. Default: one per physical core.",
        $"{ThreadRange}; several are separated by commas",
        text => Integers(text.Split(','), NumberStyles.None, 1, Environment.ProcessorCount));

    static string ThreadRange => Environment.ProcessorCount is > 1 and var most ? $"1 to {most}, the logical processors there are here" : "1, all there is here";

    static int[]? Integers(string[] parts, NumberStyles style, int least, int most)
    {
        int[] numbers = new int[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            bool good = int.TryParse(parts[i], style, CultureInfo.InvariantCulture, out numbers[i]) && numbers[i] >= least && numbers[i] <= most;
            if (!good) return null;
        }
        return numbers;
    }

    // What cannot be parsed is null; the error then says what to give.
    static Option<T?> Parsed<T>(string name, string value, string description, string give, Func<string, T?> parse) => new(name)
    {
        Description = description,
        HelpName = value,
        CustomParser = result =>
        {
            string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
            T? parsed = parse(text);
            if (parsed is null) result.AddError($"{name} {text}: give {give}");
            return parsed;
        },
    };
}
