using Brownian.Tensors;

namespace Brownian.Diffusion;

/// <summary>The choices that <see cref="ConsistencySampler"/> leaves open.</summary>
public sealed record ConsistencyOptions : SolverOptions;

/// <summary>
/// Guess the image, then add fresh noise for the next level: x' = α'·x̂_0 + σ'·z (Song et al. 2023, consistency models, algorithm 1; the
/// stochastic sampling of flow matching in diffusers). For networks distilled to guess well at once, or as the noisiest of all samplers.
/// </summary>
/// <param name="options">What the algorithm leaves open.</param>
public sealed class ConsistencySampler(ConsistencyOptions options) : Sampler
{
    /// <inheritdoc/>
    protected override X0Limit Limit => options.Limit;

    /// <inheritdoc/>
    protected override void Walk(SamplingRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        foreach (LevelStep step in run.Along(run.Process.Levels(options.Levels)))
        {
            Tensor x0 = run.Predict(step.From).X0;
            run.X = step.To.Sigma > 0 ? LinearCombination.Of((step.To.Alpha, x0), (step.To.Sigma, run.Noise())) : x0;
        }
    }
}
