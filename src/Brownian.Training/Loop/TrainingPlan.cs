using System.Numerics;

namespace Brownian;

/// <summary>What happens at which step: a function of the configuration and the size of the data set, fixed before the first.</summary>
sealed class TrainingPlan
{
    readonly TrainParams _train;
    readonly LearningRateSchedule _rate;
    readonly int _batchesPerEpoch;

    public TrainingPlan(TrainParams train, int batchesPerEpoch)
    {
        (_train, _batchesPerEpoch) = (train, batchesPerEpoch);
        long batches = (long)train.EpochsOrDefault * batchesPerEpoch;
        TotalSteps = train.Steps ?? (batches + train.GradientAccumulation - 1) / train.GradientAccumulation;
        _rate = new LearningRateSchedule(train.LearningRate)
        {
            WarmupSteps = train.WarmupSteps,
            TotalSteps = TotalSteps,
            Decay = train.LearningRateSchedule,
            Cycles = train.LearningRateCycles,
            Power = train.LearningRatePower,
            DecayFraction = train.LearningRateDecayFraction,
            Cooldown = train.LearningRateCooldown,
        };
    }

    /// <summary>The step after which training ends.</summary>
    public long TotalSteps { get; }

    public double StepsPerEpoch => (double)_batchesPerEpoch / _train.GradientAccumulation;

    public int ImagesPerStep => _train.BatchSize * _train.GradientAccumulation;

    /// <summary>The learning rate of the step that follows <paramref name="steps"/> taken.</summary>
    public double RateAfter(long steps) => _rate.RateAt(steps);

    /// <summary>After every so many steps, and after each evaluation where the best is found by these: a checkpoint holds the last one alone.</summary>
    public bool SavesAfter(long steps) =>
        steps < TotalSteps && (steps % _train.CheckpointSteps == 0 || (SavesEvaluations && steps % _train.EvaluateSteps == 0));

    bool SavesEvaluations => _train.Best == BestBy.Evaluation && _train.EvaluateSteps > 0;

    public bool SamplesAfter(long steps) =>
        steps < TotalSteps && (steps == _train.FirstSampleStep || SamplesRegularlyAfter(steps));

    /// <summary>After every so many steps, and after the last.</summary>
    public bool EvaluatesAfter(long steps) => _train.EvaluateSteps > 0 && (steps % _train.EvaluateSteps == 0 || steps == TotalSteps);

    /// <summary>With each checkpoint, that after the last step included.</summary>
    public bool MeasuresHeldOutAfter(long steps) => _train.ValidationFraction > 0 && (steps == TotalSteps || SavesAfter(steps));

    /// <summary>The evaluations that are due after so many steps.</summary>
    public long EvaluationsAfter(long steps) =>
        _train.EvaluateSteps == 0 ? 0 : (TotalSteps - 1) / _train.EvaluateSteps - Math.Min(steps, TotalSteps - 1) / _train.EvaluateSteps + (steps < TotalSteps ? 1 : 0);

    /// <summary>Steps between two snapshots of the tracked averages; 0 where none are kept.</summary>
    public long SnapshotSteps => _train.EmaSnapshots == 0 ? 0 : (TotalSteps + _train.EmaSnapshots - 1) / _train.EmaSnapshots;

    /// <summary>How many snapshots there are in the end.</summary>
    public long Snapshots => SnapshotSteps == 0 ? 0 : (TotalSteps + SnapshotSteps - 1) / SnapshotSteps;

    public bool KeepsSnapshotAfter(long steps) => SnapshotSteps > 0 && (steps % SnapshotSteps == 0 || steps == TotalSteps);

    public bool SamplesAtEnd => _train.HasGrids;

    /// <summary>The grids and checkpoints that are due after so many steps, those at the end included.</summary>
    public (long Grids, long Checkpoints) After(long steps)
    {
        // Counted in closed form: a run may have a billion steps.
        long checkpoints = Every(_train.CheckpointSteps) + 1, grids = SamplesAtEnd ? 1 : 0;
        if (SavesEvaluations)
        {
            long both = (long)_train.CheckpointSteps / (long)BigInteger.GreatestCommonDivisor(_train.CheckpointSteps, _train.EvaluateSteps) * _train.EvaluateSteps;
            checkpoints += Every(_train.EvaluateSteps) - Every(both);
        }
        if (_train.SampleSteps > 0) grids += (TotalSteps - 1) / _train.SampleSteps - steps / _train.SampleSteps;
        if (_train.SampleEpochs > 0) grids += Epochs(TotalSteps - 1) / _train.SampleEpochs - Epochs(steps) / _train.SampleEpochs;
        int first = _train.FirstSampleStep;
        if (first > steps && first < TotalSteps && !SamplesRegularlyAfter(first)) grids++;
        return (grids, checkpoints);

        long Every(long each) => (TotalSteps - 1) / each - steps / each;
    }

    bool SamplesRegularlyAfter(long steps) =>
        (_train.SampleSteps > 0 && steps % _train.SampleSteps == 0)
        || (_train.SampleEpochs > 0 && Epochs(steps) / _train.SampleEpochs > Epochs(steps - 1) / _train.SampleEpochs);

    /// <summary>Passes over the images that are complete after so many steps.</summary>
    long Epochs(long steps) => steps * _train.GradientAccumulation / _batchesPerEpoch;
}
