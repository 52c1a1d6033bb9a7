namespace Brownian.Training;

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
    /// <param name="forwardBytes">Alive on the device after a pass of one batch forward.</param>
    /// <param name="saves">Whether the first checkpoint is yet to be written.</param>
    /// <param name="samples">Whether the first grid of samples is yet to be drawn.</param>
    public static long Peak(TrainingJob job, long forwardBytes, bool saves, bool samples)
    {
        long writing = ChartBytesPerStep * job.Plan.TotalSteps + (saves ? Writing + ParameterFile.WritingBytes(job.State.Parameters) : 0);
        long sampling = samples ? SamplingBytes(job.Config, forwardBytes) : 0;
        return Math.Max(ProcessMemory.Peak, ProcessMemory.Resident + Growth + writing + sampling + UnreadBytes(job));
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
