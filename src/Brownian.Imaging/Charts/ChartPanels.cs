namespace Brownian.Imaging;

/// <summary>Several charts in one picture, side by side under a common title.</summary>
public static class ChartPanels
{
    const int BelowHeader = 10;

    /// <summary>Charts of the same curves, with one legend for all: the names given to the curves of the first.</summary>
    /// <param name="title">Above everything, at the left; empty for none.</param>
    /// <param name="charts">At least one, from left to right.</param>
    /// <exception cref="ArgumentException">There are no charts, or together they are too large.</exception>
    public static Drawing ToDrawing(string title, IReadOnlyList<LineChart> charts)
    {
        ArgumentNullException.ThrowIfNull(charts);
        return Beside(title, [.. charts.Select(chart => chart.ToDrawingWithoutLegend())], charts.Count == 0 ? [] : charts[0].Legend);
    }

    /// <summary>Drawings of any kind, their upper edges in line, on white.</summary>
    /// <param name="title">Above everything, at the left; empty for none.</param>
    /// <param name="panels">At least one, from left to right.</param>
    /// <exception cref="ArgumentException">There are no drawings.</exception>
    public static Drawing ToDrawing(string title, IReadOnlyList<Drawing> panels)
    {
        ArgumentNullException.ThrowIfNull(panels);
        return Beside(title, panels, []);
    }

    /// <summary>Charts of the same curves as an image, with two pixels for each unit.</summary>
    /// <returns>RGB.</returns>
    /// <inheritdoc cref="ToDrawing(string, IReadOnlyList{LineChart})"/>
    public static Image Draw(string title, IReadOnlyList<LineChart> charts) => ToDrawing(title, charts).ToImage();

    static Drawing Beside(string title, IReadOnlyList<Drawing> panels, IEnumerable<LegendEntry> legend)
    {
        ArgumentNullException.ThrowIfNull(title);
        if (panels.Count == 0) throw new ArgumentException("ChartPanels: there is nothing to draw.", nameof(panels));
        int width = panels.Sum(panel => panel.Width), height = panels.Max(panel => panel.Height);
        var header = new ChartHeader(title, legend, width);
        int top = header.Height > 0 ? header.Height + BelowHeader : 0;
        return new Drawing(width, top + height, canvas =>
        {
            header.Paint(canvas);
            int left = 0;
            foreach (Drawing panel in panels)
            {
                panel.PaintOn(canvas, left, top);
                left += panel.Width;
            }
        });
    }
}
