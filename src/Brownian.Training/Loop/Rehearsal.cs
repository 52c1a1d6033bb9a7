using System.Diagnostics;
using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// Steps that are thrown away with their job, to learn the pace before a run exists: for <c>--dry-run</c>, and where the length of the
/// training depends on it. A run whose length is known takes its pace from its own first steps. Where a step takes long, steps of a few
/// images tell what a whole one takes: the work of every image is the same.
/// </summary>
static class Rehearsal
{
    /// <summary>How long to go on once the pace has settled: two steps that agree may both have met another program.</summary>
    const double SteadySeconds = 1;

    /// <summary>The images of the first steps: one alone may be too few for a batch norm.</summary>
    const int Few = 2;

    /// <summary>Whole steps are taken where a few of them fit into this.</summary>
    const double WholeSeconds = 4;

    /// <summary>
    /// What a pool holds after a step, and the scratch memory of kernels, as a multiple of what is in use at most: 1.22 to 1.37 with the networks
    /// of five presets.
    /// </summary>
    const double PoolShare = 1.3;

    /// <summary>For steps of a few images, all in all.</summary>
    const double EstimateSeconds = 5;

    /// <param name="job">What would be trained. It is not what it was afterwards: train with another.</param>
    /// <param name="cancel">Checked before each step.</param>
    /// <param name="warn">Told where the machine has little memory left for it; null for nobody.</param>
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> was cancelled.</exception>
    /// <exception cref="ArgumentException">The machine has too little memory for it.</exception>
    public static StepCost Run(TrainingJob job, CancellationToken cancel, Action<string>? warn = null)
    {
        StepCost few = OfFewImages(job, cancel);
        MemoryCheck.Require(job, few, warn ?? (_ => { }));
        return 3 * few.Seconds > WholeSeconds ? Estimate(job, few, cancel) : OfWholeSteps(job, cancel);
    }

    /// <summary>A first guess by two sizes of a few images, without the update: the memory it tells is nearly that of a whole step.</summary>
    public static StepCost OfFewImages(TrainingJob job, CancellationToken cancel)
    {
        int batch = job.Config.Train.BatchSize, few = Math.Min(Few, batch);
        job.State.Mark();
        try
        {
            StepOf(job, few, cancel);       // most of it is compiling
            PartCost one = StepOf(job, few, cancel);
            return one.Seconds * batch / few > WholeSeconds || 2 * few >= batch
                ? one.For(batch, job)
                : PartCost.For(batch, one, StepOf(job, 2 * few, cancel), job);
        }
        finally
        {
            job.State.Revert();
        }
    }

    // The quickest of each size, as other programs make steps slower, never faster, and the line through both.
    static StepCost Estimate(TrainingJob job, StepCost first, CancellationToken cancel)
    {
        int batch = job.Config.Train.BatchSize, few = Math.Min(Few, batch);
        long start = Stopwatch.GetTimestamp();
        double update = Update(job, cancel);
        double perImage = first.Seconds / job.Config.Train.GradientAccumulation / batch;
        int more = Math.Clamp((int)(EstimateSeconds / 5 / perImage), Math.Min(batch, 2 * few), batch);
        PartCost one = StepOf(job, few, cancel), several = StepOf(job, more, cancel);
        for (double longest = 0; Stopwatch.GetElapsedTime(start).TotalSeconds + longest < EstimateSeconds;)
        {
            long round = Stopwatch.GetTimestamp();
            one = one.Quicker(StepOf(job, few, cancel));
            several = several.Quicker(StepOf(job, more, cancel));
            update = Math.Min(update, Update(job, cancel));
            longest = Stopwatch.GetElapsedTime(round).TotalSeconds;
        }
        StepCost whole = more == few ? several.For(batch, job) : PartCost.For(batch, one, several, job);
        return whole with { Seconds = whole.Seconds + update, IsEstimated = true };
    }

    internal static StepCost OfWholeSteps(TrainingJob job, CancellationToken cancel)
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
        double batch = Stopwatch.GetElapsedTime(start).TotalSeconds, update = Update(job, cancel);
        return new StepCost(batch * job.Config.Train.GradientAccumulation + update, forward, bytes);
    }

    static double Update(TrainingJob job, CancellationToken cancel)
    {
        long start = Stopwatch.GetTimestamp();
        using DeviceTurn turn = job.Device.TakeTurn(cancel);
        job.State.Optimizer.Step(rate: 0);
        job.State.UpdateAverages();
        job.Device.Synchronize();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    // Gray images are as much work as any, and no batch of the training's is taken for them.
    static PartCost StepOf(TrainingJob job, int images, CancellationToken cancel)
    {
        long start = Stopwatch.GetTimestamp();
        job.State.Parameters.ZeroGrad();
        using TensorScope scope = job.Device.OpenStep(cancel);
        job.Device.ForgetPeak();
        Tensor x0 = Tensor.Zeros(Shape.Of(images, job.Images.Height, job.Images.Width, job.Images.Channels), job.Device);
        Tensor loss = job.LossOf(x0, job.State.Network.Classes == 0 ? [] : new int[images], part: 0).Total;
        job.Device.Synchronize();
        (double forward, long bytes) = (Stopwatch.GetElapsedTime(start).TotalSeconds, job.Device.Memory.Live);
        loss.Backward();
        job.Device.Synchronize();
        return new PartCost(images, Stopwatch.GetElapsedTime(start).TotalSeconds, forward, bytes, job.Device.Memory.Peak);
    }

    /// <summary>What a pass of some images forward and backward took.</summary>
    readonly record struct PartCost(int Images, double Seconds, double ForwardSeconds, long ForwardBytes, long PeakBytes)
    {
        public PartCost Quicker(PartCost other) => this with
        {
            Seconds = Math.Min(Seconds, other.Seconds),
            ForwardSeconds = Math.Min(ForwardSeconds, other.ForwardSeconds),
        };

        /// <summary>A step of so many images, if all of it grows with them.</summary>
        public StepCost For(int batch, TrainingJob job) => For(batch, default, this, job);

        /// <summary>The same by the line through two numbers of images, which tells what does not grow.</summary>
        public static StepCost For(int batch, PartCost one, PartCost several, TrainingJob job)
        {
            double seconds = Along(part => part.Seconds), forward = Along(part => part.ForwardSeconds);
            long pool = (long)(PoolShare * Along(part => part.PeakBytes));
            return new StepCost(seconds * job.Config.Train.GradientAccumulation, forward, (long)Along(part => part.ForwardBytes))
            {
                UntakenBytes = pool - job.Device.Memory.Pooled,
            };

            double Along(Func<PartCost, double> value)
            {
                double slope = (value(several) - value(one)) / (several.Images - one.Images);
                // A disturbed measurement must not promise that images cost nothing.
                slope = Math.Max(slope, value(several) / several.Images / 2);
                return value(several) + slope * (batch - several.Images);
            }
        }
    }
}

/// <summary>What one optimiser step took.</summary>
/// <param name="Seconds">All of it: images, forward, backward, update.</param>
/// <param name="ForwardSeconds">A batch forward.</param>
/// <param name="ForwardBytes">Alive in the device's memory after a batch forward.</param>
readonly record struct StepCost(double Seconds, double ForwardSeconds, long ForwardBytes)
{
    /// <summary>What a whole step takes on the device beyond what its pool holds; 0 where one was taken.</summary>
    public long UntakenBytes { get; init; }

    /// <summary>Whether it comes from steps of a few images.</summary>
    public bool IsEstimated { get; init; }
}

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
