using Brownian.Tensors;

namespace Brownian.Diffusion;

/// <summary>
/// What all samplers share. A sampler is its <see cref="Walk"/>: a loop over noise levels that asks the denoiser and moves x. It has no
/// state of its own, so one sampler may serve many runs.
/// </summary>
public abstract class Sampler : ISampler
{
    /// <inheritdoc/>
    public Tensor Sample(
        IDenoiser denoiser,
        ReadOnlySpan<ulong> seeds,
        Action<SampleStep>? onStep = null,
        IProgress<SampleProgress>? progress = null,
        CancellationToken cancel = default) =>
        Sample(denoiser, new SeededNoise(seeds), onStep, progress, cancel);

    /// <inheritdoc/>
    public Tensor Sample(
        IDenoiser denoiser,
        INoiseSource noise,
        Action<SampleStep>? onStep = null,
        IProgress<SampleProgress>? progress = null,
        CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        ArgumentNullException.ThrowIfNull(noise);
        using NoGrad noGrad = denoiser.Device.NoGrad();
        SamplingRun run = new(denoiser, noise, Limit) { OnStep = onStep, Progress = progress, Cancel = cancel };
        Walk(run);
        return run.X;
    }

    /// <summary>What keeps x̂_0 in range in every prediction of a run.</summary>
    protected virtual X0Limit Limit => X0Limit.None;

    /// <summary>
    /// The algorithm: visits noise levels with <see cref="SamplingRun.Along(IReadOnlyList{NoiseLevel})"/> and sets
    /// <see cref="SamplingRun.X"/> in each step.
    /// </summary>
    protected abstract void Walk(SamplingRun run);
}
