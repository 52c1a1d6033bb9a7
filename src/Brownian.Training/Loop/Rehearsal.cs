using System.Diagnostics;
using Brownian.Tensors;

namespace Brownian.Training;

/// <summary>
/// Steps that are thrown away with their job, to learn the pace before a run exists: for <c>--dry-run</c>, and where the length of the
/// training depends on it. A run whose length is known takes its pace from its own first steps.
/// </summary>
static class Rehearsal
{
    /// <summary>How long to go on once the pace has settled: two steps that agree may both have met another program.</summary>
    const double SteadySeconds = 1;

    /// <param name="job">What would be trained. It is not what it was afterwards: train with another.</param>
    /// <param name="cancel">Checked before each step.</param>
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> was cancelled.</exception>
    public static StepCost Run(TrainingJob job, CancellationToken cancel)
    {
        var meter = new PaceMeter();
        while (!meter.IsSettled)
        {
            cancel.ThrowIfCancellationRequested();
            meter.Add(Step(job));
        }
        var steady = new List<StepCost> { meter.Pace };
        for (double seconds = 0; seconds + steady[^1].Seconds < SteadySeconds; seconds += steady[^1].Seconds)
        {
            cancel.ThrowIfCancellationRequested();
            steady.Add(Step(job));
        }
        return steady.OrderBy(cost => cost.Seconds).ElementAt(steady.Count / 2);
    }

    // One batch speaks for those that are accumulated. The weights do not move, so that they cannot diverge.
    static StepCost Step(TrainingJob job)
    {
        long start = Stopwatch.GetTimestamp();
        double forward;
        long bytes;
        job.State.Parameters.ZeroGrad();
        using (TensorScope scope = job.Device.OpenScope())
        {
            Tensor loss = job.LossOf(job.Loader.Next(), part: 0).Total;
            job.Device.Synchronize();
            (forward, bytes) = (Stopwatch.GetElapsedTime(start).TotalSeconds, job.Device.Memory.Live);
            loss.Backward();
            job.Device.Synchronize();
        }
        double batch = Stopwatch.GetElapsedTime(start).TotalSeconds;
        job.State.Optimizer.Step(rate: 0);
        job.State.Average.Update();
        job.Device.Synchronize();
        double update = Stopwatch.GetElapsedTime(start).TotalSeconds - batch;
        return new StepCost(batch * job.Config.Train.GradientAccumulation + update, forward, bytes);
    }
}
