using Brownian.Diffusion;
using Brownian.Tensors;

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
            Compares = PixelLoss.Of(train.Loss, train.HuberDelta),
            Weighting = LossWeighting.Of(train.LossWeighting, train.SnrGamma, train.P2Gamma, train.P2K),
            Times = TimeDistribution.Of(train.Times ?? (diffusion.Process == ProcessKind.Edm ? TimeKind.LogNormal : TimeKind.Uniform), train.TimeMean, train.TimeDeviation),
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
        if (BoundOf(train, diffusion) is not BoundKind.None and var bound) parts.Add($"variational bound {Names.Of(bound)}");
        if (train.Times is { } times) parts.Add($"{Names.Of(times)} times");
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
