using Brownian.Diffusion;

namespace Brownian.Training;

/// <summary>What a configuration says the network should learn.</summary>
public static class ConfiguredObjective
{
    /// <summary>The objective of <c>train_params</c> and <c>diffusion_params</c>.</summary>
    public static TrainingObjective Of(TrainConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        (TrainParams train, DiffusionParams diffusion) = (config.Train, config.Diffusion);
        return new TrainingObjective(diffusion.ToProcess(), diffusion.Predicts, train.Seed)
        {
            Compares = Loss(train),
            Weighting = Weighting(train),
            Times = Times(train, diffusion.Process),
            Bound = Bound(train, diffusion),
            LabelDropout = train.LabelDropout,
        };
    }

    /// <summary>The same in a line; empty for the plain loss of Ho et al. 2020 on a schedule of theirs.</summary>
    internal static string Describe(TrainConfig config)
    {
        (TrainParams train, DiffusionParams diffusion) = (config.Train, config.Diffusion);
        List<string> parts = [$"predicts {diffusion.Predicts.Name}"];
        if (diffusion.Process != ProcessKind.Ddpm) parts.Add($"process {ConfigText.Of(diffusion.Process)}");
        else if (diffusion.BetaSchedule != BetaSchedule.Linear) parts.Add($"{ConfigText.Of(diffusion.BetaSchedule)} schedule");
        if (diffusion.RescaleToZeroSnr) parts.Add("zero terminal SNR");
        if (train.Loss != LossKind.L2) parts.Add($"{ConfigText.Of(train.Loss)} loss");
        if (train.LossWeighting != WeightingKind.None) parts.Add($"{ConfigText.Of(train.LossWeighting)} weights");
        if (BoundOf(train, diffusion) is not BoundKind.None and var bound) parts.Add($"variational bound {ConfigText.Of(bound)}");
        if (train.Times is { } times) parts.Add($"{ConfigText.Of(times)} times");
        return parts.Count == 1 && diffusion.Predicts == Parameterization.Epsilon ? "" : string.Join(", ", parts);
    }

    static PixelLoss Loss(TrainParams train) => train.Loss switch
    {
        LossKind.L1 => PixelLoss.Absolute,
        LossKind.Huber => train.HuberDelta is { } delta ? PixelLoss.Huber(delta) : PixelLoss.Huber(),
        LossKind.PseudoHuber => train.HuberDelta is { } scale ? PixelLoss.PseudoHuber(scale) : PixelLoss.PseudoHuber(),
        _ => PixelLoss.Squared,
    };

    static LossWeighting Weighting(TrainParams train) => train.LossWeighting switch
    {
        WeightingKind.MinSnr => LossWeighting.MinSnr(train.SnrGamma),
        WeightingKind.P2 => LossWeighting.P2(train.P2Gamma, train.P2K),
        _ => LossWeighting.None,
    };

    static TimeDistribution Times(TrainParams train, ProcessKind process) =>
        (train.Times ?? (process == ProcessKind.Edm ? TimeKind.LogNormal : TimeKind.Uniform)) switch
        {
            TimeKind.LogitNormal => TimeDistribution.LogitNormal(train.TimeMean ?? 0, train.TimeDeviation ?? 1),
            TimeKind.LogNormal => TimeDistribution.LogNormalSigma(train.TimeMean ?? -1.2, train.TimeDeviation ?? 1.2),
            _ => TimeDistribution.Uniform,
        };

    static VariationalTerm? Bound(TrainParams train, DiffusionParams diffusion)
    {
        BoundKind kind = BoundOf(train, diffusion);
        return kind == BoundKind.None ? null : new VariationalTerm
        {
            Variance = diffusion.ReverseVariance,
            Alone = kind == BoundKind.Only,
            Weight = train.BoundWeight ?? (kind == BoundKind.Only ? 1 : 0.001),
        };
    }

    static BoundKind BoundOf(TrainParams train, DiffusionParams diffusion) =>
        train.Bound ?? (diffusion.LearnsVariance ? BoundKind.Hybrid : BoundKind.None);
}
