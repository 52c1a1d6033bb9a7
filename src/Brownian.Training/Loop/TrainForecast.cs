namespace Brownian.Training;

/// <summary>What a training will take, judged by a few steps that leave no trace.</summary>
public sealed record TrainForecast
{
    /// <summary>Images that a step passes through the network in a second, forward and backward.</summary>
    public required double ImagesPerSecond { get; init; }

    /// <summary>10⁹ floating-point operations in a second, convolutions counted as if computed directly.</summary>
    public required double Gflops { get; init; }

    /// <summary>The most main memory that the process will hold, in bytes.</summary>
    public required long PeakMemory { get; init; }

    /// <summary>The steps that remain.</summary>
    public required TimeSpan Steps { get; init; }

    /// <summary>Drawing the grids of samples that remain.</summary>
    public required TimeSpan Grids { get; init; }

    /// <summary>Writing the checkpoints that remain.</summary>
    public required TimeSpan Checkpoints { get; init; }

    /// <summary>From now to the end.</summary>
    public TimeSpan Total => Steps + Grids + Checkpoints;
}
