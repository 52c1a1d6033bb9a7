using System.Diagnostics;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Training;

/// <summary>
/// A few steps on the first batch, to learn the pace and the memory of those that follow. Gradients are computed and thrown away; the
/// weights, running statistics, the optimiser, the average and the order of batches stay as they are, and there is no generator whose
/// state could move.
/// </summary>
/// <param name="BatchSeconds">The fastest batch, forward and backward.</param>
/// <param name="ForwardSeconds">The fastest pass forward.</param>
/// <param name="ForwardBytes">What is alive in the device's memory after a pass forward.</param>
sealed record Rehearsal(double BatchSeconds, double ForwardSeconds, long ForwardBytes)
{
    /// <summary>The first steps are slow, as their code is still being compiled; the fastest of three is near the truth.</summary>
    public const int Steps = 3;

    const double DiskBytesPerSecond = 3e8;      // written, flushed, and read again for its hash: a guess, and seldom a matter

    /// <param name="job">What will be trained.</param>
    /// <param name="steps">How many, at least 1.</param>
    /// <param name="cancel">Checked before each step.</param>
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> was cancelled.</exception>
    public static Rehearsal Run(TrainingJob job, int steps, CancellationToken cancel)
    {
        var best = new Rehearsal(double.PositiveInfinity, double.PositiveInfinity, 0);
        using UntrainedValues statistics = job.State.Parameters.KeepUntrained();
        for (int i = 0; i < steps; i++)
        {
            cancel.ThrowIfCancellationRequested();
            long start = Stopwatch.GetTimestamp();
            using TensorScope scope = job.Device.OpenScope();
            Tensor loss = job.LossOf(job.Loader.Peek(), part: 0).Total;
            loss.Item();
            (double forward, long bytes) = (Stopwatch.GetElapsedTime(start).TotalSeconds, job.Device.Memory.Live);
            loss.Backward();
            double whole = Stopwatch.GetElapsedTime(start).TotalSeconds;
            best = new Rehearsal(Math.Min(best.BatchSeconds, whole), Math.Min(best.ForwardSeconds, forward), bytes);
        }
        job.State.Parameters.ZeroGrad();
        return best;
    }

    /// <summary>What the rest of the job will take at this pace.</summary>
    public TrainForecast Forecast(TrainingJob job)
    {
        TrainParams train = job.Config.Train;
        double perSecond = train.BatchSize / BatchSeconds;
        (long grids, long checkpoints) = job.Plan.After(job.State.Step);
        SampleParams sampling = job.Config.Sampling;
        long evaluations = new SamplerChoice(sampling with { Steps = train.SampleTimesteps ?? sampling.Steps }, job.Config.Diffusion).Evaluations;
        double looks = (double)train.Samples * evaluations * (sampling.IsGuided ? 2 : 1);
        return new TrainForecast
        {
            ImagesPerSecond = perSecond,
            Gflops = perSecond * job.StepFlopsPerImage / 1e9,
            PeakMemory = MemoryForecast.Peak(job, ForwardBytes, samples: grids > 0),
            Steps = Duration((job.Plan.TotalSteps - job.State.Step) * train.GradientAccumulation * BatchSeconds),
            Grids = Duration(grids * looks * ForwardSeconds / train.BatchSize),
            Checkpoints = Duration(checkpoints * CheckpointBytes(job) / DiskBytesPerSecond),
        };
    }

    static long CheckpointBytes(TrainingJob job) => 4L * sizeof(float) * job.State.Parameters.Count;

    static TimeSpan Duration(double seconds) => TimeSpan.FromSeconds(Math.Min(seconds, 1e10));
}
