using System.Globalization;

namespace Brownian.Cli;

/// <summary>Tells a person what the trainer does.</summary>
/// <param name="line">The bar or the lines.</param>
/// <param name="config">What is done.</param>
/// <param name="run">Where results go; null where there will be none.</param>
sealed class TrainDisplay(IProgressLine line, TrainConfig config, RunDirectory? run = null) : IProgress<TrainProgress>
{
    /// <summary>Epochs that take so long are told one by one.</summary>
    const double LongEpochSeconds = 10;

    TrainProgress.Started? _start;
    string _distance = "";
    (long Number, double Sum, long Steps, double Since) _epoch = (-1, 0, 0, 0);

    /// <summary>Whether the time was told with the budget that it comes from.</summary>
    public bool HasBudget { get; init; }

    /// <summary>What is done that the user's file does not mention; null for nothing.</summary>
    public string? Additions { get; init; }

    public void Report(TrainProgress value)
    {
        switch (value)
        {
            case TrainProgress.Started started: Introduce(started); break;
            case TrainProgress.Planned planned: Plan(planned.Forecast); break;
            case TrainProgress.Stepped stepped: Show(stepped); break;
            case TrainProgress.Sampling sampling: line.Note($"drawing {Phrases.Count(sampling.Images, "sample")} after step {Phrases.Count(sampling.Step)}"); break;
            case TrainProgress.LookingAtImages looking:
                line.Update((double)looking.Done / looking.Images, $"looked at {Phrases.Count(looking.Done)}/{Phrases.Count(looking.Images, "image")}, for evaluations");
                break;
            case TrainProgress.Evaluating evaluating: line.Note($"drawing {Phrases.Count(evaluating.Images, "sample")} to evaluate step {Phrases.Count(evaluating.Step)}"); break;
            // The last grid is told with the results.
            case TrainProgress.Sampled sampled when sampled.Step != _start?.TotalSteps:
                line.Note($"grid    {Phrases.Relative(sampled.Path)}");
                break;
            case TrainProgress.Warning warning: line.Warn(warning.Message); break;
            default: break;
        }
    }

    void Introduce(TrainProgress.Started started)
    {
        _start = started;
        TrainParams train = config.Train;
        long images = (long)train.BatchSize * train.GradientAccumulation;
        string epochs = (started.TotalSteps / started.StepsPerEpoch).ToString("0.##", CultureInfo.InvariantCulture);
        string from = started.Step > 0 ? $", continuing after step {Phrases.Count(started.Step)}" : "";
        line.Note($"data    {started.Dataset}");
        foreach (string note in started.Notes) line.Note($"        {note}");
        if (started.HeldOut > 0)
        {
            string looked = started.HeldOutMeasured == started.HeldOut ? "" : $" of {Phrases.Count(started.HeldOutMeasured)} of them";
            line.Note($"        {Phrases.Count(started.HeldOut)} are held out: training never sees them, and the loss{looked} is measured with each checkpoint");
        }
        line.Note($"augment {started.Augmentation}");
        string cost = $"{Phrases.Rate(started.FlopsPerImage / 1e9)} GFLOP per image forward";
        line.Note($"model   {config.Model.Type}, {Phrases.Count(started.Parameters, "parameter")}, {cost}");
        if (started.From is { } source) line.Note($"starts  from {source.Model}{Details(source)}");
        if (started.Objective.Length > 0) line.Note($"learns  {started.Objective}");
        if (started.Optimizer.Length > 0) line.Note($"updates {started.Optimizer}");
        if (started.Classes.Length > 0) line.Note($"classes {started.Classes}");
        line.Note($"device  {started.Device}");
        line.Note($"length  {Phrases.Count(started.TotalSteps, "step")} of {Phrases.Count(images, "image")}, {epochs} {(epochs == "1" ? "epoch" : "epochs")}{from}");
        if (Additions is not null) line.Note($"adds    {Additions}");
        if (started.Snapshots is { } kept)
        {
            string widths = string.Join(" and ", kept.Widths.Select(width => width.ToString(CultureInfo.InvariantCulture)));
            line.Note($"ema     averages of width {widths}, {Phrases.Count(kept.Count, "snapshot")} of each, {(kept.Steps == 1 ? "after every step" : $"every {Phrases.Count(kept.Steps)} steps")}, {Phrases.Megabytes(kept.Bytes)} in all");
        }
        if (run is not null) line.Note($"run     {Phrases.Relative(run.FullPath)}");
    }

    // A model of ours is an average; of others it is not known.
    static string Details(StartedFrom from)
    {
        string step = from.Step > 0 ? $" (step {Phrases.Count(from.Step)}, averaged weights)" : "";
        return from.Share < 1 ? string.Create(CultureInfo.InvariantCulture, $"{step}, {Math.Min(99.9, 100 * from.Share):0.#} % of the network") : step;
    }

    void Plan(TrainForecast forecast)
    {
        string estimated = forecast.IsEstimated ? ", estimated from steps of a few images, within 30 %" : "";
        if (!HasBudget) line.Note($"speed   {Speed(forecast.ImagesPerSecond, forecast.Gflops)}{estimated}");
        line.Note($"memory  {Phrases.Megabytes(forecast.PeakMemory)} at most, predicted");
        if (forecast.GridNote.Length > 0) line.Note($"grids   {forecast.GridNote}");
        if (!HasBudget) line.Note($"time    about {Phrases.Duration(forecast.Total)}{Besides(forecast)}");
    }

    // Grids and checkpoints are named where they take more than a twentieth.
    static string Besides(TrainForecast forecast)
    {
        (string What, TimeSpan Time)[] parts = [("grids of samples", forecast.Grids), ("checkpoints", forecast.Checkpoints), ("evaluations", forecast.Evaluations)];
        string[] told = [.. parts.Where(part => part.Time > forecast.Total / 20).Select(part => $"{Phrases.Duration(part.Time)} for {part.What}")];
        return told.Length == 0 ? "" : $", of which {Listed(told)}";
    }

    static string Listed(string[] parts) => parts.Length < 3 ? string.Join(" and ", parts) : $"{string.Join(", ", parts[..^1])} and {parts[^1]}";

    static string Speed(double imagesPerSecond, double gflops) => $"{Phrases.Rate(imagesPerSecond)} img/s, {Phrases.Rate(gflops)} GFLOP/s";

    void Show(TrainProgress.Stepped stepped)
    {
        TrainMetrics metrics = stepped.Metrics;
        string speed = Speed(metrics.ImagesPerSecond, metrics.Gflops);
        string loss = stepped.SmoothedLoss.ToString("0.0000", CultureInfo.InvariantCulture);
        string left = stepped.Remaining is { } rest ? $"  {Phrases.Duration(rest)} left" : "";
        if (metrics.Evaluation is { } found)
        {
            _distance = $"  distance {Phrases.Rate(found.Frechet)}";
            line.Note($"distance {Numbers.Text(found.Frechet)} (Fréchet), {Numbers.Text(found.Kernel)} (kernel) after step {Phrases.Count(metrics.Step)}: {Phrases.Count(found.Images, "sample")}, features {found.Features}");
        }
        if (metrics.ValidationLoss is { } validation)
            line.Note(string.Create(CultureInfo.InvariantCulture, $"held-out loss {validation:0.0000} after step {Phrases.Count(metrics.Step)}"));
        string status = $"step {Phrases.Count(metrics.Step)}/{Phrases.Count(stepped.TotalSteps)}  loss {loss}{_distance}  {speed}{left}";
        line.Update((double)metrics.Step / stepped.TotalSteps, status);
        if (config.Train.LogSteps > 0 && metrics.Step % config.Train.LogSteps == 0 && metrics.Step < stepped.TotalSteps) line.Note(status);
        Count(metrics, isLast: metrics.Step == stepped.TotalSteps);
    }

    // The mean loss of each epoch, as tutorials print it.
    void Count(TrainMetrics metrics, bool isLast)
    {
        if (metrics.Epoch != _epoch.Number)
        {
            TellEpoch(metrics);
            _epoch = (metrics.Epoch, 0, 0, metrics.Seconds);
        }
        _epoch = _epoch with { Sum = _epoch.Sum + metrics.Loss, Steps = _epoch.Steps + 1 };
        if (isLast) TellEpoch(metrics);
    }

    void TellEpoch(TrainMetrics metrics)
    {
        double seconds = metrics.Seconds - _epoch.Since;
        if (_epoch.Number < 0 || (config.Train.LogSteps == 0 && seconds < LongEpochSeconds)) return;
        line.Note(string.Create(CultureInfo.InvariantCulture,
            $"epoch {_epoch.Number + 1}  loss {_epoch.Sum / _epoch.Steps:0.0000} on average, {Phrases.Duration(TimeSpan.FromSeconds(seconds))}"));
    }
}

/// <summary>Keeps in mind what is lost of a training that ends at once.</summary>
/// <param name="terminal">Will tell it.</param>
/// <param name="run">What is trained.</param>
/// <param name="next">Told everything.</param>
sealed class LastCheckpoint(Terminal terminal, RunDirectory run, IProgress<TrainProgress> next) : IProgress<TrainProgress>
{
    public void Report(TrainProgress value)
    {
        if (value is TrainProgress.Started started) Remember(started.Step);
        if (value is TrainProgress.Saved saved) Remember(saved.Step);
        next.Report(value);
    }

    void Remember(long step) => terminal.Lost = step == 0
        ? "no checkpoint was saved yet, so all steps are lost"
        : $"steps after {Phrases.Count(step)} are lost; to continue: {Invocation.Of("train", "--resume", Phrases.Relative(run.FullPath))}";
}

/// <summary>Tells a person what a budget of time was turned into, and why.</summary>
static class BudgetDisplay
{
    public static void Tell(TextWriter to, TimeBudget budget, BudgetedTraining fitted)
    {
        TrainConfig config = fitted.Config;
        string step = Seconds(fitted.Pace.StepSeconds), steps = Phrases.Count(fitted.Steps, "step");
        to.WriteLine($"budget  {Phrases.Duration(budget.Time)}, enough for {steps}: one takes {step} here");
        if (fitted.StepsOfUsualNetwork is { } usual)
            to.WriteLine($"network smaller than usual: the usual one would come to only {Phrases.Count(usual, "step")}");
        to.WriteLine($"time    about {Phrases.Duration(fitted.Expected)}, measuring included");
        if (fitted.FirstGrid is not { } first) return;
        string each = $"{Phrases.Count(config.Train.Samples, "sample")}, {Seconds(fitted.Pace.GridSeconds(config))} each";
        to.WriteLine($"grids   of {each}; the first after about {Phrases.Duration(first)}");
    }

    static string Seconds(double seconds) => seconds < 1
        ? string.Create(CultureInfo.InvariantCulture, $"{1000 * seconds:0} ms")
        : string.Create(CultureInfo.InvariantCulture, $"{seconds:0.0} s");
}
