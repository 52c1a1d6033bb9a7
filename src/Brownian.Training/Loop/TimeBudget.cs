using System.Diagnostics;
using System.Globalization;
using Brownian.Tensors;

namespace Brownian.Training;

/// <summary>
/// How long a training may take, where nobody says how many steps. A few steps are measured, and from their pace follow the length, when
/// grids of samples are drawn and how much they may cost. What was chosen is a configuration like any other: it repeats the training.
/// </summary>
public sealed record TimeBudget
{
    /// <summary>The range of a budget.</summary>
    public const double LeastMinutes = 0.1, MostMinutes = 10_000;

    /// <summary>What <c>train</c> takes where nothing is said: digits that one can read, before anyone goes for coffee.</summary>
    public static TimeBudget Default { get; } = new(3);

    /// <param name="minutes">From measuring to the last grid.</param>
    /// <exception cref="ArgumentException">It is out of range.</exception>
    public TimeBudget(double minutes)
    {
        if (!(minutes is >= LeastMinutes and <= MostMinutes))
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"A budget of {minutes} minutes; give {Range}."));
        Time = TimeSpan.FromMinutes(minutes);
    }

    /// <summary>The range in words.</summary>
    public static string Range { get; } = string.Create(CultureInfo.InvariantCulture, $"{LeastMinutes} to {MostMinutes:N0} minutes");

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
        using IDisposable? opened = dataset is null ? images as IDisposable : null;
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
        if (config.Model != TrainConfig.Default.Model || usual.Steps >= TrainConfig.LeastSteps) return usual;
        TrainConfig smaller = config with { Model = TrainConfig.SmallModel };
        BudgetedTraining small = BudgetedTraining.Fit(smaller, measure(smaller), Time, elapsed());
        return small.Pace.StepSeconds < usual.Pace.StepSeconds ? small with { StepsOfUsualNetwork = usual.Steps } : usual;
    }

    static TrainPace Measure(TrainConfig config, Device device, IImageDataset images, CancellationToken cancel)
    {
        using var job = new TrainingJob(config, device, images, checkpoints: null, progress: null);
        return TrainForecast.PaceOf(job, Rehearsal.Run(job, cancel));
    }
}
