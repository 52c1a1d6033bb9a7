namespace Brownian.Training;

/// <summary>What the rest of a training will take, judged by a few of its steps.</summary>
public sealed record TrainForecast
{
    const double DiskBytesPerSecond = 3e8;      // written, flushed, and read again for its hash: a guess, and seldom a matter
    const double CheckpointSeconds = 0.1;       // of even the smallest: a disk takes its time to confirm, and the loss is drawn

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

    /// <param name="job">A job that has taken a step, so that it holds the memory for one.</param>
    /// <param name="cost">What its steps take.</param>
    /// <param name="hasSaved">Whether this process has written a checkpoint already.</param>
    /// <param name="hasSampled">Whether it has drawn a grid already.</param>
    internal static TrainForecast Of(TrainingJob job, StepCost cost, bool hasSaved = false, bool hasSampled = false)
    {
        double perSecond = job.Plan.ImagesPerStep / cost.Seconds;
        (long grids, long checkpoints) = job.Plan.After(job.State.Step);
        TrainPace pace = PaceOf(job, cost);
        return new TrainForecast
        {
            ImagesPerSecond = perSecond,
            Gflops = perSecond * job.StepFlopsPerImage / 1e9,
            PeakMemory = MemoryForecast.Peak(job, cost.ForwardBytes, saves: !hasSaved, samples: grids > 0 && !hasSampled),
            Steps = Duration((job.Plan.TotalSteps - job.State.Step) * pace.StepSeconds),
            Grids = Duration(grids * pace.GridSeconds(job.Config)),
            Checkpoints = Duration(checkpoints * pace.CheckpointSeconds),
        };
    }

    /// <param name="job">What would be trained.</param>
    /// <param name="cost">What its steps take.</param>
    internal static TrainPace PaceOf(TrainingJob job, StepCost cost) => new()
    {
        StepSeconds = cost.Seconds,
        ImageSeconds = cost.ForwardSeconds / job.Config.Train.BatchSize,
        CheckpointSeconds = CheckpointSeconds + 4.0 * sizeof(float) * job.State.Parameters.Count / DiskBytesPerSecond,
    };

    static TimeSpan Duration(double seconds) => TimeSpan.FromSeconds(Math.Min(seconds, 1e10));
}
