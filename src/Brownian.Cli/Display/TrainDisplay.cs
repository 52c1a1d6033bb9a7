using System.Globalization;
using Brownian.Training;

namespace Brownian.Cli;

/// <summary>Tells a person what the trainer does.</summary>
/// <param name="line">The bar or the lines.</param>
/// <param name="run">Where results go.</param>
sealed class TrainDisplay(IProgressLine line, RunDirectory run) : IProgress<TrainProgress>
{
    /// <summary>Steps before a time is named: the first ones are slow, as code is still being compiled.</summary>
    const int WarmUpSteps = 10;

    TrainProgress.Started? _start;

    public void Report(TrainProgress value)
    {
        switch (value)
        {
            case TrainProgress.Started started: Introduce(started); break;
            case TrainProgress.Stepped stepped: Show(stepped); break;
            case TrainProgress.Sampled sampled: line.Note($"grid    {Phrases.Relative(sampled.Path)}"); break;
            case TrainProgress.Warning warning: line.Note($"warning {warning.Message}"); break;
            default: break;
        }
    }

    void Introduce(TrainProgress.Started started)
    {
        _start = started;
        TrainParams train = run.Config.Train;
        long images = (long)train.BatchSize * train.GradientAccumulation;
        string epochs = (started.TotalSteps / started.StepsPerEpoch).ToString("0.##", CultureInfo.InvariantCulture);
        string from = started.Step > 0 ? $", continuing after step {Phrases.Count(started.Step)}" : "";
        line.Note($"data    {started.Dataset}");
        line.Note($"model   {run.Config.Model.Type}, {Phrases.Count(started.Parameters)} parameters");
        line.Note($"device  {started.Device}");
        line.Note($"length  {Phrases.Count(started.TotalSteps)} steps of {Phrases.Count(images)} images, {epochs} epochs{from}");
        line.Note($"run     {Phrases.Relative(run.FullPath)}");
    }

    void Show(TrainProgress.Stepped stepped)
    {
        TrainMetrics metrics = stepped.Metrics;
        if (_start is { } start && metrics.Step == start.Step + WarmUpSteps && metrics.Step < stepped.TotalSteps)
            line.Note($"time    about {Phrases.Duration(stepped.Remaining)} to go, at {Phrases.Rate(metrics.ImagesPerSecond)} img/s");
        string loss = stepped.SmoothedLoss.ToString("0.0000", CultureInfo.InvariantCulture);
        line.Update(
            (double)metrics.Step / stepped.TotalSteps,
            $"step {Phrases.Count(metrics.Step)}/{Phrases.Count(stepped.TotalSteps)}  loss {loss}  "
            + $"{Phrases.Rate(metrics.ImagesPerSecond)} img/s  {Phrases.Duration(stepped.Remaining)} left");
    }
}
