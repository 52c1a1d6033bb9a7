using System.Diagnostics;
using Brownian.Imaging;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian;

/// <summary>One call of <see cref="Trainer.Run"/>: the loop and what it writes.</summary>
sealed class TrainingSession : IDisposable
{
    /// <summary>Steps whose pace tells the rest: enough to hold the pauses for checkpoints and grids in proportion.</summary>
    const int Window = 200;

    readonly TrainingJob _job;
    readonly TrainConfig _config;
    readonly TrainState _state;
    readonly TrainingPlan _plan;
    readonly RunDirectory _run;
    readonly IProgress<TrainProgress>? _progress;
    readonly QuartileLosses _quartiles;
    readonly CheckpointStore _checkpoints;
    readonly SnapshotStore _snapshots;
    readonly MetricsFile _metrics;
    readonly TensorBoardFile? _board;
    readonly Stopwatch _clock = new();
    readonly PaceMeter _pace = new();
    readonly Queue<(long Step, double Seconds)> _recent = new();
    long _savedStep;
    bool _hasSaved, _hasSampled;
    TrainForecast? _forecast;
    TrainingEvaluation? _evaluation;

    public TrainingSession(TrainingJob job, RunDirectory run, CheckpointStore checkpoints, IProgress<TrainProgress>? progress)
    {
        (_job, _config, _state, _plan) = (job, job.Config, job.State, job.Plan);
        (_run, _checkpoints, _progress) = (run, checkpoints, progress);
        _quartiles = new QuartileLosses(job.Objective.Process.Timesteps);
        _savedStep = _state.Step;
        _snapshots = new SnapshotStore(run);
        _snapshots.ForgetAfter(_state.Step);
        _metrics = new MetricsFile(run.MetricsPath, _state.Step);
        if (_config.Train.TensorBoard) _board = new TensorBoardFile(run.TensorBoardPath, _state.Step, DateTimeOffset.UtcNow);
    }

    double Seconds => _state.EarlierSeconds + _clock.Elapsed.TotalSeconds;

    /// <param name="cancel">Abandons the step, saves those before it and returns.</param>
    public TrainResult Run(CancellationToken cancel)
    {
        Report(_job.Introduce());
        if (!OpenEvaluation(cancel)) return Interrupted();
        _clock.Start();
        while (_state.Step < _plan.TotalSteps)
        {
            if (cancel.IsCancellationRequested) return Interrupted();
            long before = _state.Step;
            _state.Mark();
            try
            {
                Step(cancel);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested && _state.Step == before)
            {
                _state.Revert();        // whoever resumes takes the whole step, of which nothing was kept
                return Interrupted();
            }
            if (_plan.KeepsSnapshotAfter(_state.Step)) KeepSnapshot();
            if (_plan.SavesAfter(_state.Step)) Save();
            if (_plan.SamplesAfter(_state.Step)) WriteSamples(cancel);
        }
        return Complete(cancel);
    }

    public void Dispose()
    {
        _metrics.Dispose();
        _board?.Dispose();
        _evaluation?.Dispose();
    }

    // Algorithm 1 of Ho et al. 2020; what it averages over may come in several batches. Others may have the device between them.
    void Step(CancellationToken cancel)
    {
        TimeSpan start = _clock.Elapsed;
        long epoch = 0;
        int batches = _config.Train.GradientAccumulation;
        double loss = 0, forward = 0, rate = _plan.RateAfter(_state.Step);
        long forwardBytes = 0;
        var errors = new List<TrainingLoss>(batches);
        _quartiles.Clear();
        _state.Parameters.ZeroGrad();
        for (int part = 0; part < batches; part++)
        {
            TimeSpan begin = _clock.Elapsed;
            Batch batch = _job.Loader.Next();
            using TensorScope scope = _job.Device.OpenStep(cancel);
            TrainingLoss error = _job.LossOf(batch, part);
            if (_forecast is null) _job.Device.Synchronize();      // for the time of the forward pass
            (forward, forwardBytes) = ((_clock.Elapsed - begin).TotalSeconds, _job.Device.Memory.Live);
            (batches == 1 ? error.Total : error.Total.Scale(1f / batches)).Backward();
            // The one wait of a batch, when everything that it takes has been asked of the device.
            float mean = error.Mean;
            RequireFinite(mean);
            _quartiles.Add(error);
            errors.Add(error);
            loss += mean / batches;
            epoch = batch.Epoch;
        }
        OptimizerResult applied = Update(rate);
        if (applied.NonFinite is { } bad) throw Diverged($"{bad.Name}.grad", "the gradient is not finite");
        if (!applied.Applied) throw Diverged("gradient", "the gradient's norm is not finite");
        foreach (ILearnsFromLosses learner in _state.Objective.Learners)
        {
            foreach (TrainingLoss error in errors) learner.Add(error);      // now that the step will be taken; the quartiles have read the losses
            learner.Step(rate);
        }
        _state.Advance(loss);
        double seconds = (_clock.Elapsed - start).TotalSeconds;
        EvaluationMetrics? evaluation = _plan.EvaluatesAfter(_state.Step) ? Evaluate(cancel) : null;
        double? validation = _plan.MeasuresHeldOutAfter(_state.Step) ? LossOfHeldOut(cancel) : null;
        Tell(epoch, loss, rate, applied.GradientNorm, seconds, evaluation, validation);
        if (_forecast is null) Foresee(new StepCost(seconds, forward, forwardBytes));
    }

    OptimizerResult Update(double rate)
    {
        using DeviceTurn turn = _job.Device.TakeTurn();
        OptimizerResult applied = _state.Optimizer.Step(rate);
        if (applied.Applied) _state.UpdateAverages();
        return applied;
    }

    // From the run's own first steps: none is computed to be thrown away.
    void Foresee(StepCost cost)
    {
        _pace.Add(cost);
        if (!_pace.IsSettled && _state.Step < _plan.TotalSteps) return;
        _forecast = TrainForecast.Of(_job, _pace.Pace, _evaluation?.Cost ?? default, _hasSaved, _hasSampled);
        Report(new TrainProgress.Planned(_forecast));
    }

    void Tell(long epoch, double loss, double rate, double norm, double seconds, EvaluationMetrics? evaluation, double? validation)
    {
        var quartiles = new Quartiles(_quartiles.Mean(0), _quartiles.Mean(1), _quartiles.Mean(2), _quartiles.Mean(3));
        double perSecond = _plan.ImagesPerStep / seconds;
        var metrics = new TrainMetrics(
            _state.Step, epoch, loss, quartiles, rate, norm, perSecond, perSecond * _job.StepFlopsPerImage / 1e9, Seconds,
            ProcessMemory.Resident / 1048576.0)
        {
            Evaluation = evaluation,
            ValidationLoss = validation,
        };
        _metrics.Append(metrics);
        if (_board is not null) Chart(metrics);
        Report(new TrainProgress.Stepped(metrics, _state.SmoothedLoss, _plan.TotalSteps, Remaining(metrics)));
    }

    // Losses by quarters of the noise levels tell more than their mean: it hides which part still learns.
    void Chart(TrainMetrics m)
    {
        Quartiles by = m.LossByQuartile;
        _board!.Scalars(
            m.Step, DateTimeOffset.UtcNow, ("loss", m.Loss), ("loss/least_noise", by.Q0), ("loss/less_noise", by.Q1), ("loss/more_noise", by.Q2),
            ("loss/most_noise", by.Q3), ("train/learning_rate", m.LearningRate), ("train/gradient_norm", m.GradientNorm), ("train/images_per_second", m.ImagesPerSecond));
        if (m.ValidationLoss is { } validation) _board.Scalars(m.Step, DateTimeOffset.UtcNow, ("loss/held_out", validation));
        if (m.Evaluation is { } found) _board.Scalars(m.Step, DateTimeOffset.UtcNow, ("evaluation/frechet", found.Frechet), ("evaluation/kernel", found.Kernel));
    }

    TimeSpan? Remaining(TrainMetrics now)
    {
        // The first steps are slow, as their code is still being compiled.
        if (_forecast is null) return null;
        _recent.Enqueue((now.Step, now.Seconds));
        if (_recent.Count > Window) _recent.Dequeue();
        (long step, double seconds) = _recent.Peek();
        return step == now.Step
            ? null
            : TimeSpan.FromSeconds(Math.Min(1e9, (_plan.TotalSteps - now.Step) * (now.Seconds - seconds) / (now.Step - step)));
    }

    void RequireFinite(float loss)
    {
        if (float.IsFinite(loss)) return;
        string? bad = _state.FirstNonFinite();
        throw Diverged(bad ?? "loss", bad is null ? $"the loss is {loss}" : $"the loss is {loss} because of weights that are not finite");
    }

    TrainingDivergedException Diverged(string tensor, string what)
    {
        string kept =
            _checkpoints.Steps() is [long last, ..] ? $"the last checkpoint, of step {last}, is untouched" : "there is no checkpoint yet";
        return new(_state.Step + 1, tensor, $"{_run.FullPath}: step {_state.Step + 1}: {what}; first bad tensor: {tensor}. "
            + $"Try a lower train_params.lr or set train_params.clip_grad_norm=1; {kept}.");
    }

    void Save()
    {
        if (_savedStep == _state.Step) return;
        SaveState();
        (_savedStep, _hasSaved) = (_state.Step, true);
        _checkpoints.Prune(_config.Train.KeepCheckpoints, _config.Train.Best);
        Files.Naming(_run.LossChartPath, () =>
            Png.Write(_run.LossChartPath, LossHistory.Read(_run.MetricsPath).Draw(_config.Train.TaskName), overwrite: true));
        // Files and pictures leave large arrays, which the collector of itself keeps for a dozen checkpoints: more than was foretold.
        GC.Collect();
        Report(new TrainProgress.Saved(_state.Step, _checkpoints.PathOf(_state.Step)));
    }

    // In one turn for all weights, not one for each.
    void SaveState()
    {
        using DeviceTurn turn = _job.Device.TakeTurn();
        if (_state.FirstNonFinite() is { } bad) throw Diverged(bad, "weights are not finite, so that no checkpoint was written");
        _metrics.Flush();
        _board?.Flush();
        _state.Save(_checkpoints, _job.ConfigHash, _state.Step * _plan.ImagesPerStep, Seconds, _job.Images);
    }

    // At once: what is missing for it is told before hours are spent, and the forecast of memory knows of it. False where it was cancelled.
    bool OpenEvaluation(CancellationToken cancel)
    {
        if (_plan.EvaluationsAfter(_state.Step) == 0) return true;
        try
        {
            _evaluation = TrainingEvaluation.Of(_job, _progress, cancel);
            return true;
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return false;
        }
    }

    // Null where it was cancelled.
    EvaluationMetrics? Evaluate(CancellationToken cancel)
    {
        Report(new TrainProgress.Evaluating(_state.Step, _config.Train.EvaluateCount));
        try
        {
            using (_state.Parameters.Borrow(_state.Average.Average))
            {
                EvaluationMetrics found = _evaluation!.Measure(new DiffusionModel(Describe(), _state.Network, _job.Device, hash: ""), cancel);
                _state.Evaluation = found.Frechet;
                return found;
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return null;
        }
        catch (InvalidDataException e)
        {
            throw Diverged("samples", e.Message);
        }
    }

    // Null where it was cancelled.
    double? LossOfHeldOut(CancellationToken cancel)
    {
        try
        {
            using (_state.Parameters.Borrow(_state.Average.Average)) return _job.HeldOut!.Loss(_job, cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return null;
        }
    }

    void KeepSnapshot()
    {
        using DeviceTurn turn = _job.Device.TakeTurn();
        if (_state.FirstNonFinite() is { } bad) throw Diverged(bad, "weights are not finite, so that no snapshot was kept");
        _state.SaveSnapshot(_snapshots, _job.ConfigHash, _state.Step * _plan.ImagesPerStep, Seconds, _job.Images);
        _snapshots.Thin(_config.Train.EmaSnapshots);
    }

    string? WriteSamples(CancellationToken cancel)
    {
        string path = Path.Combine(_run.SamplesPath, $"{CheckpointStore.NameOf(_state.Step)}.png");
        TrainingGrids grids = _forecast?.DrawnGrids ?? TrainingGrids.Asked(_config);
        Report(new TrainProgress.Sampling(_state.Step, grids.Count));
        try
        {
            using (_state.Parameters.Borrow(_state.Average.Average))
            {
                var model = new DiffusionModel(Describe(), _state.Network, _job.Device, hash: "");
                // Batches of the training's size find all the memory they need in its pool.
                var options = new SampleOptions
                {
                    Count = grids.Count,
                    Sampling = grids.Sampling,
                    BatchSize = _config.Train.BatchSize,
                };
                new ImageSampler(model).Sample(options, cancel: cancel).WriteGrid(path, _config.Train.GridColumns, overwrite: true);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return null;
        }
        catch (InvalidDataException e)
        {
            throw Diverged("samples", e.Message);
        }
        _hasSampled = true;
        if (_board is not null)
        {
            Image grid = Png.Read(path);
            _board.Picture(_state.Step, DateTimeOffset.UtcNow, "samples", grid.Width, grid.Height, grid.Channels, File.ReadAllBytes(path));
        }
        Report(new TrainProgress.Sampled(_state.Step, path));
        return path;
    }

    TrainResult Interrupted()
    {
        Save();
        return new TrainResult(false, _state.Step, _state.SmoothedLoss, Seconds, null, null, _forecast);
    }

    TrainResult Complete(CancellationToken cancel)
    {
        Save();
        SaveModel();
        string? grid = _plan.SamplesAtEnd ? WriteSamples(cancel) : null;
        return new TrainResult(true, _state.Step, _state.SmoothedLoss, Seconds, _run.ModelPath, grid, _forecast);
    }

    void SaveModel()
    {
        using DeviceTurn turn = _job.Device.TakeTurn();
        BrownianFolder.Save(_run.ModelPath, Describe(), _state.Parameters, _state.Average.Average, overwrite: true);
    }

    ModelDescription Describe() => ModelDescription.Of(_config) with
    {
        Dataset = _job.Images.Description,
        Classes = Values.Of<string>([.. _job.Images.Classes]),
        Step = _state.Step,
    };

    void Report(TrainProgress what) => _progress?.Report(what);
}
