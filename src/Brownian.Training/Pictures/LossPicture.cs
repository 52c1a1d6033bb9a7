using System.Text.Json.Nodes;
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
            if (history.HeldOut.Count > 0)
                chart.Add($"{names[i]}, held-out images", [.. history.HeldOut.Select(at => PositionOf(at.Step, at.Seconds, runs[i], over))], [.. history.HeldOut.Select(at => at.Loss)]);
        }
        return chart.ToDrawing();
    }

    /// <summary>Why losses of runs cannot be compared: the keys by which they mean something else; empty where they can.</summary>
    /// <param name="runs">Any number of runs.</param>
    public static IReadOnlyList<string> Differences(IReadOnlyList<RunDirectory> runs)
    {
        ArgumentNullException.ThrowIfNull(runs);
        List<Dictionary<string, string>> all = [.. runs.Select(run => MeaningOf(run.Config))];
        return [.. all.SelectMany(one => one.Keys).Distinct().Where(key => all.Select(one => one.GetValueOrDefault(key, "")).Distinct().Count() > 1)];
    }

    /// <summary>What a loss is measured in: keys of train_params. Learned weights and learned timesteps leave the printed loss as it is.</summary>
    static readonly string[] LossKeys =
    [
        "loss", "huber_delta", "loss_weighting", "snr_gamma", "p2_gamma", "p2_k", "vlb", "vlb_weight", "time_distribution", "time_mean", "time_std",
        "noise_assignment", "noise_candidates", "offset_noise", "input_perturbation", "class_conditional",
    ];

    static Dictionary<string, string> MeaningOf(TrainConfig config)
    {
        var meaning = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["the size of the images"] = $"{config.Model.Width}×{config.Model.Height}×{config.Model.Channels}",
        };
        TrainConfig decisive = config with { Diffusion = TrainConfig.DecisiveDiffusion(config.Diffusion) };
        foreach ((string key, JsonNode? value) in ConfigSection.Diffusion.ToJson(decisive)) meaning[key] = value?.ToJsonString() ?? "";
        foreach ((string key, JsonNode? value) in ConfigSection.Train.ToJson(config))
        {
            if (LossKeys.Contains(key)) meaning[key] = value?.ToJsonString() ?? "";
        }
        return meaning;
    }

    static LossHistory Read(RunDirectory run)
    {
        if (!File.Exists(run.MetricsPath)) throw new FileNotFoundException($"{run.MetricsPath}: missing; the run has not been trained yet.");
        LossHistory history = LossHistory.Read(run.MetricsPath);
        return history.Steps.Count > 0 ? history : throw new InvalidDataException($"{run.MetricsPath}: no step is complete yet.");
    }

    static double[] Positions(LossHistory history, RunDirectory run, LossAxis over) =>
        [.. history.Steps.Zip(history.Seconds, (step, seconds) => PositionOf(step, seconds, run, over))];

    static double PositionOf(double step, double seconds, RunDirectory run, LossAxis over) => over switch
    {
        LossAxis.Seconds => seconds,
        LossAxis.Images => step * run.Config.Train.BatchSize * run.Config.Train.GradientAccumulation,
        _ => step,
    };

    // Folders' names, and where two are the same what stands before them.
    static string[] Names(IReadOnlyList<RunDirectory> runs)
    {
        string[] names = [.. runs.Select(run => Path.GetFileName(run.FullPath))];
        return names.Distinct().Count() == names.Length
            ? names
            : [.. runs.Select(run => Path.GetRelativePath(Directory.GetCurrentDirectory(), run.FullPath))];
    }
}
