namespace Brownian.Cli;

/// <summary>Rows of texts under titles, each column as wide as it needs.</summary>
static class TextTable
{
    /// <param name="to">Where it is written.</param>
    /// <param name="rows">The first holds the titles.</param>
    /// <param name="isLeft">Whether a column begins at the left; others end at the right.</param>
    public static void Write(TextWriter to, IReadOnlyList<IReadOnlyList<string>> rows, Func<int, bool> isLeft)
    {
        int columns = rows[0].Count;
        int[] widths = [.. Enumerable.Range(0, columns).Select(column => rows.Max(row => row[column].Length))];
        foreach (IReadOnlyList<string> row in rows)
        {
            string line = string.Join("  ", row.Select((cell, column) => isLeft(column) ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column])));
            to.WriteLine(line.TrimEnd());
        }
    }
}
