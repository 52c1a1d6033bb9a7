using System.Diagnostics;
using Brownian.Tensors;

namespace Brownian;

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
            meter.Add(Step(job, cancel));
        }
        var steady = new List<StepCost> { meter.Pace };
        for (double seconds = 0; seconds + steady[^1].Seconds < SteadySeconds; seconds += steady[^1].Seconds)
        {
            cancel.ThrowIfCancellationRequested();
            steady.Add(Step(job, cancel));
        }
        return steady.OrderBy(cost => cost.Seconds).ElementAt(steady.Count / 2);
    }

    // One batch speaks for those that are accumulated. The weights do not move, so that they cannot diverge.
    static StepCost Step(TrainingJob job, CancellationToken cancel)
    {
        long start = Stopwatch.GetTimestamp();
        double forward;
        long bytes;
        job.State.Parameters.ZeroGrad();
        using (TensorScope scope = job.Device.OpenStep(cancel))
        {
            Tensor loss = job.LossOf(job.Loader.Next(), part: 0).Total;
            job.Device.Synchronize();
            (forward, bytes) = (Stopwatch.GetElapsedTime(start).TotalSeconds, job.Device.Memory.Live);
            loss.Backward();
            job.Device.Synchronize();
        }
        double batch = Stopwatch.GetElapsedTime(start).TotalSeconds;
        using (DeviceTurn turn = job.Device.TakeTurn(cancel))
        {
            job.State.Optimizer.Step(rate: 0);
            job.State.UpdateAverages();
            job.Device.Synchronize();
        }
        double update = Stopwatch.GetElapsedTime(start).TotalSeconds - batch;
        return new StepCost(batch * job.Config.Train.GradientAccumulation + update, forward, bytes);
    }
}

/// <summary>What one optimiser step took.</summary>
/// <param name="Seconds">All of it: images, forward, backward, update.</param>
/// <param name="ForwardSeconds">A batch forward.</param>
/// <param name="ForwardBytes">Alive in the device's memory after a batch forward.</param>
readonly record struct StepCost(double Seconds, double ForwardSeconds, long ForwardBytes);

/// <summary>
/// Tells when the steps have found their pace. The first ones are slow, as their code is still being compiled: a pace taken from them would
/// promise more time than the rest needs.
/// </summary>
sealed class PaceMeter
{
    /// <summary>Two steps in a row that differ by less than this share.</summary>
    const double Agreement = 0.1;

    /// <summary>After so much time all that a step calls is compiled.</summary>
    const double WarmSeconds = 2;

    /// <summary>And after so many steps, where two in a row never agree, as other programs run as well.</summary>
    const int WarmSteps = 20;

    /// <summary>Compiling is a small part of a first step that took so long, and nobody waits for a second.</summary>
    const double LongSeconds = 10;

    double _seconds;
    StepCost _last;

    /// <summary>That of the faster of the last two steps.</summary>
    public StepCost Pace { get; private set; }

    /// <summary>How many were seen.</summary>
    public int Steps { get; private set; }

    /// <summary>Whether <see cref="Pace"/> is that of the steps to come.</summary>
    public bool IsSettled { get; private set; }

    public void Add(StepCost cost)
    {
        bool isFirst = Steps++ == 0;
        bool agrees = Math.Abs(cost.Seconds / _last.Seconds - 1) < Agreement;
        IsSettled = isFirst ? cost.Seconds >= LongSeconds : agrees || _seconds >= WarmSeconds || Steps >= WarmSteps;
        // Other programs make steps slower, never faster.
        Pace = isFirst || cost.Seconds < _last.Seconds ? cost : _last;
        _seconds += cost.Seconds;
        _last = cost;
    }
}
