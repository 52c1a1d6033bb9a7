using Brownian.Tensors;

namespace Brownian.Diffusion;

/// <summary>The choices that <see cref="Dpm2Sampler"/> leaves open.</summary>
public sealed record Dpm2Options : SolverOptions
{
    /// <summary>Noise added before each step.</summary>
    public Churn Churn { get; init; } = Churn.None;
}

/// <summary>
/// The midpoint method with the middle in log σ (Lu et al. 2022, DPM-Solver-2, algorithm 1, in Karras' coordinates, as k-diffusion's
/// <c>sample_dpm_2</c>). Two evaluations a step, one in the last.
/// </summary>
/// <param name="options">What the algorithm leaves open.</param>
public sealed class Dpm2Sampler(Dpm2Options options) : Sampler
{
    /// <inheritdoc/>
    protected override X0Limit Limit => options.Limit;

    /// <inheritdoc/>
    protected override void Walk(SamplingRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        NoiseLevel[] levels = run.UnitSignalLevels(options.Levels, "dpm_2");
        foreach (LevelStep step in run.Along(levels))
        {
            (Tensor x, NoiseLevel from) = options.Churn.Raise(run, step.From, levels.Length - 1);
            run.X = LinearCombination.Of((1, x), (step.To.Sigma - from.Sigma, Slope(run, x, from, step.To.Sigma)));
        }
    }

    /// <summary>dx/dσ halfway, in log σ, to a lower σ; at the start where that is 0.</summary>
    internal static Tensor Slope(SamplingRun run, Tensor x, NoiseLevel from, double to)
    {
        Prediction first = run.Predict(x, from);
        if (to == 0) return first.Eps;
        NoiseLevel middle = run.Process.AtRatio(Math.Sqrt(from.Sigma * to)).UnitSignal;
        return run.Predict(OdeStep.Euler(x, first, from, middle), middle).Eps;
    }
}

/// <summary>The same with ancestral noise (k-diffusion's <c>sample_dpm_2_ancestral</c>).</summary>
/// <param name="options">What the algorithm leaves open.</param>
public sealed class Dpm2AncestralSampler(AncestralOptions options) : Sampler
{
    /// <inheritdoc/>
    protected override X0Limit Limit => options.Limit;

    /// <inheritdoc/>
    protected override void Walk(SamplingRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        options.Check("dpm_2_a");
        foreach (LevelStep step in run.Along(run.UnitSignalLevels(options.Levels, "dpm_2_a")))
        {
            Ancestral to = Ancestral.Between(step.From, step.To, options.Eta);
            Tensor slope = Dpm2Sampler.Slope(run, run.X, step.From, to.Down);
            Tensor next = LinearCombination.Of((1, run.X), (to.Down - step.From.Sigma, slope));
            run.X = to.Up > 0 ? LinearCombination.Of((1, next), (to.Up * options.Noise, run.Noise())) : next;
        }
    }
}
