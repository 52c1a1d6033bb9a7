using Brownian.IO;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace Brownian.Imaging;

/// <summary>How a <see cref="HeatMap"/> looks. Empty texts take no room.</summary>
public sealed record HeatMapOptions
{
    /// <summary>Above the plot, at the left.</summary>
    public string Title { get; init; } = "";

    /// <summary>Below the columns' axis.</summary>
    public string XLabel { get; init; } = "";

    /// <summary>Beside the rows' axis, turned by 90°.</summary>
    public string YLabel { get; init; } = "";

    /// <summary>The value with the first colour, below <see cref="High"/>.</summary>
    public double Low { get; init; } = -1;

    /// <summary>The value with the last colour.</summary>
    public double High { get; init; } = 1;

    /// <summary>The colours.</summary>
    public ColorScale Colors { get; init; } = ColorScale.Diverging;

    /// <summary>About how many units the matrix takes in either direction, 50 to 2048; the image has two pixels for each.</summary>
    public int Extent { get; init; } = 500;
}

/// <summary>A matrix as coloured squares, with axes that count rows and columns from 0, and the scale of its colours.</summary>
public static class HeatMap
{
    /// <summary>Where the matrix begins, in units, from the left and from below the header.</summary>
    internal const int Left = 72, Top = ChartTheme.Edge;

    const int Right = 90, Bottom = 56;

    /// <summary>Draws a matrix, row 0 above. One with more rows or columns than there are units is averaged over blocks.</summary>
    /// <param name="values">Rows × columns, row by row. NaN is gray.</param>
    /// <param name="rows">At least 1.</param>
    /// <param name="columns">At least 1.</param>
    /// <param name="options">The defaults when null.</param>
    /// <returns>RGB.</returns>
    /// <exception cref="ArgumentException">The counts do not fit the values, or an option is out of range.</exception>
    public static Image Draw(ReadOnlySpan<float> values, int rows, int columns, HeatMapOptions? options = null) =>
        ToDrawing(values, rows, columns, options).ToImage();

    /// <summary>The matrix, to be drawn at any scale or as SVG.</summary>
    /// <inheritdoc cref="Draw"/>
    public static Drawing ToDrawing(ReadOnlySpan<float> values, int rows, int columns, HeatMapOptions? options = null)
    {
        options ??= new HeatMapOptions();
        if (rows < 1 || columns < 1 || (long)rows * columns != values.Length)
            throw new ArgumentException($"HeatMap: {Counted.Of(rows, "row")} of {Counted.Of(columns, "column")} are not {Counted.Of(values.Length, "value")}.");
        if (!(options.Low < options.High) || !double.IsFinite(options.High - options.Low))
            throw new ArgumentException($"HeatMap: the colours run from {options.Low} to {options.High}; the first must be less.");
        if (options.Extent is < 50 or > 2048)
            throw new ArgumentException($"HeatMap: Extent is {options.Extent}; it must be from 50 to 2048.");
        double[,] means = Means(values, rows, columns, options.Extent);
        (int down, int across) = (Extent(means.GetLength(0), options.Extent), Extent(means.GetLength(1), options.Extent));
        int width = Left + across + Right, height = Top + down + Bottom;
        var header = new ChartHeader(options.Title, [], width);
        return new Drawing(width, header.Height + height, canvas =>
        {
            using Plot plot = Plot(means, rows, columns, options, down, across);
            canvas.Draw(plot, 0, header.Height, width, height);
            header.Paint(canvas);
        });
    }

    static int Extent(int cells, int extent) => cells * Math.Max(1, extent / cells);

    static Plot Plot(double[,] means, int rows, int columns, HeatMapOptions options, int down, int across)
    {
        Plot plot = ChartTheme.NewPlot(options.XLabel, options.YLabel);
        plot.HideGrid();
        plot.Axes.Bottom.FrameLineStyle.IsVisible = false;
        plot.Layout.Fixed(new PixelPadding(Left, Right, Bottom, Top));
        var map = plot.Add.Heatmap(means.GetLength(0) == 1 || means.GetLength(1) == 1 ? Doubled(means) : means);
        // A cell of the map is a block of the matrix; row r lies at rows − 1 − r.
        double wide = Block(columns, options.Extent), high = Block(rows, options.Extent);
        double right = means.GetLength(1) * wide - 0.5, bottom = rows - 0.5 - means.GetLength(0) * high;
        map.Rectangle = new CoordinateRect(-0.5, right, bottom, rows - 0.5);
        map.Colormap = new Colors(options.Colors);
        map.ManualRange = new ScottPlot.Range(options.Low, options.High);
        map.NaNCellColor = new Color(150, 150, 150);
        plot.Axes.SetLimits(-0.5, right, bottom, rows - 0.5);
        plot.Axes.Bottom.TickGenerator = new NumericManual([.. Cells(columns, across / 70)]);
        plot.Axes.Left.TickGenerator = new NumericManual([.. Cells(rows, down / 45).Select(t => new Tick(rows - 1 - t.Position, t.Label))]);
        ScottPlot.Panels.ColorBar bar = plot.Add.ColorBar(map);
        ChartTheme.Style(bar.Axis, "");
        bar.Axis.TickGenerator = new NumericManual(ChartTicks.Linear(options.Low, options.High, Math.Max(2, down / 60)));
        return plot;
    }

    static int Block(int cells, int extent) => (cells + extent - 1) / extent;

    // The axis of few cells would also have ticks between them.
    static IEnumerable<Tick> Cells(int count, int ticks) =>
        count == 1 ? [new Tick(0, "0")]
        : ChartTicks.Linear(0, count - 1, Math.Max(2, ticks)).Where(tick => double.IsInteger(Math.Round(tick.Position, 6)))
            .Select(tick => new Tick(tick.Position, $"{tick.Position:F0}"));

    static double[,] Means(ReadOnlySpan<float> values, int rows, int columns, int extent)
    {
        int high = Block(rows, extent), wide = Block(columns, extent);
        var means = new double[(rows + high - 1) / high, (columns + wide - 1) / wide];
        for (int v = 0; v < means.GetLength(0); v++)
        {
            for (int u = 0; u < means.GetLength(1); u++)
            {
                int bottom = Math.Min(rows, (v + 1) * high), left = u * wide, count = Math.Min(columns, left + wide) - left;
                double sum = 0;
                for (int row = v * high; row < bottom; row++)
                    foreach (float value in values.Slice(row * columns + left, count)) sum += value;
                means[v, u] = sum / ((bottom - v * high) * count);
            }
        }
        return means;
    }

    // A single row or column has no size to ScottPlot.
    static double[,] Doubled(double[,] means)
    {
        var doubled = new double[2 * means.GetLength(0), 2 * means.GetLength(1)];
        for (int v = 0; v < doubled.GetLength(0); v++)
            for (int u = 0; u < doubled.GetLength(1); u++) doubled[v, u] = means[v / 2, u / 2];
        return doubled;
    }

    sealed class Colors(ColorScale scale) : IColormap
    {
        public string Name => nameof(ColorScale);

        public Color GetColor(double position) => scale.At(position).ToPlot();
    }
}
