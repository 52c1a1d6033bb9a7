using Brownian.Diffusion;
using Brownian.Training;

namespace Brownian.Cli;

/// <summary>What is measured: a model, and what it learns or has learned.</summary>
sealed record BenchTask(NetworkOptions Model, TrainingObjective Objective)
{
    /// <summary>A model with the loss of Ho et al. 2020.</summary>
    public static BenchTask Of(NetworkOptions model) => new(model, new TrainingObjective(NoiseSchedule.Linear(), Parameterization.Epsilon, Seed: 0));

    /// <summary>A configuration's model with its objective.</summary>
    public static BenchTask Of(TrainConfig config) => new(config.Model, ConfiguredObjective.Of(config));
}
