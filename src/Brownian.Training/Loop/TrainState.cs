using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// All that changes while training: the weights, their average, the optimiser's moments, what the objective learns, and how many steps were
/// taken. Every random draw is a function of the seed and that number, so that there is no generator to save.
/// </summary>
sealed class TrainState
{
    public const string OptimizerName = "optimizer.safetensors";

    readonly Device _device;
    readonly OptimizerKind _optimizer;
    readonly (Parameter Parameter, float[] Values)[] _untrained;
    SmoothedLoss _smoothed;

    public TrainState(TrainConfig config, Device device)
    {
        TrainParams train = config.Train;
        _optimizer = train.Optimizer;
        _device = device;
        Network = config.Model.CreateNetwork(device, train.Seed);
        if (train.GradientCheckpointing) Network.RepeatForGradients();
        _untrained = [.. Parameters.Where(parameter => !parameter.IsTrained).Select(parameter => (parameter, new float[parameter.Shape.Count]))];
        Objective = ConfiguredObjective.Of(config);
        Average =
            // The optimiser writes its own average there.
            new Ema(Parameters, train.Optimizer == OptimizerKind.ScheduleFree ? EmaOptions.Untouched : new EmaOptions
            {
                Decay = train.EmaDecay,
                MinDecay = train.EmaMinDecay,
                UpdateAfterStep = train.EmaUpdateAfterStep,
                Warmup = !train.EmaWarmup ? EmaWarmup.None : train.EmaPower is null ? EmaWarmup.Ratio : EmaWarmup.Power,
                InverseGamma = train.EmaInverseGamma,
                Power = train.EmaPower ?? 1,
            });
        Optimizer = ConfiguredOptimizer.Of(config, Network, Average);
        Tracked = train.EmaSnapshots == 0 ? [] : [.. train.EmaWidths.Select(width => (width, new Ema(Parameters, new EmaOptions { Width = width })))];
    }

    public IDenoisingNetwork Network { get; }

    public TrainingObjective Objective { get; }

    public ParameterSet Parameters => Network.Parameters;

    public Optimizer Optimizer { get; }

    public Ema Average { get; }

    /// <summary>The averages that snapshots are kept of, with their widths.</summary>
    public IReadOnlyList<(double Width, Ema Average)> Tracked { get; }

    /// <summary>What a snapshot of them takes on disk, without the names of the tensors.</summary>
    public long TrackedBytes => (long)Tracked.Count * sizeof(float) * Parameters.Sum(parameter => (long)parameter.Shape.Count);

    /// <summary>What an evaluation of <see cref="Average"/> as it is now came to; the next step forgets it.</summary>
    public double? Evaluation { get; set; }

    /// <summary>Notes what a forward pass changes, the statistics of batch norms, before a step that may be abandoned.</summary>
    public void Mark()
    {
        foreach ((Parameter parameter, float[] values) in _untrained) parameter.Value.CopyTo(values);
    }

    /// <summary>Undoes what a step changed that was abandoned before the weights moved.</summary>
    public void Revert()
    {
        using DeviceTurn turn = _device.TakeTurn();
        foreach ((Parameter parameter, float[] values) in _untrained) _device.Upload(values, parameter.Value);
    }

    /// <summary>Optimiser steps taken.</summary>
    public long Step { get; private set; }

    /// <summary>Time trained before this process.</summary>
    public double EarlierSeconds { get; private set; }

    public double SmoothedLoss => _smoothed.Value;

    /// <summary>Lets training begin from the weights as they were just set.</summary>
    public void Restart()
    {
        Average.Restart();
        foreach ((_, Ema average) in Tracked) average.Restart();
    }

    public void UpdateAverages()
    {
        Average.Update();
        foreach ((_, Ema average) in Tracked) average.Update();
    }

    public void Advance(double loss)
    {
        Step++;
        Evaluation = null;
        _smoothed.Add(loss);
    }

    public void Save(CheckpointStore store, string configHash, long imagesSeen, double seconds, IImageDataset? images = null) =>
        store.Save(Manifest(configHash, imagesSeen, seconds, images), folder =>
        {
            ParameterFile.Write(Path.Combine(folder, CheckpointStore.WeightsName), Parameters, ("", Parameters.Values));
            ParameterFile.Write(Path.Combine(folder, CheckpointStore.AverageName), Parameters, ("", Average.Average));
            ParameterFile.Write(Path.Combine(folder, OptimizerName), Optimizer.State);
            LearnersFile.Write(folder, Objective);
            WriteTracked(folder);
        });

    /// <summary>Keeps the tracked averages as they are now.</summary>
    public void SaveSnapshot(SnapshotStore snapshots, string configHash, long imagesSeen, double seconds, IImageDataset images) =>
        snapshots.Save(Manifest(configHash, imagesSeen, seconds, images), WriteTracked);

    void WriteTracked(string folder)
    {
        foreach ((double width, Ema average) in Tracked)
            ParameterFile.Write(Path.Combine(folder, SnapshotStore.NameOf(width)), Parameters, ("", average.Average));
    }

    CheckpointManifest Manifest(string configHash, long imagesSeen, double seconds, IImageDataset? images) =>
        new()
        {
            Version = CheckpointManifest.CurrentVersion,
            Step = Step,
            ImagesSeen = imagesSeen,
            OptimizerStep = Optimizer.Steps,
            EmaUpdates = Average.Updates,
            SmoothedLoss = SmoothedLoss,
            Evaluation = Evaluation,
            SecondsTrained = seconds,
            ConfigHash = configHash,
            Classes = Network.Classes == 0 ? null : images?.Classes,
            DataCount = images?.Count,
            DataHash = images is { Fingerprint.Length: > 0 } ? images.Fingerprint : null,
            DataContent = images is { Content.Length: > 0 } && images.Content != images.Fingerprint ? images.Content : null,
        };

    public void Load(string folder, CheckpointManifest manifest)
    {
        ParameterFile.Read(Path.Combine(folder, CheckpointStore.WeightsName), Parameters, ("", Parameters.Values));
        ParameterFile.Read(Path.Combine(folder, CheckpointStore.AverageName), Parameters, ("", Average.Average));
        ParameterFile.Read(Path.Combine(folder, OptimizerName), Optimizer.State, _optimizer);
        LearnersFile.Read(folder, Objective);
        (Optimizer.Steps, Average.Updates) = (manifest.OptimizerStep, manifest.EmaUpdates);
        foreach ((double width, Ema average) in Tracked)
        {
            string name = SnapshotStore.NameOf(width);
            if (!manifest.Files.ContainsKey(name))
            {
                throw new InvalidDataException(
                    $"{folder}: no {name}: averages of train_params.ema_widths are tracked from the first step on; start a new run, or set ema_snapshots to 0.");
            }
            ParameterFile.Read(Path.Combine(folder, name), Parameters, ("", average.Average));
            average.Updates = manifest.EmaUpdates;
        }
        (Step, EarlierSeconds) = (manifest.Step, manifest.SecondsTrained);
        _smoothed = Brownian.SmoothedLoss.At(manifest.SmoothedLoss, manifest.Step);
    }

    /// <summary>The first parameter with a value that is not finite, of the weights or of their average.</summary>
    public string? FirstNonFinite() =>
        Parameters.FirstOrDefault(parameter => !IsFinite(parameter.Value))?.Name
        ?? Parameters.FirstOrDefault(parameter => !IsFinite(parameter.In(Average.Average)))?.Name;

    // The sum is quick, but squares of large finite numbers overflow: then every number is looked at.
    static bool IsFinite(Tensor values) => double.IsFinite(values.SumOfSquares()) || Array.TrueForAll(values.ToArray(), float.IsFinite);
}

/// <summary><c>objective.safetensors</c>: what <see cref="TrainingObjective.Learners"/> have learned, in double. There is none where nothing learns.</summary>
static class LearnersFile
{
    public const string Name = "objective.safetensors";

    public static void Write(string folder, TrainingObjective objective)
    {
        if (!objective.Learners.Any()) return;
        var writer = new SafetensorsWriter();
        foreach ((string name, double[] values) in objective.Learners.SelectMany(learner => learner.State)) writer.Add(name, [values.Length], values);
        writer.Write(Path.Combine(folder, Name));
    }

    /// <summary>Leaves what the file does not have as it is: a checkpoint made before it was asked for knows nothing of it.</summary>
    /// <exception cref="InvalidDataException">A count is another, such as that of the timesteps.</exception>
    public static void Read(string folder, TrainingObjective objective)
    {
        string path = Path.Combine(folder, Name);
        if (!objective.Learners.Any() || !File.Exists(path)) return;
        using SafetensorsFile file = SafetensorsFile.Read(path);
        foreach (ILearnsFromLosses learner in objective.Learners)
        {
            foreach ((string name, double[] values) in learner.State)
            {
                if (!file.TryGetShape(name, out IReadOnlyList<long>? shape)) continue;
                if (shape is not [long count] || count != values.Length)
                    throw new InvalidDataException($"{path}: '{name}' is [{string.Join(", ", shape)}], expected [{values.Length}]; was num_timesteps changed?");
                file.ReadDoubles(name).CopyTo(values, 0);
            }
            learner.Prepare();
        }
    }
}
