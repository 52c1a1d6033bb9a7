using System.Diagnostics;
using Brownian.Diffusion;
using Brownian.Imaging;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Training;

/// <summary>One call of <see cref="Trainer.Run"/>: the loop and what it reads and writes.</summary>
sealed class TrainingSession : IDisposable
{
    readonly TrainConfig _config;
    readonly Device _device;
    readonly IImageDataset _images;
    readonly RunDirectory _run;
    readonly IProgress<TrainProgress>? _progress;
    readonly string _configHash;
    readonly TrainState _state;
    readonly TrainingObjective _objective;
    readonly QuartileLosses _quartiles;
    readonly CheckpointStore _checkpoints;
    readonly BatchLoader _loader;
    readonly TrainingPlan _plan;
    readonly MetricsFile _metrics;
    readonly Stopwatch _clock = new();
    long _savedStep;
    double _secondsPerStep;
    long _stepsHere;

    public TrainingSession(TrainConfig config, Device device, IImageDataset images, RunDirectory run, IProgress<TrainProgress>? progress)
    {
        (_config, _device, _images, _run, _progress) = (config, device, images, run, progress);
        _configHash = config.Hash();
        _objective = new TrainingObjective(config.Diffusion.ToSchedule(), Parameterization.Epsilon, config.Train.Seed);
        _quartiles = new QuartileLosses(config.Diffusion.Timesteps);
        _state = new TrainState(config, device);
        _checkpoints = new CheckpointStore(run.CheckpointsPath);
        Restore();
        _loader = new BatchLoader(
            images, config.Train.BatchSize, config.Train.Seed, startBatch: _state.Step * config.Train.GradientAccumulation,
            horizontalFlip: config.Dataset.HorizontalFlip);
        _plan = new TrainingPlan(config.Train, _loader.BatchesPerEpoch);
        _metrics = new MetricsFile(run.MetricsPath, _state.Step);
    }

    double Seconds => _state.EarlierSeconds + _clock.Elapsed.TotalSeconds;

    public TrainResult Run(CancellationToken cancel)
    {
        Report(new TrainProgress.Started(
            _images.Description, _state.Parameters.Count, _state.Step, _plan.TotalSteps, _plan.StepsPerEpoch, _device.Name));
        _clock.Start();
        while (_state.Step < _plan.TotalSteps)
        {
            if (cancel.IsCancellationRequested) return Interrupted();
            Step();
            if (_plan.SavesAfter(_state.Step)) Save();
            if (_plan.SamplesAfter(_state.Step)) WriteSamples(cancel);
        }
        return Complete(cancel);
    }

    public void Dispose()
    {
        _metrics.Dispose();
        _loader.Dispose();
    }

    // Algorithm 1 of Ho et al. 2020; what it averages over may come in several batches.
    void Step()
    {
        TimeSpan start = _clock.Elapsed;
        long step = _state.Step, epoch = 0;
        int batches = _config.Train.GradientAccumulation;
        double loss = 0, rate = _plan.RateAfter(step);
        _quartiles.Clear();
        _state.Parameters.ZeroGrad();
        for (int part = 0; part < batches; part++)
        {
            using TensorScope scope = _device.OpenScope();
            Batch batch = _loader.Next();
            Tensor x0 = Tensor.From(batch.Pixels, Shape.Of(batch.Count, _images.Height, _images.Width, _images.Channels), _device);
            TrainingLoss error = _objective.Loss(_state.Network, x0, step, firstImage: part * _config.Train.BatchSize);
            RequireFinite(error.Total.Item());
            (batches == 1 ? error.Total : error.Total.Scale(1f / batches)).Backward();
            _quartiles.Add(error);
            loss += error.Total.Item() / batches;
            epoch = batch.Epoch;
        }
        AdamStepResult applied = _state.Optimizer.Step(rate);
        if (applied.NonFinite is { } bad) throw Diverged($"{bad.Name}.grad", "the gradient is not finite");
        if (!applied.Applied) throw Diverged("gradient", "the gradient's norm is not finite");
        _state.Average.Update();
        _state.Advance(loss);
        Tell(epoch, loss, rate, applied.GradientNorm, (_clock.Elapsed - start).TotalSeconds);
    }

    void Tell(long epoch, double loss, double rate, double norm, double seconds)
    {
        var quartiles = new Quartiles(_quartiles.Mean(0), _quartiles.Mean(1), _quartiles.Mean(2), _quartiles.Mean(3));
        var metrics = new TrainMetrics(
            _state.Step, epoch, loss, quartiles, rate, norm, _plan.ImagesPerStep / seconds, Seconds, Environment.WorkingSet / 1048576.0);
        _metrics.Append(metrics);
        // The first steps are slow, as their code is still being compiled: the pace is taken from the last of them.
        _secondsPerStep = ++_stepsHere <= 3 ? seconds : 0.9 * _secondsPerStep + 0.1 * seconds;
        TimeSpan remaining = TimeSpan.FromSeconds(Math.Min((_plan.TotalSteps - _state.Step) * _secondsPerStep, 1e9));
        Report(new TrainProgress.Stepped(metrics, _state.SmoothedLoss, _plan.TotalSteps, remaining));
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

    void Restore()
    {
        _checkpoints.CleanUp();
        _checkpoints.Newest(message => Report(new TrainProgress.Warning(message)), (folder, manifest) =>
        {
            _state.Load(folder, manifest);
            _savedStep = manifest.Step;
            if (manifest.ConfigHash != _configHash)
                Report(new TrainProgress.Warning($"{folder}: made with another configuration; what follows is not what it would have led to."));
        });
    }

    void Save()
    {
        if (_savedStep == _state.Step) return;
        if (_state.FirstNonFinite() is { } bad) throw Diverged(bad, "weights are not finite, so that no checkpoint was written");
        _metrics.Flush();
        _state.Save(_checkpoints, _configHash, _state.Step * _plan.ImagesPerStep, Seconds);
        _savedStep = _state.Step;
        _checkpoints.Prune(_config.Train.KeepCheckpoints);
        Files.Naming(_run.LossChartPath, () =>
            Png.Write(_run.LossChartPath, LossChart.Draw(_run.MetricsPath, _config.Train.TaskName), overwrite: true));
        Report(new TrainProgress.Saved(_state.Step, _checkpoints.PathOf(_state.Step)));
    }

    string? WriteSamples(CancellationToken cancel)
    {
        string path = Path.Combine(_run.SamplesPath, $"{CheckpointStore.NameOf(_state.Step)}.png");
        Report(new TrainProgress.Sampling(_state.Step, _config.Train.Samples));
        try
        {
            using (_state.Parameters.Borrow(_state.Average.Average))
            {
                var model = new DiffusionModel(Describe(), _state.Network, _device, hash: "");
                new ImageSampler(model).Sample(
                    new SampleOptions { Count = _config.Train.Samples, Steps = _config.Train.SampleTimesteps }, cancel: cancel)
                    .WriteGrid(path, _config.Train.GridColumns, overwrite: true);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return null;
        }
        Report(new TrainProgress.Sampled(_state.Step, path));
        return path;
    }

    TrainResult Interrupted()
    {
        Save();
        return new TrainResult(false, _state.Step, _state.SmoothedLoss, Seconds, null, null);
    }

    TrainResult Complete(CancellationToken cancel)
    {
        Save();
        ModelFolder.Save(_run.ModelPath, Describe(), _state.Parameters, _state.Average.Average, overwrite: true);
        string? grid = _plan.SamplesAtEnd ? WriteSamples(cancel) : null;
        return new TrainResult(true, _state.Step, _state.SmoothedLoss, Seconds, _run.ModelPath, grid);
    }

    ModelDescription Describe() => new()
    {
        Model = _config.Model,
        Diffusion = _config.Diffusion,
        Predicts = _objective.Predicts.Name,
        Dataset = _images.Description,
        Classes = Values.Of<string>([.. _images.Classes]),
        Step = _state.Step,
    };

    void Report(TrainProgress what) => _progress?.Report(what);
}
