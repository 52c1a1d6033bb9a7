using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// Heun's second-order method (Karras et al. 2022, algorithm 2; without churn, algorithm 1): Euler's step, then the same step again with
/// the mean of the slopes at both ends. Two evaluations a step, one in the last, which goes to σ = 0.
/// </summary>
public sealed record HeunSampler : ChurnSampler
{
    /// <inheritdoc/>
    public override int Evaluations => 2;

    /// <inheritdoc/>
    protected override void Walk(SamplingRun run)
    {
        NoiseLevel[] levels = run.StraightLevels(Levels);
        foreach (LevelStep step in run.Along(levels))
        {
            (Tensor x, NoiseLevel from) = Raise(run, step.From, levels.Length - 1);
            Prediction first = run.Predict(x, from);
            Tensor next = OdeStep.Euler(x, first, from, step.To);
            if (step.To.Sigma > 0) next = OdeStep.Trapezoid(x, first, run.Predict(next, step.To), from, step.To);
            run.X = next;
        }
    }
}
