namespace Brownian.Imaging;

/// <summary>Lays out one chart and draws it: texts at the border, grid lines, then the curves.</summary>
sealed class ChartPainter(ChartOptions options, IReadOnlyList<ChartSeries> series)
{
    const int Edge = 16, Line = 20;                                 // outer margin, height of a row of text
    const double TitleScale = 1.4, CurveWidth = 1.8, FaintWidth = 1.1;

    static readonly Rgb Paper = new(255, 255, 255), Grid = new(233, 236, 239), Rule = new(173, 181, 189);
    static readonly Rgb Ink = new(33, 37, 41), Soft = new(90, 98, 106);

    // Told apart by hue and by lightness, also by most colour-blind readers.
    static readonly Rgb[] Colors =
    [
        new(31, 111, 214), new(229, 97, 22), new(18, 145, 106), new(200, 45, 110),
        new(122, 84, 200), new(196, 146, 10), new(56, 164, 206), new(110, 78, 62),
    ];

    readonly Canvas canvas = new(options.Width, options.Height, Paper);

    int left, top, right, bottom;                                   // the plot's rectangle: its lines lie on these pixels

    public Image Paint()
    {
        top = Edge + PaintHeader();
        bottom = Math.Max(top + 20, options.Height - Edge - Line - (options.XLabel.Length > 0 ? Line : 0));
        ChartAxis y = YAxis();
        double labels = y.Ticks.Select(t => StrokeFont.Measure(t.Label, 1)).DefaultIfEmpty(0).Max();
        left = Edge + (options.YLabel.Length > 0 ? Line : 0) + (int)Math.Ceiling(labels) + 9;
        right = Math.Max(left + 20, options.Width - Edge - 12);
        ChartAxis x = XAxis();
        PaintAxes(x, y);
        for (int i = 0; i < series.Count; i++)
        {
            Dot[][] lines = [.. series[i].Runs.Select(run => Thin([.. run.Select(p => Place(p, x, y))]))];
            canvas.Stroke(lines, series[i].IsFaint ? FaintWidth : CurveWidth, Color(i));
        }
        return canvas.Image;
    }

    ChartAxis YAxis()
    {
        (double low, double high) = Range(p => p.Y, options.LogY ? 1 : 0);
        int ticks = Math.Max(2, (bottom - top) / 45);
        return options.LogY ? ChartAxis.Logarithmic(low, high, ticks, 0.04) : ChartAxis.Linear(low, high, ticks, 0.04);
    }

    ChartAxis XAxis()
    {
        (double low, double high) = Range(p => p.X, 0);
        return ChartAxis.Linear(low, high, Math.Max(2, (right - left) / 90), margin: 0);
    }

    (double Low, double High) Range(Func<Dot, double> of, double empty)
    {
        double low = double.MaxValue, high = double.MinValue;
        foreach (Dot point in series.SelectMany(s => s.Runs).SelectMany(run => run))
            (low, high) = (Math.Min(low, of(point)), Math.Max(high, of(point)));
        return low <= high ? (low, high) : (empty, empty + 1);
    }

    Dot Place(Dot p, ChartAxis x, ChartAxis y) => new(left + x.At(p.X) * (right - left), bottom - y.At(p.Y) * (bottom - top));

    /// <summary>Title at the left; legend at the right of it where it fits, in rows below elsewhere. Returns the height used.</summary>
    int PaintHeader()
    {
        int width = options.Width - 2 * Edge, y = 0;
        string title = StrokeFont.Fit(options.Title, TitleScale, width);
        double titleWidth = StrokeFont.Measure(title, TitleScale);
        if (title.Length > 0) Text(title, Edge, Edge + 13, TitleScale, 1.9, Ink);

        (string Name, int Index)[] entries =
            [.. series.Select((s, i) => (Name: StrokeFont.Fit(s.Name, 1, width - 32), Index: i)).Where(e => e.Name.Length > 0)];
        double total = entries.Sum(e => EntryWidth(e.Name)) - EntryGap;
        if (entries.Length == 0) return title.Length > 0 ? 30 : 0;
        bool beside = titleWidth + 40 + total <= width;
        if (title.Length > 0 && !beside) y += 28;
        double x = beside ? options.Width - Edge - 12 - total : Edge;
        foreach ((string name, int index) in entries)
        {
            if (x > Edge && x + EntryWidth(name) - EntryGap > options.Width - Edge) (x, y) = (Edge, y + Line);
            PaintEntry(name, index, Math.Round(x), Edge + y + 12);
            x += EntryWidth(name);
        }
        return y + (beside ? 30 : 28);
    }

    const double EntryGap = 18, Swatch = 20;

    static double EntryWidth(string name) => Swatch + 7 + Math.Ceiling(StrokeFont.Measure(name, 1)) + EntryGap;

    void PaintEntry(string name, int index, double x, double baseline)
    {
        canvas.Stroke([[new Dot(x, baseline - 4), new Dot(x + Swatch, baseline - 4)]], 3, Color(index));
        Text(name, x + Swatch + 7, baseline, 1, 1.15, Ink);
    }

    void PaintAxes(ChartAxis x, ChartAxis y)
    {
        foreach (ChartTick tick in y.Ticks)
        {
            int at = (int)Math.Round(bottom - y.At(tick.Value) * (bottom - top));
            canvas.Fill(left, at, right - left + 1, 1, Grid);
            Text(tick.Label, left - 8 - Math.Ceiling(StrokeFont.Measure(tick.Label, 1)), at + 4, 1, 1.1, Soft);
        }
        foreach (ChartTick tick in x.Ticks)
        {
            int at = (int)Math.Round(left + x.At(tick.Value) * (right - left));
            canvas.Fill(at, top, 1, bottom - top, Grid);
            canvas.Fill(at, bottom, 1, 5, Rule);
            double width = StrokeFont.Measure(tick.Label, 1);
            Text(tick.Label, Math.Min(Math.Round(at - width / 2), options.Width - 4 - Math.Ceiling(width)), bottom + 18, 1, 1.1, Soft);
        }
        canvas.Fill(left, bottom, right - left + 1, 1, Rule);

        string below = StrokeFont.Fit(options.XLabel, 1, right - left), beside = StrokeFont.Fit(options.YLabel, 1, bottom - top);
        Text(below, Math.Round((left + right - StrokeFont.Measure(below, 1)) / 2), options.Height - Edge + 2, 1, 1.15, Ink);
        var start = new Dot(Edge + 7, Math.Round((top + bottom + StrokeFont.Measure(beside, 1)) / 2));
        StrokeFont.Draw(canvas, beside, start, 1, 1.15, Ink, upwards: true);
    }

    // M4 (Jugel et al. 2014): of the points that share a pixel column only the first, lowest, highest and last are visible.
    static Dot[] Thin(Dot[] line)
    {
        var kept = new List<Dot>();
        for (int start = 0, end; start < line.Length; start = end)
        {
            int low = start, high = start;
            for (end = start; end < line.Length && Math.Floor(line[end].X) == Math.Floor(line[start].X); end++)
            {
                if (line[end].Y < line[low].Y) low = end;
                if (line[end].Y > line[high].Y) high = end;
            }
            int[] picks = [start, Math.Min(low, high), Math.Max(low, high), end - 1];
            foreach (int pick in picks.Distinct()) kept.Add(line[pick]);
        }
        return [.. kept];
    }

    void Text(string text, double x, double baseline, double scale, double weight, Rgb color) =>
        StrokeFont.Draw(canvas, text, new Dot(x, baseline), scale, weight, color);

    Rgb Color(int index)
    {
        Rgb full = Colors[index % Colors.Length];
        return series[index].IsFaint ? new Rgb(Pale(full.R), Pale(full.G), Pale(full.B)) : full;
    }

    static byte Pale(byte level) => (byte)(255 - (255 - level) * 2 / 5);
}
