using System.Globalization;

namespace Brownian;

/// <summary>Lists of seeds as people write them: <c>0-63</c>, <c>1,2,10-12</c>.</summary>
public static class SeedRange
{
    const int MaxCount = 1_000_000;

    /// <summary>The seeds, in the order written.</summary>
    /// <param name="text">Numbers and ranges "a-b" (both ends included), separated by commas.</param>
    /// <exception cref="ArgumentException">The text is something else, a range runs backwards, or there are more than a million.</exception>
    public static ulong[] Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var seeds = new List<ulong>();
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            string[] ends = part.Split('-', 2, StringSplitOptions.TrimEntries);
            ulong first = Number(ends[0], text), last = ends.Length == 2 ? Number(ends[1], text) : first;
            if (last < first) throw new ArgumentException($"Seeds '{text}': the range {part} runs backwards.");
            if (last - first >= (ulong)(MaxCount - seeds.Count)) throw new ArgumentException($"Seeds '{text}': more than {MaxCount}.");
            for (ulong i = 0; i <= last - first; i++) seeds.Add(first + i);
        }
        return [.. seeds];
    }

    static ulong Number(string text, string whole) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed)
        ? seed
        : throw new ArgumentException($"Seeds '{whole}': '{text}' is no whole number; write them as 7, 0-63 or 1,2,10-12.");

    /// <summary>The same seeds in the shortest form: consecutive ones as ranges.</summary>
    /// <param name="seeds">In any order.</param>
    public static string Format(ReadOnlySpan<ulong> seeds)
    {
        var parts = new List<string>();
        for (int i = 0; i < seeds.Length;)
        {
            int end = i;
            while (end + 1 < seeds.Length && seeds[end] != ulong.MaxValue && seeds[end + 1] == seeds[end] + 1) end++;
            parts.Add(end == i
                ? seeds[i].ToString(CultureInfo.InvariantCulture)
                : string.Create(CultureInfo.InvariantCulture, $"{seeds[i]}-{seeds[end]}"));
            i = end + 1;
        }
        return string.Join(",", parts);
    }
}
