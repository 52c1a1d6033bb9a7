using System.Globalization;

namespace Brownian.Training;

/// <summary>Values as the resolved configuration writes them, so that <see cref="ConfigValue"/> reads the same value back.</summary>
static class ConfigText
{
    public static string Of(long value) => value.ToString(CultureInfo.InvariantCulture);

    public static string Of(ulong value) => value.ToString(CultureInfo.InvariantCulture);

    public static string Of(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    public static string Of(bool value) => value ? "true" : "false";

#pragma warning disable CA1308 // YAML of this kind is written in lower case.
    public static string Of<T>(T value) where T : struct, Enum => value.ToString().ToLowerInvariant();
#pragma warning restore CA1308

    /// <summary>Single quotes keep every character as it is; a line break is the one thing they fold.</summary>
    public static string Of(string value) => value.AsSpan().IndexOfAnyInRange('\0', '\x1f') < 0
        ? $"'{value.Replace("'", "''", StringComparison.Ordinal)}'"
        : throw new ArgumentException($"'{value.Trim()}' holds a control character; remove it.");

    public static string Of<T>(Values<T> values, Func<T, string> element) => $"[{string.Join(", ", values.Select(element))}]";
}
