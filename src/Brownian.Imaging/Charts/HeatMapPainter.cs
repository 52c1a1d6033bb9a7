namespace Brownian.Imaging;

/// <summary>Lays out one heat map and draws it.</summary>
sealed class HeatMapPainter
{
    const int Edge = ChartTheme.Edge, Line = ChartTheme.Line, BarGap = 18, BarWidth = 14;

    static readonly Rgb NoNumber = new(150, 150, 150);

    readonly HeatMapOptions options;
    readonly HeatMapSpan across, down;
    readonly ChartHeader header;
    readonly ChartAxis x, y, scale;
    readonly Canvas canvas;

    public HeatMapPainter(HeatMapOptions options, int rows, int columns)
    {
        this.options = options;
        (across, down) = (HeatMapSpan.Of(columns, options.Extent), HeatMapSpan.Of(rows, options.Extent));
        x = ChartAxis.Linear(0, columns - 1, Math.Max(2, across.Extent / 70), margin: 0);
        y = ChartAxis.Linear(0, rows - 1, Math.Max(2, down.Extent / 45), margin: 0);
        scale = ChartAxis.Linear(options.Low, options.High, Math.Max(2, down.Extent / 60), margin: 0);
        Left = Edge + (options.YLabel.Length > 0 ? Line : 0) + Widest(y) + 9;
        int width = Left + across.Extent + BarGap + BarWidth + 8 + Widest(scale) + Edge;
        header = new ChartHeader(options.Title, [], width);
        Top = Edge + header.Height;
        canvas = new Canvas(width, Top + down.Extent + Line + (options.XLabel.Length > 0 ? Line : 0) + Edge, ChartTheme.Paper);
    }

    /// <summary>Where the matrix begins, in pixels.</summary>
    public int Left { get; }

    /// <inheritdoc cref="Left"/>
    public int Top { get; }

    public Image Paint(ReadOnlySpan<float> values)
    {
        header.Paint(canvas);
        for (int v = 0; v < down.Extent; v++)
        {
            for (int u = 0; u < across.Extent; u++) canvas.Fill(Left + u, Top + v, 1, 1, ColorOf(Mean(values, u, v)));
        }
        PaintAxes();
        PaintScale();
        return canvas.Image;
    }

    double Mean(ReadOnlySpan<float> values, int u, int v)
    {
        ((int left, int right), (int top, int bottom)) = (across.CellsAt(u), down.CellsAt(v));
        double sum = 0;
        for (int row = top; row < bottom; row++)
        {
            foreach (float value in values.Slice(row * across.Count + left, right - left)) sum += value;
        }
        return sum / ((bottom - top) * (right - left));
    }

    Rgb ColorOf(double value) => double.IsNaN(value) ? NoNumber : options.Colors.At((value - options.Low) / (options.High - options.Low));

    void PaintAxes()
    {
        int right = Left + across.Extent, bottom = Top + down.Extent;
        foreach (ChartTick tick in Cells(x, across.Count))
        {
            int at = Left + (int)Math.Round(across.PixelOf(tick.Value));
            canvas.Fill(at, bottom, 1, 4, ChartTheme.Soft);
            ChartTheme.DrawBelow(canvas, tick.Label, at, bottom + 17, canvas.Image.Width - 4);
        }
        foreach (ChartTick tick in Cells(y, down.Count))
        {
            int at = Top + (int)Math.Round(down.PixelOf(tick.Value));
            canvas.Fill(Left - 4, at, 4, 1, ChartTheme.Soft);
            DrawTick(tick.Label, Left - 8 - Math.Ceiling(StrokeFont.Measure(tick.Label, 1)), at);
        }
        ChartTheme.DrawXLabel(canvas, options.XLabel, Left, right, canvas.Image.Height - Edge + 2);
        ChartTheme.DrawYLabel(canvas, options.YLabel, Top, bottom, Edge + 7);
    }

    void PaintScale()
    {
        int left = Left + across.Extent + BarGap, height = down.Extent;
        for (int v = 0; v < height; v++)
            canvas.Fill(left, Top + v, BarWidth, 1, options.Colors.At(height == 1 ? 1 : 1 - v / (height - 1.0)));
        foreach (ChartTick tick in scale.Ticks)
        {
            int at = Top + (int)Math.Round((1 - scale.At(tick.Value)) * (height - 1));
            canvas.Fill(left + BarWidth, at, 4, 1, ChartTheme.Soft);
            DrawTick(tick.Label, left + BarWidth + 8, at);
        }
    }

    // The axis of a single cell, or of two, would also have ticks between and beside them.
    static IEnumerable<ChartTick> Cells(ChartAxis axis, int count) =>
        axis.Ticks.Where(t => t.Value >= 0 && t.Value < count && double.IsInteger(Math.Round(t.Value, 6)));

    void DrawTick(string label, double x, int middle) =>
        StrokeFont.Draw(canvas, label, new Dot(Math.Round(x), middle + 4), 1, ChartTheme.TickWeight, ChartTheme.Soft);

    static int Widest(ChartAxis axis) => (int)Math.Ceiling(axis.Ticks.Select(t => StrokeFont.Measure(t.Label, 1)).DefaultIfEmpty(0).Max());
}
