using Brownian.Tensors;

namespace Brownian.Diffusion;

/// <summary>
/// Ancestral sampling with Euler's steps (k-diffusion's <c>sample_euler_ancestral</c>): from σ down to σ_down by the ODE, then up to the next
/// σ' by noise. One evaluation a step.
/// </summary>
/// <param name="options">What the algorithm leaves open.</param>
public sealed class EulerAncestralSampler(AncestralOptions options) : Sampler
{
    /// <inheritdoc/>
    protected override X0Limit Limit => options.Limit;

    /// <inheritdoc/>
    protected override void Walk(SamplingRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        options.Check("euler_a");
        foreach (LevelStep step in run.Along(run.UnitSignalLevels(options.Levels, "euler_a")))
        {
            Ancestral to = Ancestral.Between(step.From, step.To, options.Eta);
            Tensor eps = run.Predict(step.From).Eps;
            run.X = to.Up > 0
                ? LinearCombination.Of((1, run.X), (to.Down - step.From.Sigma, eps), (to.Up * options.Noise, run.Noise()))
                : LinearCombination.Of((1, run.X), (to.Down - step.From.Sigma, eps));
        }
    }
}
