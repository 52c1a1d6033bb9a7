using Brownian.IO;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace Brownian.Imaging;

/// <summary>How a <see cref="LineChart"/> looks. Empty texts take no room.</summary>
public sealed record ChartOptions
{
    /// <summary>Above the plot, at the left.</summary>
    public string Title { get; init; } = "";

    /// <summary>Below the horizontal axis.</summary>
    public string XLabel { get; init; } = "";

    /// <summary>Beside the vertical axis, turned by 90°.</summary>
    public string YLabel { get; init; } = "";

    /// <summary>Units, 200 to 4096; the image has two pixels for each.</summary>
    public int Width { get; init; } = 900;

    /// <summary>Units, 120 to 4096.</summary>
    public int Height { get; init; } = 420;

    /// <summary>A dot at each point, for curves of a few points.</summary>
    public bool Dots { get; init; }

    /// <summary>A logarithmic vertical axis; values of zero or less are left out, as gaps.</summary>
    public bool LogY { get; init; }

    /// <summary>A logarithmic horizontal axis; points at zero or less are left out, as gaps.</summary>
    public bool LogX { get; init; }
}

/// <summary>
/// A line plot drawn into an image, for curves such as a loss over training. Add the series, then draw:
/// <code>new LineChart(new ChartOptions { Title = "Loss" }).Add("train", steps, losses).Draw()</code>
/// </summary>
public sealed class LineChart
{
    // The span of two such numbers is finite, and so are their ratio and their logarithms. Greater ones are left out as NaN is.
    const double Largest = 1e150, SmallestLog = 1e-150;

    readonly ChartOptions options;
    readonly List<ChartSeries> series = [];

    /// <param name="options">Texts, size and scale; the defaults when null.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is out of its range.</exception>
    public LineChart(ChartOptions? options = null)
    {
        this.options = options ?? new ChartOptions();
        CheckSize(nameof(ChartOptions.Width), this.options.Width, 200);
        CheckSize(nameof(ChartOptions.Height), this.options.Height, 120);
    }

    /// <summary>Adds a curve; its colour follows from its place among the curves.</summary>
    /// <param name="name">For the legend; an empty name stays out of it.</param>
    /// <param name="xs">Positions, copied.</param>
    /// <param name="ys">As many values, copied. NaN and infinity leave a gap, as do values or positions of zero or less on a logarithmic axis.</param>
    /// <param name="faint">Draw it pale and thin, as the noisy values behind a smoothed curve.</param>
    /// <returns>This chart.</returns>
    /// <exception cref="ArgumentException">The two lengths differ.</exception>
    public LineChart Add(string name, ReadOnlySpan<double> xs, ReadOnlySpan<double> ys, bool faint = false)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (xs.Length != ys.Length)
            throw new ArgumentException($"LineChart: the series '{name}' has {Counted.Of(xs.Length, "position")} but {Counted.Of(ys.Length, "value")}.");
        var runs = new List<Coordinates[]>();
        int start = 0;
        for (int i = 0; i <= xs.Length; i++)
        {
            if (i < xs.Length && CanPlace(xs[i], ys[i])) continue;
            if (i > start) runs.Add(Zip(xs[start..i], ys[start..i]));
            start = i + 1;
        }
        series.Add(new ChartSeries(name, runs, faint));
        return this;
    }

    /// <summary>Draws the chart: RGB, with two pixels for each unit of the size in the options.</summary>
    public Image Draw() => ToDrawing().ToImage();

    /// <summary>The chart, to be drawn at any scale or as SVG.</summary>
    public Drawing ToDrawing() => ToDrawing(Legend);

    internal IEnumerable<LegendEntry> Legend => series.Select((s, i) => new LegendEntry(s.Name, ChartTheme.Curve(i, s.IsFaint), ChartTheme.IsDashed(i)));

    /// <summary>The same, where the legend stands elsewhere.</summary>
    internal Drawing ToDrawingWithoutLegend() => ToDrawing([]);

    Drawing ToDrawing(IEnumerable<LegendEntry> legend)
    {
        var header = new ChartHeader(options.Title, legend, options.Width);
        int height = Math.Max(options.Height - header.Height, 60);
        return new Drawing(options.Width, options.Height, canvas =>
        {
            using Plot plot = Plot(height);
            canvas.Draw(plot, ChartTheme.Edge / 2, header.Height, options.Width - ChartTheme.Edge / 2, height);
            header.Paint(canvas);                               // its lowest letters hang into the plot's margin
        });
    }

    Plot Plot(int height)
    {
        Plot plot = ChartTheme.NewPlot(options.XLabel, options.YLabel);
        for (int i = 0; i < series.Count; i++)
        {
            foreach (Coordinates[] run in series[i].Runs)
            {
                var line = plot.Add.ScatterLine(run);
                line.Color = ChartTheme.Curve(i, series[i].IsFaint).ToPlot();
                line.LineWidth = series[i].IsFaint ? 1 : 2;
                if (options.Dots) line.MarkerSize = 8;
                line.LinePattern = ChartTheme.IsDashed(i) ? LinePattern.Dashed : LinePattern.Solid;
            }
        }
        (double left, double right) = Range(p => p.X, options.LogX, margin: 0);
        (double low, double high) = Range(p => p.Y, options.LogY, margin: 0.04);
        plot.Axes.SetLimits(left, right, low, high);
        Tick[] xTicks = Ticks(left, right, options.LogX, Math.Max(2, options.Width / 80));
        double near = right - 50.0 / options.Width * (right - left);
        plot.Axes.Bottom.TickGenerator = new NumericManual(ChartTicks.EndingAt(xTicks, right, options.LogX, near));
        plot.Axes.Left.TickGenerator = new NumericManual(Ticks(low, high, options.LogY, Math.Max(2, height / 50)));
        return plot;
    }

    // Where the axis runs from and to, in logarithms on a logarithmic one. A nearby zero becomes the low end of an axis with a margin.
    (double Low, double High) Range(Func<Coordinates, double> of, bool log, double margin)
    {
        double low = double.MaxValue, high = double.MinValue;
        foreach (Coordinates point in series.SelectMany(s => s.Runs).SelectMany(run => run))
            (low, high) = (Math.Min(low, of(point)), Math.Max(high, of(point)));
        if (low > high) (low, high) = (0, 1);
        if (log) high = Math.Max(high, low + 0.02);
        // A range too narrow for its magnitude would put ticks closer together than doubles lie.
        double size = Math.Max(Math.Abs(low), Math.Abs(high)), half = size == 0 ? 0.5 : 0.1 * size;
        if (high - low <= 1e-9 * size) (low, high) = (low - half, high + half);
        double room = (high - low) * margin;
        return (!log && margin > 0 && low >= 0 && low <= 0.3 * high ? 0 : low - room, high + room);
    }

    static Tick[] Ticks(double low, double high, bool log, int count) => log
        ? [.. ChartTicks.Logarithmic(Math.Pow(10, low), Math.Pow(10, high), count).Select(t => new Tick(Math.Log10(t.Position), t.Label))]
        : ChartTicks.Linear(low, high, count);

    bool CanPlace(double x, double y) =>
        Math.Abs(x) <= Largest && Math.Abs(y) <= Largest && (!options.LogX || x >= SmallestLog) && (!options.LogY || y >= SmallestLog);

    Coordinates[] Zip(ReadOnlySpan<double> xs, ReadOnlySpan<double> ys)
    {
        var points = new Coordinates[xs.Length];
        for (int i = 0; i < points.Length; i++)
            points[i] = new Coordinates(options.LogX ? Math.Log10(xs[i]) : xs[i], options.LogY ? Math.Log10(ys[i]) : ys[i]);
        return points;
    }

    static void CheckSize(string name, int size, int least)
    {
        const int Most = 4096;
        if (size < least || size > Most)
            throw new ArgumentOutOfRangeException(name, $"LineChart: {name} is {size}; it must be from {least} to {Most}.");
    }
}

/// <summary>A curve in the units of the axes: runs of consecutive points, with gaps between the runs.</summary>
sealed record ChartSeries(string Name, IReadOnlyList<Coordinates[]> Runs, bool IsFaint);
