using Brownian.Tensors;

namespace Brownian.Diffusion;

/// <summary>Turns noise into images with the help of a denoiser.</summary>
public interface ISampler
{
    /// <summary>Images made from the given noise, N×H×W×C, nominally in [−1, 1].</summary>
    /// <param name="denoiser">What tells images from noise.</param>
    /// <param name="noise">The start and the noise of each step.</param>
    /// <param name="onStep">Called after each step.</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancel">Checked before each step.</param>
    /// <exception cref="ArgumentException">An option does not fit the denoiser's noise levels or its network.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> was cancelled.</exception>
    Tensor Sample(
        IDenoiser denoiser,
        INoiseSource noise,
        Action<SampleStep>? onStep = null,
        IProgress<SampleProgress>? progress = null,
        CancellationToken cancel = default);

    /// <summary>One image for each seed; an image depends on its own seed alone, whatever the batch.</summary>
    /// <inheritdoc cref="Sample(IDenoiser, INoiseSource, Action{SampleStep}?, IProgress{SampleProgress}?, CancellationToken)"/>
    Tensor Sample(
        IDenoiser denoiser,
        ReadOnlySpan<ulong> seeds,
        Action<SampleStep>? onStep = null,
        IProgress<SampleProgress>? progress = null,
        CancellationToken cancel = default);
}
