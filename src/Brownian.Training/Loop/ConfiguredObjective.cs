using System.Globalization;

namespace Brownian;

/// <summary>What a configuration says the network should learn.</summary>
public static class ConfiguredObjective
{
    /// <summary>The objective of <c>train_params</c> and <c>diffusion_params</c>.</summary>
    public static TrainingObjective Of(TrainConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        (TrainParams train, DiffusionParams diffusion) = (config.Train, config.Diffusion);
        INoiseProcess process = diffusion.ToProcess();
        TimeKind times = train.Times ?? (diffusion.Process == ProcessKind.Edm ? TimeKind.LogNormal : TimeKind.Uniform);
        return new TrainingObjective(process, diffusion.Predicts, train.Seed)
        {
            Compares = PixelLoss.Of(train.Loss, train.HuberDelta),
            Weighting = LossWeighting.Of(train.LossWeighting, train.SnrGamma, train.P2Gamma, train.P2K),
            Times = TimeDistribution.Of(times, process.Timesteps, train.TimeMean, train.TimeDeviation),
            Noise = new()
            {
                Offset = train.OffsetNoise,
                Perturbation = train.InputPerturbation,
                Assignment = train.NoiseAssignment,
                Candidates = train.NoiseCandidates,
            },
            Uncertainty = train.LearnsUncertainty ? new(train.Seed, train.OptimizerOptions) : null,
            Bound = Bound(train, diffusion),
            LabelDropout = train.LabelDropout,
        };
    }

    /// <summary>The same in a line; empty for the plain loss of Ho et al. 2020 on a schedule of theirs.</summary>
    internal static string Describe(TrainConfig config)
    {
        (TrainParams train, DiffusionParams diffusion) = (config.Train, config.Diffusion);
        List<string> parts = [$"predicts {diffusion.Predicts.Name}"];
        if (diffusion.Process != ProcessKind.Ddpm) parts.Add($"process {Names.Of(diffusion.Process)}");
        else if (diffusion.BetaSchedule != BetaSchedule.Linear) parts.Add($"{Names.Of(diffusion.BetaSchedule)} schedule");
        if (diffusion.RescaleToZeroSnr) parts.Add("zero terminal SNR");
        if (train.Loss != LossOp.Squared) parts.Add($"{Names.Of(train.Loss)} loss");
        if (train.LossWeighting != WeightingKind.None) parts.Add($"{Names.Of(train.LossWeighting)} weights");
        if (train.LearnsUncertainty) parts.Add("learned uncertainty");
        if (BoundOf(train, diffusion) is not BoundKind.None and var bound) parts.Add($"variational bound {Names.Of(bound)}");
        if (train.Times is { } times) parts.Add($"{Names.Of(times)} times");
        if (train.NoiseAssignment == NoiseAssignment.Nearest) parts.Add($"nearest of {train.NoiseCandidates} noises");
        if (train.NoiseAssignment == NoiseAssignment.Batch) parts.Add("noises assigned within the batch");
        if (config.Model.SelfConditioned) parts.Add("self-conditioning");
        if (train.OffsetNoise > 0) parts.Add(string.Create(CultureInfo.InvariantCulture, $"offset noise {train.OffsetNoise}"));
        if (train.InputPerturbation > 0) parts.Add(string.Create(CultureInfo.InvariantCulture, $"input perturbation {train.InputPerturbation}"));
        return parts.Count == 1 && diffusion.Predicts == Parameterization.Epsilon ? "" : string.Join(", ", parts);
    }

    static VariationalTerm? Bound(TrainParams train, DiffusionParams diffusion)
    {
        BoundKind kind = BoundOf(train, diffusion);
        return kind == BoundKind.None ? null : new VariationalTerm
        {
            Variance = diffusion.Variance,
            Alone = kind == BoundKind.Only,
            Weight = train.BoundWeight ?? (kind == BoundKind.Only ? 1 : 0.001),
        };
    }

    static BoundKind BoundOf(TrainParams train, DiffusionParams diffusion) =>
        train.Bound ?? (diffusion.LearnsVariance ? BoundKind.Hybrid : BoundKind.None);
}
