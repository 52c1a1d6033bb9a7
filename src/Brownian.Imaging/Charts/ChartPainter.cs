namespace Brownian.Imaging;

/// <summary>Lays out one chart and draws it: texts at the border, grid lines, then the curves.</summary>
sealed class ChartPainter(ChartOptions options, IReadOnlyList<ChartSeries> series)
{
    const int Edge = ChartTheme.Edge, Line = ChartTheme.Line;
    const double CurveWidth = 1.8, FaintWidth = 1.1;

    readonly Canvas canvas = new(options.Width, options.Height, ChartTheme.Paper);

    int left, top, right, bottom;                                   // the plot's rectangle: its lines lie on these pixels

    /// <param name="legend">What the header names; empty where another picture does.</param>
    public Image Paint(IEnumerable<LegendEntry> legend)
    {
        var header = new ChartHeader(options.Title, legend, options.Width);
        header.Paint(canvas);
        top = Edge + header.Height;
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
            canvas.Stroke(lines, series[i].IsFaint ? FaintWidth : CurveWidth, ChartTheme.Curve(i, series[i].IsFaint));
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
        (double low, double high) = Range(p => p.X, options.LogX ? 1 : 0);
        int ticks = Math.Max(2, (right - left) / 70);
        return options.LogX ? ChartAxis.Logarithmic(low, high, ticks, margin: 0) : ChartAxis.Linear(low, high, ticks, margin: 0);
    }

    (double Low, double High) Range(Func<Dot, double> of, double empty)
    {
        double low = double.MaxValue, high = double.MinValue;
        foreach (Dot point in series.SelectMany(s => s.Runs).SelectMany(run => run))
            (low, high) = (Math.Min(low, of(point)), Math.Max(high, of(point)));
        return low <= high ? (low, high) : (empty, empty + 1);
    }

    Dot Place(Dot p, ChartAxis x, ChartAxis y) => new(left + x.At(p.X) * (right - left), bottom - y.At(p.Y) * (bottom - top));

    void PaintAxes(ChartAxis x, ChartAxis y)
    {
        foreach (ChartTick tick in y.Ticks)
        {
            int at = (int)Math.Round(bottom - y.At(tick.Value) * (bottom - top));
            canvas.Fill(left, at, right - left + 1, 1, ChartTheme.Grid);
            double width = Math.Ceiling(StrokeFont.Measure(tick.Label, 1));
            StrokeFont.Draw(canvas, tick.Label, new Dot(left - 8 - width, at + 4), 1, ChartTheme.TickWeight, ChartTheme.Soft);
        }
        foreach (ChartTick tick in x.Ticks)
        {
            int at = (int)Math.Round(left + x.At(tick.Value) * (right - left));
            canvas.Fill(at, top, 1, bottom - top, ChartTheme.Grid);
            canvas.Fill(at, bottom, 1, 5, ChartTheme.Rule);
            ChartTheme.DrawBelow(canvas, tick.Label, at, bottom + 18, options.Width - 4);
        }
        canvas.Fill(left, bottom, right - left + 1, 1, ChartTheme.Rule);
        ChartTheme.DrawXLabel(canvas, options.XLabel, left, right, options.Height - Edge + 2);
        ChartTheme.DrawYLabel(canvas, options.YLabel, top, bottom, Edge + 7);
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
}
