using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// Guess the image, then add fresh noise for the next level: x' = α'·x̂_0 + σ'·z (Song et al. 2023, consistency models, algorithm 1; the
/// stochastic sampling of flow matching in diffusers). For networks distilled to guess well at once, or as the noisiest of all samplers.
/// </summary>
public sealed record ConsistencySampler : LevelSampler
{
    /// <inheritdoc/>
    protected override void Walk(SamplingRun run)
    {
        foreach (LevelStep step in run.Along(run.Process.Levels(Levels)))
        {
            Tensor x0 = run.Predict(step.From).X0;
            run.X = step.To.Sigma > 0 ? LinearCombination.Of((step.To.Alpha, x0), (step.To.Sigma, run.Noise())) : x0;
        }
    }
}
