using Brownian.Tensors;

namespace Brownian.Diffusion;

/// <summary>One finished step of a sampler. The tensors are valid during the callback only: copy what must stay.</summary>
/// <param name="Index">The step of the loop, from 0.</param>
/// <param name="Count">The number of steps.</param>
/// <param name="From">The level where this step started.</param>
/// <param name="To">The level that this step reached, in whose coordinates <paramref name="X"/> is.</param>
/// <param name="X">x after this step, N×H×W×C: at the next step's level, or the finished images.</param>
/// <param name="X0">
/// x̂_0 as the step first saw it, N×H×W×C, after the sampler's limit: clamp it to [−1, 1] to show it if the sampler does not limit it.
/// </param>
public readonly record struct SampleStep(int Index, int Count, NoiseLevel From, NoiseLevel To, Tensor X, Tensor X0)
{
    /// <summary>t, where this step started.</summary>
    public double Timestep => From.Timestep;
}

/// <summary>How far a sampler is.</summary>
/// <param name="Done">Finished steps.</param>
/// <param name="Count">All steps.</param>
public readonly record struct SampleProgress(int Done, int Count);
