using Brownian.Tensors;

namespace Brownian.Diffusion;

/// <summary>The choices that <see cref="HeunSampler"/> leaves open.</summary>
public sealed record HeunOptions : SolverOptions
{
    /// <summary>Noise added before each step: 0 for deterministic sampling.</summary>
    public Churn Churn { get; init; } = Churn.None;
}

/// <summary>
/// Heun's second-order method (Karras et al. 2022, algorithm 2; without churn, algorithm 1): Euler's step, then the same step again with
/// the mean of the slopes at both ends. Two evaluations a step, one in the last, which goes to σ = 0.
/// </summary>
/// <param name="options">What the algorithm leaves open.</param>
public sealed class HeunSampler(HeunOptions options) : Sampler
{
    /// <inheritdoc/>
    protected override X0Limit Limit => options.Limit;

    /// <inheritdoc/>
    protected override void Walk(SamplingRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        NoiseLevel[] levels = run.StraightLevels(options.Levels);
        foreach (LevelStep step in run.Along(levels))
        {
            (Tensor x, NoiseLevel from) = options.Churn.Raise(run, step.From, levels.Length - 1);
            Prediction first = run.Predict(x, from);
            Tensor next = OdeStep.Euler(x, first, from, step.To);
            if (step.To.Sigma > 0) next = OdeStep.Trapezoid(x, first, run.Predict(next, step.To), from, step.To);
            run.X = next;
        }
    }
}
