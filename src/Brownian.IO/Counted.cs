using System.Globalization;

namespace Brownian.IO;

/// <summary>Numbers of things as messages say them.</summary>
static class Counted
{
    /// <summary>"1 image", "12 images".</summary>
    /// <param name="count">How many.</param>
    /// <param name="one">The word for one.</param>
    /// <param name="many">The word for any other number; null for <paramref name="one"/> with an s.</param>
    public static string Of(long count, string one, string? many = null) =>
        string.Create(CultureInfo.InvariantCulture, $"{count} {(count == 1 ? one : many ?? $"{one}s")}");
}
