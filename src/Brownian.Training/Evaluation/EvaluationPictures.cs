using Brownian.Imaging;

namespace Brownian;

/// <summary>The pictures of an evaluation.</summary>
public static class EvaluationPictures
{
    const int Bins = 40, CellSide = 180;

    /// <summary>Distance against network calls and against seconds, a curve for each combination of the other settings.</summary>
    /// <param name="title">Above the chart.</param>
    /// <param name="points">The points of a sweep, with what each came to.</param>
    /// <param name="measure">The name of the distance, as in <see cref="Measured.Name"/>.</param>
    /// <param name="label">What the vertical axis says.</param>
    public static Drawing Sweep(string title, IReadOnlyList<(SweepPoint Point, EvaluationResult Result)> points, string measure, string label)
    {
        ArgumentNullException.ThrowIfNull(points);
        return ChartPanels.ToDrawing(title,
        [
            Chart("network calls per image", result => result.NetworkCalls ?? double.NaN),
            Chart("seconds per image", result => result.SecondsPerImage ?? double.NaN),
        ]);

        LineChart Chart(string xLabel, Func<EvaluationResult, double> position)
        {
            var chart = new LineChart(new ChartOptions { XLabel = xLabel, YLabel = label, LogX = true, LogY = true, Dots = true, Width = 620 });
            foreach (IGrouping<string, (SweepPoint Point, EvaluationResult Result)> curve in points.GroupBy(point => point.Point.Curve))
            {
                EvaluationResult[] along = [.. curve.Select(point => point.Result).OrderBy(position)];
                chart.Add(curve.Key, [.. along.Select(position)], [.. along.Select(result => result[measure]?.Value ?? double.NaN)]);
            }
            return chart;
        }
    }

    /// <summary>Images of the same seeds under every point of a sweep: a row for each, or a table where there are two settings.</summary>
    /// <param name="sweep">The settings.</param>
    /// <param name="images">The images of each point, as many for each.</param>
    public static Image Sheet(SamplingSweep sweep, IReadOnlyList<IReadOnlyList<Image>> images)
    {
        ArgumentNullException.ThrowIfNull(sweep);
        ArgumentNullException.ThrowIfNull(images);
        if (sweep.Axes.Count != 2)
        {
            return ImageSheet.Draw([.. images.SelectMany(row => row)], new SheetOptions
            {
                Columns = images[0].Count,
                RowLabels = [.. sweep.Points.Select(point => point.Label)],
            });
        }
        (SweepAxis down, SweepAxis across) = (sweep.Axes[0], sweep.Axes[1]);
        int columns = (int)Math.Ceiling(Math.Sqrt(images[0].Count));
        Image first = images[0][0].AsColors();
        int scale = ImageGrid.ScaleTo(CellSide, images[0].Count, columns, first.Width, first.Height);
        Image[] cells = [.. images.Select(cell => ImageGrid.Draw(cell, columns, scale: scale))];
        return ImageSheet.Draw(cells, new SheetOptions
        {
            Columns = across.Values.Count,
            RowLabels = [.. down.Values.Select(value => SweepPoint.Words(down.Key, value))],
            ColumnLabels = [.. across.Values.Select(value => SweepPoint.Words(across.Key, value))],
        });
    }

    /// <summary>Judged images beside the training image that each is most like, most alike first.</summary>
    /// <param name="pairs">The judged image, its training image and what to write below.</param>
    public static Image Pairs(IReadOnlyList<(Image Judged, Image Real, string Caption)> pairs)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        return ImageSheet.Draw([.. pairs.SelectMany(pair => (Image[])[pair.Judged, pair.Real])], new SheetOptions
        {
            Title = "generated | nearest training image",
            Columns = Math.Min(8, 2 * pairs.Count),
            Captions = [.. pairs.SelectMany(pair => (string[])[pair.Caption, ""])],
        });
    }

    /// <summary>How distances to the nearest training image are spread.</summary>
    /// <param name="xLabel">What they are measured in.</param>
    /// <param name="sets">The distances of each set of images, by name.</param>
    public static Drawing Distances(string xLabel, params IReadOnlyList<(string Name, IReadOnlyList<double> Distances)> sets)
    {
        ArgumentNullException.ThrowIfNull(sets);
        double low = sets.Min(set => set.Distances.Min()), high = sets.Max(set => set.Distances.Max());
        double width = (high - low) / Bins is > 0 and var step ? step : 1;
        var chart = new LineChart(new ChartOptions { XLabel = xLabel, YLabel = "share of images, %" });
        foreach ((string name, IReadOnlyList<double> distances) in sets)
        {
            double[] shares = new double[Bins];
            foreach (double distance in distances) shares[Math.Min(Bins - 1, (int)((distance - low) / width))] += 100.0 / distances.Count;
            // The outline of the bars.
            double[] xs = [low, .. Enumerable.Range(0, Bins).SelectMany(bin => (double[])[low + bin * width, low + (bin + 1) * width]), low + Bins * width];
            double[] ys = [0, .. shares.SelectMany(share => (double[])[share, share]), 0];
            chart.Add(name, xs, ys);
        }
        return chart.ToDrawing();
    }
}
