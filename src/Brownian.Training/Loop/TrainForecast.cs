namespace Brownian;

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

    /// <summary>
    /// Whether the pace was estimated by steps of a few images, as a whole one takes long: it is within 30 % of the truth on an idle machine.
    /// </summary>
    public bool IsEstimated { get; init; }

    /// <summary>The steps that remain.</summary>
    public required TimeSpan Steps { get; init; }

    /// <summary>Drawing the grids of samples that remain.</summary>
    public required TimeSpan Grids { get; init; }

    /// <summary>Writing the checkpoints that remain, and measuring the loss of held-out images with each.</summary>
    public required TimeSpan Checkpoints { get; init; }

    /// <summary>Drawing the images of the evaluations that remain, and looking at them.</summary>
    public TimeSpan Evaluations { get; init; }

    /// <summary>What was made cheaper about the grids, in words; empty for nothing.</summary>
    public string GridNote => DrawnGrids?.Note ?? "";

    /// <summary>How the grids are drawn.</summary>
    internal TrainingGrids? DrawnGrids { get; init; }

    /// <summary>From now to the end.</summary>
    public TimeSpan Total => Steps + Grids + Checkpoints + Evaluations;

    /// <param name="job">A job that has taken a step, so that it holds the memory for one.</param>
    /// <param name="cost">What its steps take.</param>
    /// <param name="looking">What looking at images takes, where there are evaluations.</param>
    /// <param name="hasSaved">Whether this process has written a checkpoint already.</param>
    /// <param name="hasSampled">Whether it has drawn a grid already.</param>
    internal static TrainForecast Of(TrainingJob job, StepCost cost, LookingCost looking = default, bool hasSaved = false, bool hasSampled = false)
    {
        double perSecond = job.Plan.ImagesPerStep / cost.Seconds;
        (long grids, long checkpoints) = job.Plan.After(job.State.Step);
        long snapshots = job.Plan.Snapshots - (job.Plan.SnapshotSteps == 0 ? 0 : job.State.Step / job.Plan.SnapshotSteps);
        TrainPace pace = PaceOf(job, cost, looking);
        double training = (job.Plan.TotalSteps - job.State.Step) * pace.StepSeconds;
        var drawn = TrainingGrids.Of(job.Config, pace, training, grids);
        return new TrainForecast
        {
            ImagesPerSecond = perSecond,
            Gflops = perSecond * job.StepFlopsPerImage / 1e9,
            IsEstimated = cost.IsEstimated,
            PeakMemory = MemoryForecast.Peak(job, cost, saves: !hasSaved, samples: grids > 0 && !hasSampled),
            Steps = Duration(training),
            Grids = Duration(grids * drawn.Seconds(job.Config, pace)),
            DrawnGrids = drawn,
            Checkpoints = Duration(checkpoints * pace.CheckpointSeconds + snapshots * WritingSeconds(job.State.TrackedBytes)),
            Evaluations = Duration(job.Plan.EvaluationsAfter(job.State.Step) * pace.EvaluationSeconds(job.Config) + pace.FirstLookSeconds),
        };
    }

    /// <param name="job">What would be trained.</param>
    /// <param name="cost">What its steps take.</param>
    /// <param name="looking">What looking at images takes.</param>
    internal static TrainPace PaceOf(TrainingJob job, StepCost cost, LookingCost looking) => new()
    {
        StepSeconds = cost.Seconds,
        ImageSeconds = cost.ForwardSeconds / job.Config.Train.BatchSize,
        CheckpointSeconds = WritingSeconds(4L * sizeof(float) * job.State.Parameters.Count + job.State.TrackedBytes)
            + (job.HeldOut?.MeasuredCount ?? 0) * cost.ForwardSeconds / job.Config.Train.BatchSize,
        LookingSeconds = looking.SecondsPerImage,
        FirstLookSeconds = looking.Unseen * looking.SecondsPerImage,
    };

    static double WritingSeconds(long bytes) => CheckpointSeconds + bytes / DiskBytesPerSecond;

    static TimeSpan Duration(double seconds) => TimeSpan.FromSeconds(Math.Min(seconds, 1e10));
}

/// <summary>What the parts of a training take on one machine.</summary>
public sealed record TrainPace
{
    /// <summary>An optimiser step.</summary>
    public required double StepSeconds { get; init; }

    /// <summary>One image once through the network, forward only.</summary>
    public required double ImageSeconds { get; init; }

    /// <summary>Writing a checkpoint, and measuring the loss of held-out images.</summary>
    public required double CheckpointSeconds { get; init; }

    /// <summary>Looking at one image, where training is evaluated.</summary>
    public double LookingSeconds { get; init; }

    /// <summary>Looking at the real images, before the first step.</summary>
    public double FirstLookSeconds { get; init; }

    /// <summary>Drawing a grid of samples as a configuration has it.</summary>
    /// <param name="config">Says how many images, how many steps, and whether they are guided, which asks about every image twice.</param>
    public double GridSeconds(TrainConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return DrawingSeconds(config, config.Train.Samples);
    }

    /// <summary>Drawing the images of an evaluation, and looking at them.</summary>
    /// <inheritdoc cref="GridSeconds"/>
    public double EvaluationSeconds(TrainConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return DrawingSeconds(config, config.Train.EvaluateCount) + config.Train.EvaluateCount * LookingSeconds;
    }

    double DrawingSeconds(TrainConfig config, int images) =>
        DrawingSeconds(config, TrainingGrids.Asked(config).Sampling, images);

    internal double DrawingSeconds(TrainConfig config, SampleParams how, int images)
    {
        SampleParams sampling = how.Over(config.Sampling);
        return (double)images * sampling.EvaluationsFor(config.Diffusion) * (sampling.IsGuided ? 2 : 1) * ImageSeconds;
    }
}

/// <summary>
/// The most memory that a training will hold, told after a few steps. Then everything that a step needs is there: its tensors wait in
/// the device's pool, and images, gradients, moments and average are allocated. What comes on top is known in advance.
/// </summary>
static class MemoryForecast
{
    /// <summary>What the runtime adds in time: code compiled anew, garbage before it is collected.</summary>
    const long Growth = 8_000_000;

    /// <summary>The code and the buffers for files and pictures, used for the first time with the first checkpoint.</summary>
    const long Writing = 14_000_000;

    /// <summary>Of the loss chart: its lists and what they leave when they grow.</summary>
    const long ChartBytesPerStep = 64;

    /// <param name="job">A job that has taken a step.</param>
    /// <param name="cost">What its steps hold.</param>
    /// <param name="saves">Whether the first checkpoint is yet to be written.</param>
    /// <param name="samples">Whether the first grid of samples is yet to be drawn.</param>
    public static long Peak(TrainingJob job, StepCost cost, bool saves, bool samples)
    {
        long writing = ChartBytesPerStep * job.Plan.TotalSteps + (saves ? Writing + ParameterFile.WritingBytes(job.State.Parameters) : 0);
        // Sampling takes what it takes, however little training keeps.
        TrainParams train = job.Config.Train;
        long usual = train.GradientCheckpointing ? job.ActivationBytesPerImage * train.BatchSize : cost.ForwardBytes;
        long sampling = samples ? SamplingBytes(job.Config, usual) : 0;
        return Math.Max(ProcessMemory.Peak, ProcessMemory.Resident + cost.UntakenBytes + Growth + writing + sampling + UnreadBytes(job));
    }

    static long UnreadBytes(TrainingJob job)
    {
        double images = (double)(job.Plan.TotalSteps - job.State.Step) * job.Plan.ImagesPerStep;
        return (long)Math.Min(job.Images.UnreadBytes, images * job.Images.ImageBytes());
    }

    // Grids are drawn in batches of the training's size, which find their memory in its pool. So does a last batch that is not much smaller;
    // one that is needs its own, about half of what training keeps for as many images. Guidance asks about every image twice.
    static long SamplingBytes(TrainConfig config, long forwardBytes)
    {
        TrainParams train = config.Train;
        int rest = train.Samples % train.BatchSize;
        long own = rest * 3L >= train.BatchSize * 2L ? 0 : forwardBytes * rest / train.BatchSize / 2;
        return config.Sampling.IsGuided ? 2 * own + forwardBytes : own;
    }
}
