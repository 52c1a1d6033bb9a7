using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// Euler's method for the probability-flow ODE: dx/dσ = (x − x̂_0)/σ = ε̂ (Karras et al. 2022, algorithm 2 without its lines 8 to 11), or
/// for a rectified flow dx/dt = ε̂ − x̂_0 (Liu et al. 2022). One evaluation a step.
/// </summary>
public sealed record EulerSampler : ChurnSampler
{
    /// <inheritdoc/>
    protected override void Walk(SamplingRun run)
    {
        NoiseLevel[] levels = run.StraightLevels(Levels);
        foreach (LevelStep step in run.Along(levels))
        {
            (Tensor x, NoiseLevel from) = Raise(run, step.From, levels.Length - 1);
            run.X = OdeStep.Euler(x, run.Predict(x, from), from, step.To);
        }
    }
}

/// <summary>Steps along dx = x̂_0·dα + ε̂·dσ, the probability-flow ODE in any coordinates (α, σ).</summary>
static class OdeStep
{
    public static Tensor Euler(Tensor x, Prediction at, NoiseLevel from, NoiseLevel to) =>
        LinearCombination.Of((1, x), (to.Alpha - from.Alpha, at.X0), (to.Sigma - from.Sigma, at.Eps));

    /// <summary>The same with the mean of two predictions.</summary>
    public static Tensor Trapezoid(Tensor x, Prediction a, Prediction b, NoiseLevel from, NoiseLevel to)
    {
        double dAlpha = (to.Alpha - from.Alpha) / 2, dSigma = (to.Sigma - from.Sigma) / 2;
        return LinearCombination.Of((1, x), (dAlpha, a.X0), (dAlpha, b.X0), (dSigma, a.Eps), (dSigma, b.Eps));
    }
}
