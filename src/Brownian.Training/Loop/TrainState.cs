using Brownian.Diffusion;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Training;

/// <summary>
/// All that changes while training: the weights, their average, Adam's moments, and how many steps were taken. Every random draw is a
/// function of the seed and that number, so that there is no generator to save.
/// </summary>
sealed class TrainState
{
    public const string WeightsName = "weights.safetensors";
    public const string OptimizerName = "optimizer.safetensors";

    const string FirstMoment = "exp_avg.", SecondMoment = "exp_avg_sq.";

    SmoothedLoss _smoothed;

    public TrainState(TrainConfig config, Device device)
    {
        TrainParams train = config.Train;
        Network = config.Model.CreateNetwork(device, train.Seed);
        Optimizer = new Adam(Parameters, new AdamOptions
        {
            Beta1 = train.Betas[0],
            Beta2 = train.Betas[1],
            Epsilon = train.Epsilon,
            WeightDecay = train.WeightDecay,
            Decoupled = train.Optimizer == OptimizerKind.AdamW,
            MaxGradientNorm = train.ClipGradNorm,
        });
        Average =
            new Ema(Parameters, new EmaOptions
            {
                Decay = train.EmaDecay,
                MinDecay = train.EmaMinDecay,
                UpdateAfterStep = train.EmaUpdateAfterStep,
                Warmup = !train.EmaWarmup ? EmaWarmup.None : train.EmaPower is null ? EmaWarmup.Ratio : EmaWarmup.Power,
                InverseGamma = train.EmaInverseGamma,
                Power = train.EmaPower ?? 1,
            });
        Tracked = train.EmaSnapshots == 0 ? [] : [.. train.EmaWidths.Select(width => (width, new Ema(Parameters, new EmaOptions { Width = width })))];
    }

    public IDenoisingNetwork Network { get; }

    public ParameterSet Parameters => Network.Parameters;

    public Adam Optimizer { get; }

    public Ema Average { get; }

    /// <summary>The averages that snapshots are kept of, with their widths.</summary>
    public IReadOnlyList<(double Width, Ema Average)> Tracked { get; }

    /// <summary>What a snapshot of them takes on disk, without the names of the tensors.</summary>
    public long TrackedBytes => (long)Tracked.Count * sizeof(float) * Parameters.Sum(parameter => (long)parameter.Shape.Count);

    /// <summary>What an evaluation of <see cref="Average"/> as it is now came to; the next step forgets it.</summary>
    public double? Evaluation { get; set; }

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
            ParameterFile.Write(Path.Combine(folder, WeightsName), Parameters, ("", Parameters.Values));
            ParameterFile.Write(Path.Combine(folder, CheckpointStore.AverageName), Parameters, ("", Average.Average));
            ParameterFile.Write(
                Path.Combine(folder, OptimizerName), Parameters.Trained,
                (FirstMoment, Optimizer.FirstMoment), (SecondMoment, Optimizer.SecondMoment));
            WriteTracked(folder);
        });

    /// <summary>Keeps the tracked averages as they are now.</summary>
    public void SaveSnapshot(EmaSnapshots snapshots, string configHash, long imagesSeen, double seconds, IImageDataset images) =>
        snapshots.Save(Manifest(configHash, imagesSeen, seconds, images), WriteTracked);

    void WriteTracked(string folder)
    {
        foreach ((double width, Ema average) in Tracked)
            ParameterFile.Write(Path.Combine(folder, EmaSnapshots.NameOf(width)), Parameters, ("", average.Average));
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
        };

    public void Load(string folder, CheckpointManifest manifest)
    {
        ParameterFile.Read(Path.Combine(folder, WeightsName), Parameters, ("", Parameters.Values));
        ParameterFile.Read(Path.Combine(folder, CheckpointStore.AverageName), Parameters, ("", Average.Average));
        ParameterFile.Read(
            Path.Combine(folder, OptimizerName), Parameters.Trained,
            (FirstMoment, Optimizer.FirstMoment), (SecondMoment, Optimizer.SecondMoment));
        (Optimizer.Steps, Average.Updates) = (manifest.OptimizerStep, manifest.EmaUpdates);
        foreach ((double width, Ema average) in Tracked)
        {
            string name = EmaSnapshots.NameOf(width);
            if (!manifest.Files.ContainsKey(name))
            {
                throw new InvalidDataException(
                    $"{folder}: no {name}: averages of train_params.ema_widths are tracked from the first step on; start a new run, or set ema_snapshots to 0.");
            }
            ParameterFile.Read(Path.Combine(folder, name), Parameters, ("", average.Average));
            average.Updates = manifest.EmaUpdates;
        }
        (Step, EarlierSeconds) = (manifest.Step, manifest.SecondsTrained);
        _smoothed = Training.SmoothedLoss.At(manifest.SmoothedLoss, manifest.Step);
    }

    /// <summary>The first parameter with a value that is not finite, of the weights or of their average.</summary>
    public string? FirstNonFinite() =>
        Parameters.FirstOrDefault(parameter => !IsFinite(parameter.Value))?.Name
        ?? Parameters.FirstOrDefault(parameter => !IsFinite(parameter.In(Average.Average)))?.Name;

    // The sum is quick, but squares of large finite numbers overflow: then every number is looked at.
    static bool IsFinite(Tensor values) => double.IsFinite(values.SumOfSquares()) || Array.TrueForAll(values.ToArray(), float.IsFinite);
}
