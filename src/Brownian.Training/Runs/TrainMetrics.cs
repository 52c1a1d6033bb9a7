namespace Brownian.Training;

/// <summary>What <c>metrics.jsonl</c> says about one step.</summary>
/// <param name="Step">Optimiser steps taken, this one included: the first is 1.</param>
/// <param name="Epoch">Passes over the images completed before this step's last batch.</param>
/// <param name="Loss">Mean squared error of the predicted noise over the step's images.</param>
/// <param name="LossByQuartile">The same over the images whose timestep fell into each quarter of 0 … T−1; NaN for a quarter without.</param>
/// <param name="LearningRate">The rate of this step.</param>
/// <param name="GradientNorm">The norm of the whole gradient before clipping.</param>
/// <param name="ImagesPerSecond">Images of this step over its seconds.</param>
/// <param name="Gflops">Effective, in 10⁹ a second: forward, and twice that for backward, convolutions counted as if computed directly.</param>
/// <param name="Seconds">Time trained since the start, interruptions not counted.</param>
/// <param name="MemoryMegabytes">The process's resident memory.</param>
public sealed record TrainMetrics(
    long Step, long Epoch, double Loss, Quartiles LossByQuartile, double LearningRate, double GradientNorm,
    double ImagesPerSecond, double Gflops, double Seconds, double MemoryMegabytes);

/// <summary>Four means, one for each quarter of the timesteps from the least noise to the most; NaN where there is none.</summary>
public readonly record struct Quartiles(double Q0, double Q1, double Q2, double Q3);
