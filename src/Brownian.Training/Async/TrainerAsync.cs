using Microsoft.Extensions.Logging;

namespace Brownian;

/// <summary>Training for programs that wait for it, or watch it.</summary>
public static class TrainerAsync
{
    /// <summary><see cref="Trainer.Run"/> on a thread of its own.</summary>
    /// <param name="trainer">What to do.</param>
    /// <param name="run">As for <see cref="Trainer.Run"/>.</param>
    /// <param name="progress">As for <see cref="Trainer.Run"/>.</param>
    /// <param name="cancel">Abandons the step, saves and returns: a training that was cancelled is no exception, and goes on when it is run again.</param>
    /// <inheritdoc cref="Trainer.Run" path="/exception"/>
    public static Task<TrainResult> RunAsync(
        this Trainer trainer, RunDirectory run, IProgress<TrainProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(trainer);
        return OwnThread.Run(() => trainer.Run(run, progress, cancel), CancellationToken.None);
    }

    /// <summary>
    /// Trains, and gives what it tells as it happens; the last is <see cref="TrainProgress.Finished"/>. Who stops reading stops the training, which then
    /// saves first.
    /// </summary>
    /// <param name="trainer">What to do.</param>
    /// <param name="run">As for <see cref="Trainer.Run"/>.</param>
    /// <param name="cancel">As for <see cref="RunAsync"/>.</param>
    /// <inheritdoc cref="Trainer.Run" path="/exception"/>
    public static IAsyncEnumerable<TrainProgress> FollowAsync(this Trainer trainer, RunDirectory run, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(trainer);
        return Reports.Of<TrainProgress>((progress, stop) => trainer.Run(run, progress, stop), cancel);
    }

    /// <summary>A listener that writes what a trainer tells to a log: a step as Debug, what can go wrong as Warning, the rest as Information.</summary>
    /// <param name="logger">The log.</param>
    public static IProgress<TrainProgress> ToProgress(this ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(logger);
        return new TrainLog(logger);
    }
}

/// <summary>Writes what the trainer tells to a log.</summary>
sealed partial class TrainLog(ILogger logger) : IProgress<TrainProgress>
{
    public void Report(TrainProgress value)
    {
        switch (value)
        {
            case TrainProgress.Started started: Begun(started.Dataset, started.Parameters, started.Step, started.TotalSteps, started.Device); break;
            case TrainProgress.Planned { Forecast: var forecast }: Expected(forecast.Total, forecast.ImagesPerSecond, forecast.PeakMemory); break;
            case TrainProgress.Stepped { Metrics: var metrics }: Stepped(metrics.Step, metrics.Loss, metrics.ImagesPerSecond); break;
            case TrainProgress.Sampled sampled: Sampled(sampled.Step, sampled.Path); break;
            case TrainProgress.Saved saved: Saved(saved.Step, saved.Path); break;
            case TrainProgress.Warning warning: Warned(warning.Message); break;
            case TrainProgress.Finished { Result: { IsComplete: true } result }: Finished(result.Step, result.SmoothedLoss, result.ModelPath); break;
            case TrainProgress.Finished { Result: var result }: Interrupted(result.Step, result.SmoothedLoss); break;
            default: break;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Training on {Dataset}: {Parameters} parameters, step {Step} of {TotalSteps}, {Device}")]
    partial void Begun(string dataset, long parameters, long step, long totalSteps, string device);

    [LoggerMessage(Level = LogLevel.Information, Message = "Training will take {Duration} at {ImagesPerSecond:0.#} images per second, and {PeakMemory} bytes")]
    partial void Expected(TimeSpan duration, double imagesPerSecond, long peakMemory);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Step {Step}: loss {Loss:0.0000}, {ImagesPerSecond:0.#} images per second")]
    partial void Stepped(long step, double loss, double imagesPerSecond);

    [LoggerMessage(Level = LogLevel.Information, Message = "Samples after step {Step}: {Path}")]
    partial void Sampled(long step, string path);

    [LoggerMessage(Level = LogLevel.Information, Message = "Checkpoint after step {Step}: {Path}")]
    partial void Saved(long step, string path);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Message}")]
    partial void Warned(string message);

    [LoggerMessage(Level = LogLevel.Information, Message = "Trained {Step} steps, loss {Loss:0.0000}: {Model}")]
    partial void Finished(long step, double loss, string? model);

    [LoggerMessage(Level = LogLevel.Information, Message = "Interrupted after step {Step}, loss {Loss:0.0000}; run again to continue")]
    partial void Interrupted(long step, double loss);
}
