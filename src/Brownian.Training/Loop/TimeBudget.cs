using System.Diagnostics;
using System.Globalization;
using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// How long a training may take, where nobody says how many steps. A few steps are measured, and from their pace follow the length, when
/// grids of samples are drawn and how much they may cost. What was chosen is a configuration like any other: it repeats the training.
/// </summary>
public sealed record TimeBudget
{
    /// <summary>What <c>train</c> takes where nothing is said: digits that one can read, before anyone goes for coffee.</summary>
    public static TimeBudget Default { get; } = new(3);

    /// <param name="minutes">From measuring to the last grid.</param>
    /// <exception cref="ArgumentException">It is out of range.</exception>
    public TimeBudget(double minutes)
    {
        if (!(minutes is >= TrainParams.LeastMinutes and <= TrainParams.MostMinutes))
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"A budget of {minutes} {(minutes == 1 ? "minute" : "minutes")}; give {TrainParams.MinutesRange}."));
        Time = TimeSpan.FromMinutes(minutes);
    }

    /// <summary>From measuring to the last grid.</summary>
    public TimeSpan Time { get; }

    /// <summary>Measures, and fits a training into the budget. Nothing is written.</summary>
    /// <param name="config">What to do; its length is replaced.</param>
    /// <param name="device">What will compute: its memory serves the training afterwards.</param>
    /// <param name="dataset">What to learn from; null opens what <c>dataset_params</c> names.</param>
    /// <param name="cancel">Ends it early.</param>
    /// <exception cref="ArgumentException">The configuration has a value that cannot be used.</exception>
    /// <exception cref="InvalidDataException">Images are damaged or do not fit the network.</exception>
    /// <exception cref="IOException">A file is missing.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> was cancelled.</exception>
    public BudgetedTraining Spend(TrainConfig config, Device device, IImageDataset? dataset = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(device);
        config.Validate();
        IImageDataset images = dataset ?? ConfiguredDataset.Open(config, cancel: cancel);
        using IDisposable? opened = dataset is null ? images : null;
        config = ConfiguredDataset.Fit(config, images);
        ConfiguredDataset.Check(images, config);
        long start = Stopwatch.GetTimestamp();
        return Spend(config, wanted => Measure(wanted, device, images, cancel), () => Stopwatch.GetElapsedTime(start));
    }

    /// <summary>The same with a machine that is asked for its pace.</summary>
    /// <param name="config">What to do.</param>
    /// <param name="measure">The pace of a training.</param>
    /// <param name="elapsed">What was spent on measuring so far.</param>
    internal BudgetedTraining Spend(TrainConfig config, Func<TrainConfig, TrainPace> measure, Func<TimeSpan> elapsed)
    {
        BudgetedTraining usual = BudgetedTraining.Fit(config, measure(config), Time, elapsed());
        if (config.Model != TrainConfig.Default.Model || config.Train.From.Length > 0 || usual.Steps >= TrainConfig.LeastSteps) return usual;
        TrainConfig smaller = config with { Model = TrainConfig.SmallModel };
        BudgetedTraining small = BudgetedTraining.Fit(smaller, measure(smaller), Time, elapsed());
        return small.Pace.StepSeconds < usual.Pace.StepSeconds ? small with { StepsOfUsualNetwork = usual.Steps } : usual;
    }

    static TrainPace Measure(TrainConfig config, Device device, IImageDataset images, CancellationToken cancel)
    {
        using var job = new TrainingJob(config, device, images, begun: null, progress: null);     // from fresh weights: they are as fast
        StepCost cost = Rehearsal.Run(job, cancel);
        return TrainForecast.PaceOf(job, cost, config.Train.EvaluateSteps > 0 ? TrainingEvaluation.Rehearse(job, progress: null, cancel) : default);
    }
}

/// <summary>A training that was fitted into a <see cref="TimeBudget"/>.</summary>
public sealed record BudgetedTraining
{
    /// <summary>When the first grid of samples is there at the latest: nobody should wait longer for a first impression.</summary>
    const double FirstGridSeconds = 30;

    /// <summary>Grids come after each of at most so many equal parts of the training, besides the first.</summary>
    const int Parts = 4;

    /// <summary>Of the budget, for one grid.</summary>
    const double GridShare = 0.025;

    /// <summary>Of the budget, for all grids where even the cheapest takes more than <see cref="GridShare"/>: there are fewer of them then.</summary>
    const double MostForGrids = 0.25;

    /// <summary>Of the time, for checkpoints: a small network's can take as long as hundreds of its steps.</summary>
    const double CheckpointShare = 0.05;

    /// <summary>For one grid, however long the training is.</summary>
    const double MostGridSeconds = 10;

    /// <summary>Fewer steps from noise to image show what the sampler lacks, not what the network knows; rather fewer images.</summary>
    const int FewestSamplingSteps = 20;

    /// <summary>Of the budget, for what nobody measured: another program, a disk that is busy.</summary>
    const double Reserve = 0.03;

    /// <summary>What to train, with its length in <c>num_steps</c>.</summary>
    public required TrainConfig Config { get; init; }

    /// <summary>What was measured.</summary>
    public required TrainPace Pace { get; init; }

    /// <summary>All of it, measuring included.</summary>
    public required TimeSpan Expected { get; init; }

    /// <summary>When the first grid of samples will be there, measuring included; null where there will be none.</summary>
    public TimeSpan? FirstGrid { get; init; }

    /// <summary>How far <see cref="TrainConfig.Default"/>'s network would have come, where a smaller one was taken instead.</summary>
    public long? StepsOfUsualNetwork { get; init; }

    /// <summary>The length.</summary>
    public long Steps => Config.Train.Steps ?? 0;

    /// <param name="config">What to do; its length is replaced.</param>
    /// <param name="pace">The pace of it.</param>
    /// <param name="time">The budget.</param>
    /// <param name="spent">Of the budget, on measuring so far.</param>
    internal static BudgetedTraining Fit(TrainConfig config, TrainPace pace, TimeSpan time, TimeSpan spent)
    {
        spent += TimeSpan.FromSeconds(pace.FirstLookSeconds);
        bool hasGrids = config.Train.HasGrids;
        if (hasGrids) config = WithGridsOf(config, pace, Math.Min(MostGridSeconds, GridShare * time.TotalSeconds));
        double grid = hasGrids ? pace.GridSeconds(config) : 0;
        double leastBetween = Math.Min(int.MaxValue, pace.CheckpointSeconds / (CheckpointShare * pace.StepSeconds));
        int checkpointSteps = Math.Max(config.Train.CheckpointSteps, (int)leastBetween);
        double evaluation = config.Train.EvaluateSteps > 0 ? pace.EvaluationSeconds(config) : 0;
        double step = pace.StepSeconds + pace.CheckpointSeconds / checkpointSteps + evaluation / Math.Max(1, config.Train.EvaluateSteps);
        double rest = (1 - Reserve) * time.TotalSeconds - spent.TotalSeconds - pace.CheckpointSeconds - evaluation;

        int grids = hasGrids ? (int)Math.Clamp(MostForGrids * rest / grid, 1, Parts) : 0, parts = Math.Max(1, grids);
        long steps = Length(rest - grids * grid, step);
        int part = (int)((steps + parts - 1) / parts);
        long first = Length((1 - Reserve) * FirstGridSeconds - spent.TotalSeconds - grid, step);
        bool early = hasGrids && first < part;
        if (early)
        {
            steps = Length(rest - ++grids * grid, step);
            part = (int)((steps + parts - 1) / parts);
        }
        TrainParams train = config.Train.Lasting(steps) with
        {
            WarmupSteps = (int)Math.Min(config.Train.WarmupSteps, steps / 10),
            CheckpointSteps = checkpointSteps,
            SampleSteps = hasGrids ? part : 0,
            FirstSampleStep = early && first < part ? (int)first : 0,
            SampleEpochs = 0,
        };
        var plan = new TrainingPlan(train, batchesPerEpoch: 1);
        (long drawn, long saved) = plan.After(0);
        return new BudgetedTraining
        {
            Config = config with { Train = train },
            Pace = pace,
            Expected = spent + TimeSpan.FromSeconds(
                steps * pace.StepSeconds + drawn * grid + saved * pace.CheckpointSeconds + plan.EvaluationsAfter(0) * evaluation),
            FirstGrid = hasGrids ? spent + TimeSpan.FromSeconds(Math.Min(first, part) * step + grid) : null,
        };
    }

    static long Length(double seconds, double step) => (long)Math.Clamp(seconds / step, 1, int.MaxValue);

    // Fewer steps from noise to image first, then fewer rows.
    static TrainConfig WithGridsOf(TrainConfig config, TrainPace pace, double seconds)
    {
        double cost = pace.GridSeconds(config);
        if (cost <= seconds) return config;
        TrainParams train = config.Train;
        int own = train.SampleTimesteps ?? config.Sampling.StepsFor(config.Diffusion);
        train = train with { SampleTimesteps = Math.Clamp((int)(own * seconds / cost), Math.Min(FewestSamplingSteps, own), own) };
        cost = pace.GridSeconds(config with { Train = train });
        if (cost > seconds)
        {
            int rows = Math.Max(1, (int)(train.Samples * seconds / cost) / train.GridColumns);
            train = train with { Samples = Math.Min(train.Samples, rows * train.GridColumns) };
        }
        return config with { Train = train };
    }
}
