namespace Brownian;

/// <summary>
/// What the trainer tells while it runs. Reports arrive on the training thread, in order, if the <see cref="IProgress{T}"/>
/// calls straight through; <see cref="Progress{T}"/> hands them to other threads.
/// </summary>
public abstract record TrainProgress
{
    TrainProgress() { }

    /// <summary>Training is about to begin.</summary>
    /// <param name="Dataset">What is learned from, in one line.</param>
    /// <param name="Augmentation">What is done to the images at random, in a few words.</param>
    /// <param name="Parameters">The network's trainable numbers.</param>
    /// <param name="FlopsPerImage">Floating-point operations of one image forward, convolutions counted as if computed directly.</param>
    /// <param name="Step">Steps already taken: 0, or where an interrupted run continues.</param>
    /// <param name="TotalSteps">The step that training ends with.</param>
    /// <param name="StepsPerEpoch">Optimiser steps in one pass over the images; not whole where batches are accumulated.</param>
    /// <param name="Device">What computes.</param>
    public sealed record Started(
        string Dataset, string Augmentation, long Parameters, long FlopsPerImage, long Step, long TotalSteps, double StepsPerEpoch,
        string Device) : TrainProgress
    {
        /// <summary><see cref="IImageDataset.Notes"/> of the images.</summary>
        public IReadOnlyList<string> Notes { get; init; } = [];

        /// <summary>What is learned, in a few words; empty for ε and the simple loss on a linear schedule.</summary>
        public string Objective { get; init; } = "";

        /// <summary>What the optimiser does that its name does not say; empty for Adam and AdamW.</summary>
        public string Optimizer { get; init; } = "";

        /// <summary>Which classes the network is told, in a few words; empty where it is told none.</summary>
        public string Classes { get; init; } = "";

        /// <summary>The model whose weights training begins with; null for fresh ones, and where a run is continued.</summary>
        public StartedFrom? From { get; init; }

        /// <summary>Images that training never sees.</summary>
        public int HeldOut { get; init; }

        /// <summary>So many of those are looked at with each checkpoint.</summary>
        public int HeldOutMeasured { get; init; }

        /// <summary>The snapshots of averages that will be kept; null for none.</summary>
        public SnapshotPlan? Snapshots { get; init; }
    }

    /// <summary>The steps have found their pace: the first ones, which are slow while code is being compiled, are over.</summary>
    /// <param name="Forecast">What the rest will take.</param>
    public sealed record Planned(TrainForecast Forecast) : TrainProgress;

    /// <summary>One step was taken.</summary>
    /// <param name="Metrics">What was written to <c>metrics.jsonl</c>.</param>
    /// <param name="SmoothedLoss">The running mean of the loss.</param>
    /// <param name="TotalSteps">The step that training ends with.</param>
    /// <param name="Remaining">Estimated from the recent steps; null while their pace is not settled.</param>
    public sealed record Stepped(TrainMetrics Metrics, double SmoothedLoss, long TotalSteps, TimeSpan? Remaining) : TrainProgress;

    /// <summary>A grid of samples is being drawn, which can take as long as many steps.</summary>
    /// <param name="Step">After this step.</param>
    /// <param name="Images">How many images.</param>
    public sealed record Sampling(long Step, int Images) : TrainProgress;

    /// <summary>A grid of samples was written.</summary>
    /// <param name="Step">After this step.</param>
    /// <param name="Path">The PNG.</param>
    public sealed record Sampled(long Step, string Path) : TrainProgress;

    /// <summary>Before the first step: the images that evaluations compare with are being looked at.</summary>
    /// <param name="Done">So many of them.</param>
    /// <param name="Images">How many there are.</param>
    public sealed record LookingAtImages(int Done, int Images) : TrainProgress;

    /// <summary>Images are being drawn to be compared with those learned from, which can take as long as many steps.</summary>
    /// <param name="Step">After this step.</param>
    /// <param name="Images">How many images.</param>
    public sealed record Evaluating(long Step, int Images) : TrainProgress;

    /// <summary>A checkpoint was written.</summary>
    /// <param name="Step">Of this step.</param>
    /// <param name="Path">Its folder.</param>
    public sealed record Saved(long Step, string Path) : TrainProgress;

    /// <summary>Something is not as it should be, and training goes on.</summary>
    /// <param name="Message">One line.</param>
    public sealed record Warning(string Message) : TrainProgress;

    /// <summary>The last of all: training is complete, or was cancelled and has saved.</summary>
    /// <param name="Result">How it ended.</param>
    public sealed record Finished(TrainResult Result) : TrainProgress;
}

/// <summary>The snapshots of averages that a training keeps.</summary>
/// <param name="Widths">σ_rel of each average.</param>
/// <param name="Steps">Steps between two snapshots.</param>
/// <param name="Count">How many there are in the end.</param>
/// <param name="Bytes">What all of them take on disk.</param>
public sealed record SnapshotPlan(IReadOnlyList<double> Widths, long Steps, long Count, long Bytes);

/// <summary>How a training ended.</summary>
/// <param name="IsComplete">False when it was cancelled: Trainer.Run on the same folder continues.</param>
/// <param name="Step">Steps taken, those before an interruption included.</param>
/// <param name="SmoothedLoss">The running mean of the loss.</param>
/// <param name="SecondsTrained">Time trained, interruptions not counted.</param>
/// <param name="ModelPath">The model folder, when complete.</param>
/// <param name="SampleGrid">The last grid of samples; null where none was asked for.</param>
/// <param name="Forecast">What was expected after the first steps; null where none was taken.</param>
public sealed record TrainResult(
    bool IsComplete, long Step, double SmoothedLoss, double SecondsTrained, string? ModelPath, string? SampleGrid, TrainForecast? Forecast);

/// <summary>A loss or gradient was not finite. The weights were not updated with it; the last good checkpoint is as it was.</summary>
public sealed class TrainingDivergedException : Exception
{
    internal TrainingDivergedException(long step, string tensor, string message) : base(message) => (Step, Tensor) = (step, tensor);

    /// <summary>The step that was being computed, from 1.</summary>
    public long Step { get; }

    /// <summary>The first tensor that is not finite: "loss", the name of a parameter, or that with ".grad" appended.</summary>
    public string Tensor { get; }
}
