namespace Brownian;

/// <summary>The valid name that a mistyped one was most likely meant to be.</summary>
public static class Suggestion
{
    /// <summary>"; did you mean 'x'?", or "; there are x, y." where none is near.</summary>
    /// <param name="name">As it was written.</param>
    /// <param name="valid">The names there are.</param>
    /// <param name="listAll">Name them all where none is near; otherwise say nothing.</param>
    public static string For(string name, IEnumerable<string> valid, bool listAll = true)
    {
        string[] names = [.. valid];
        string nearest =
            names.FirstOrDefault(candidate => name.Length > 2 && candidate.StartsWith(name, StringComparison.OrdinalIgnoreCase))
            ?? names.MinBy(candidate => Distance(name, candidate))!;
        return nearest.StartsWith(name, StringComparison.OrdinalIgnoreCase) || Distance(name, nearest) <= Math.Max(2, name.Length / 3)
            ? $"; did you mean '{nearest}'?"
            : listAll ? $"; there are {string.Join(", ", names)}." : ".";
    }

    // The least number of insertions, deletions and replacements (Levenshtein 1966), one row of the table at a time.
    static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.Length];
    }
}
