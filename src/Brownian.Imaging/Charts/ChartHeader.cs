namespace Brownian.Imaging;

/// <summary>A curve's name beside a piece of its colour.</summary>
readonly record struct LegendEntry(string Name, Rgb Color, bool IsDashed);

/// <summary>A title at the left, and the legend at the right of it where it fits, in rows below elsewhere.</summary>
sealed class ChartHeader
{
    const int Edge = ChartTheme.Edge;
    const double Gap = 18, Swatch = 20, AfterSwatch = 7;

    readonly string title;
    readonly List<(LegendEntry Entry, double X, int Baseline)> places = [];

    /// <param name="title">Cut where it is too long; no room is taken for an empty one.</param>
    /// <param name="legend">Entries with empty names are left out.</param>
    /// <param name="width">Of the whole picture.</param>
    public ChartHeader(string title, IEnumerable<LegendEntry> legend, int width)
    {
        int room = width - 2 * Edge;
        this.title = Lettering.Fit(title, ChartTheme.TitleSize, room);
        LegendEntry[] entries =
            [.. legend.Select(e => e with { Name = Lettering.Fit(e.Name, ChartTheme.LabelSize, room - 32) }).Where(e => e.Name.Length > 0)];
        Height = entries.Length > 0 ? Place(entries, width) : this.title.Length > 0 ? 30 : 0;
    }

    /// <summary>Units below the outer margin.</summary>
    public int Height { get; }

    public void Paint(Canvas canvas)
    {
        if (title.Length > 0)
            canvas.Write(title, Edge, Edge + 13, ChartTheme.TitleSize, ChartTheme.Ink);
        foreach ((LegendEntry entry, double x, int baseline) in places)
        {
            canvas.Fill(x, baseline - 6, entry.IsDashed ? 8 : Swatch, 3, entry.Color);
            if (entry.IsDashed) canvas.Fill(x + Swatch - 8, baseline - 6, 8, 3, entry.Color);
            canvas.Write(entry.Name, x + Swatch + AfterSwatch, baseline, ChartTheme.LabelSize, ChartTheme.Ink);
        }
    }

    int Place(LegendEntry[] entries, int width)
    {
        double total = entries.Sum(e => WidthOf(e.Name)) - Gap;
        bool beside = Lettering.Measure(title, ChartTheme.TitleSize) + 40 + total <= width - 2 * Edge;
        int y = title.Length > 0 && !beside ? 28 : 0;
        double x = beside ? width - Edge - 12 - total : Edge;
        foreach (LegendEntry entry in entries)
        {
            if (x > Edge && x + WidthOf(entry.Name) - Gap > width - Edge) (x, y) = (Edge, y + ChartTheme.Line);
            places.Add((entry, Math.Round(x), Edge + y + 12));
            x += WidthOf(entry.Name);
        }
        return y + (beside ? 30 : 28);
    }

    static double WidthOf(string name) => Swatch + AfterSwatch + Math.Ceiling(Lettering.Measure(name, ChartTheme.LabelSize)) + Gap;
}
