namespace Brownian.Training;

/// <summary>What the parts of a training take on one machine.</summary>
public sealed record TrainPace
{
    /// <summary>An optimiser step.</summary>
    public required double StepSeconds { get; init; }

    /// <summary>One image once through the network, forward only.</summary>
    public required double ImageSeconds { get; init; }

    /// <summary>Writing a checkpoint.</summary>
    public required double CheckpointSeconds { get; init; }

    /// <summary>Drawing a grid of samples as a configuration has it.</summary>
    /// <param name="config">Says how many images, how many steps, and whether they are guided, which asks about every image twice.</param>
    public double GridSeconds(TrainConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        (TrainParams train, SampleParams sampling) = (config.Train, config.Sampling);
        long evaluations = (sampling with { Steps = train.SampleTimesteps ?? sampling.Steps }).EvaluationsFor(config.Diffusion);
        return (double)train.Samples * evaluations * (sampling.IsGuided ? 2 : 1) * ImageSeconds;
    }
}
