namespace Brownian.Imaging;

/// <summary>Several charts in one picture, side by side under a common title.</summary>
public static class ChartPanels
{
    const int BelowHeader = 10;

    /// <summary>Charts of the same curves, with one legend for all: the names given to the curves of the first.</summary>
    /// <param name="title">Above everything, at the left; empty for none.</param>
    /// <param name="charts">At least one, from left to right.</param>
    /// <returns>RGB.</returns>
    /// <exception cref="ArgumentException">There are no charts, or together they are too large.</exception>
    public static Image Draw(string title, IReadOnlyList<LineChart> charts)
    {
        ArgumentNullException.ThrowIfNull(charts);
        return Beside(title, [.. charts.Select(chart => chart.DrawWithoutLegend())], charts.Count == 0 ? [] : charts[0].Legend);
    }

    /// <summary>Pictures of any kind, their upper edges in line.</summary>
    /// <param name="title">Above everything, at the left; empty for none.</param>
    /// <param name="panels">At least one, from left to right.</param>
    /// <returns>RGB, white where there is nothing.</returns>
    /// <exception cref="ArgumentException">There are no pictures, or together they are too large.</exception>
    public static Image Draw(string title, IReadOnlyList<Image> panels)
    {
        ArgumentNullException.ThrowIfNull(panels);
        return Beside(title, panels, []);
    }

    static Image Beside(string title, IReadOnlyList<Image> panels, IEnumerable<LegendEntry> legend)
    {
        ArgumentNullException.ThrowIfNull(title);
        if (panels.Count == 0) throw new ArgumentException("ChartPanels: there is nothing to draw.", nameof(panels));
        int width = panels.Sum(panel => panel.Width), height = panels.Max(panel => panel.Height);
        (width, height) = (Units(width), Units(height));
        var header = new ChartHeader(title, legend, width);
        int top = header.Height > 0 ? header.Height + BelowHeader : 0, left = 0;
        using var canvas = new Canvas(width, top + height, ChartTheme.Scale);
        header.Paint(canvas);
        foreach (Image panel in panels)
        {
            canvas.Paste(panel, left, top);
            left += Units(panel.Width);
        }
        return canvas.ToImage();
    }

    static int Units(int pixels) => (pixels + ChartTheme.Scale - 1) / ChartTheme.Scale;
}
