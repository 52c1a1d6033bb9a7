using Brownian.Imaging;

namespace Brownian;

/// <summary>What the loss is drawn over.</summary>
public enum LossAxis
{
    /// <summary>Optimiser steps.</summary>
    Steps,

    /// <summary>Seconds trained, interruptions not counted.</summary>
    Seconds,

    /// <summary>Images seen, an image counted each time it is seen.</summary>
    Images,
}

/// <summary>The losses of several runs in one chart.</summary>
public static class LossPicture
{
    /// <summary>Draws the running means; of a single run every step too, pale.</summary>
    /// <param name="runs">At least one, each with metrics.</param>
    /// <param name="over">The horizontal axis.</param>
    /// <param name="linear">A linear axis for the loss, where the fall of the first steps flattens the rest.</param>
    /// <param name="logX">A logarithmic horizontal axis.</param>
    /// <exception cref="ArgumentException">There are no runs.</exception>
    /// <exception cref="InvalidDataException">A file of metrics is damaged or empty.</exception>
    /// <exception cref="IOException">A run has no metrics.</exception>
    public static Image Draw(IReadOnlyList<RunDirectory> runs, LossAxis over = LossAxis.Steps, bool linear = false, bool logX = false) =>
        ToDrawing(runs, over, linear, logX).ToImage();

    /// <summary>The same, to be drawn at any scale or as SVG.</summary>
    /// <inheritdoc cref="Draw"/>
    public static Drawing ToDrawing(IReadOnlyList<RunDirectory> runs, LossAxis over = LossAxis.Steps, bool linear = false, bool logX = false)
    {
        ArgumentNullException.ThrowIfNull(runs);
        if (runs.Count == 0) throw new ArgumentException("There is no run to draw the loss of.", nameof(runs));
        var chart = new LineChart(new ChartOptions
        {
            Title = "Loss",
            XLabel = over switch { LossAxis.Seconds => "seconds", LossAxis.Images => "images", _ => "step" },
            YLabel = runs.Count == 1 ? "loss" : "running mean of the loss",
            LogX = logX,
            LogY = !linear,
        });
        string[] names = Names(runs);
        for (int i = 0; i < runs.Count; i++)
        {
            LossHistory history = Read(runs[i]);
            double[] xs = Positions(history, runs[i], over);
            if (runs.Count == 1) chart.Add("each step", xs, [.. history.Losses], faint: true);
            chart.Add(names[i], xs, history.RunningMeans());
        }
        return chart.ToDrawing();
    }

    static LossHistory Read(RunDirectory run)
    {
        if (!File.Exists(run.MetricsPath)) throw new FileNotFoundException($"{run.MetricsPath}: missing; the run has not been trained yet.");
        LossHistory history = LossHistory.Read(run.MetricsPath);
        return history.Steps.Count > 0 ? history : throw new InvalidDataException($"{run.MetricsPath}: no step is complete yet.");
    }

    static double[] Positions(LossHistory history, RunDirectory run, LossAxis over)
    {
        double images = (double)run.Config.Train.BatchSize * run.Config.Train.GradientAccumulation;
        return over switch
        {
            LossAxis.Seconds => [.. history.Seconds],
            LossAxis.Images => [.. history.Steps.Select(step => step * images)],
            _ => [.. history.Steps],
        };
    }

    // Folders' names, and where two are the same what stands before them.
    static string[] Names(IReadOnlyList<RunDirectory> runs)
    {
        string[] names = [.. runs.Select(run => Path.GetFileName(run.FullPath))];
        return names.Distinct().Count() == names.Length
            ? names
            : [.. runs.Select(run => Path.GetRelativePath(Directory.GetCurrentDirectory(), run.FullPath))];
    }
}
