using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// The midpoint method with the middle in log σ (Lu et al. 2022, DPM-Solver-2, algorithm 1, in Karras' coordinates, as k-diffusion's
/// <c>sample_dpm_2</c>). Two evaluations a step, one in the last.
/// </summary>
public sealed record Dpm2Sampler : ChurnSampler
{
    /// <inheritdoc/>
    public override int Evaluations => 2;

    /// <inheritdoc/>
    protected override void Walk(SamplingRun run)
    {
        NoiseLevel[] levels = run.UnitSignalLevels(Levels);
        foreach (LevelStep step in run.Along(levels))
        {
            (Tensor x, NoiseLevel from) = Raise(run, step.From, levels.Length - 1);
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
