namespace Brownian.Imaging;

/// <summary>
/// A line plot drawn into an image, for curves such as a loss over training. Needs no fonts or graphics library. Add the series, then draw:
/// <code>new LineChart(new ChartOptions { Title = "Loss" }).Add("train", steps, losses).Draw()</code>
/// </summary>
public sealed class LineChart
{
    // Beyond these a value cannot be placed without overflow; nobody plots them, and they are left out as NaN is.
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
            throw new ArgumentException($"LineChart: the series '{name}' has {xs.Length} positions but {ys.Length} values.");
        var runs = new List<Dot[]>();
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

    /// <summary>Draws the chart: RGB, of the size in the options.</summary>
    public Image Draw() => new ChartPainter(options, series).Paint(Legend);

    internal IEnumerable<LegendEntry> Legend => series.Select((s, i) => new LegendEntry(s.Name, ChartTheme.Curve(i, s.IsFaint)));

    /// <summary>The same, where the legend stands elsewhere.</summary>
    internal Image DrawWithoutLegend() => new ChartPainter(options, series).Paint([]);

    bool CanPlace(double x, double y) =>
        Math.Abs(x) <= Largest && Math.Abs(y) <= Largest && (!options.LogX || x >= SmallestLog) && (!options.LogY || y >= SmallestLog);

    static Dot[] Zip(ReadOnlySpan<double> xs, ReadOnlySpan<double> ys)
    {
        var dots = new Dot[xs.Length];
        for (int i = 0; i < dots.Length; i++) dots[i] = new Dot(xs[i], ys[i]);
        return dots;
    }

    static void CheckSize(string name, int size, int least)
    {
        const int Most = 8192;
        if (size < least || size > Most)
            throw new ArgumentOutOfRangeException(name, $"LineChart: {name} is {size}; it must be from {least} to {Most} pixels.");
    }
}

/// <summary>A curve in the units of the data: runs of consecutive points, with gaps between the runs.</summary>
sealed record ChartSeries(string Name, IReadOnlyList<Dot[]> Runs, bool IsFaint);
