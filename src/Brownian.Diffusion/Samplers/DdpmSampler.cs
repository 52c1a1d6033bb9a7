using Brownian.Tensors;

namespace Brownian.Diffusion;

/// <summary>
/// Algorithm 2 of Ho et al. 2020, ancestral sampling: x_T is noise, and each step draws x_s from q(x_s | x_t, x̂_0). With fewer steps
/// than T, s is the next timestep visited and α_t becomes ᾱ_t/ᾱ_s.
/// </summary>
/// <param name="options">What the algorithm leaves open.</param>
public sealed class DdpmSampler(DdpmOptions options)
{
    /// <summary>Ancestral sampling over all timesteps with the variance β̃ and x̂_0 clipped to [−1, 1].</summary>
    public DdpmSampler() : this(new DdpmOptions()) { }

    /// <summary>One image for each seed; an image depends on its own seed alone, whatever the batch.</summary>
    /// <inheritdoc cref="Sample(IDenoiser, INoiseSource, Action{SampleStep}?, IProgress{SampleProgress}?, CancellationToken)"/>
    public Tensor Sample(
        IDenoiser denoiser,
        ReadOnlySpan<ulong> seeds,
        Action<SampleStep>? onStep = null,
        IProgress<SampleProgress>? progress = null,
        CancellationToken cancel = default) =>
        Sample(denoiser, new SeededNoise(seeds), onStep, progress, cancel);

    /// <summary>Images made from the given noise, N×H×W×C, nominally in [−1, 1].</summary>
    /// <param name="denoiser">What tells images from noise.</param>
    /// <param name="noise">The start and the noise of each step.</param>
    /// <param name="onStep">Called after each step.</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancel">Checked before each step.</param>
    /// <exception cref="ArgumentException">The timesteps do not fit the schedule, or the variance does not fit the network.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> was cancelled.</exception>
    public Tensor Sample(
        IDenoiser denoiser,
        INoiseSource noise,
        Action<SampleStep>? onStep = null,
        IProgress<SampleProgress>? progress = null,
        CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        ArgumentNullException.ThrowIfNull(noise);
        Shape shape = denoiser.Images(noise.Images);
        int[] timesteps = options.Timesteps.Of(denoiser.Schedule.Timesteps);
        float[] host = new float[shape.Count];
        noise.Start(host);

        using NoGrad noGrad = denoiser.Device.NoGrad();
        Tensor x = Tensor.From(host, shape, denoiser.Device);
        for (int i = 0; i < timesteps.Length; i++)
        {
            cancel.ThrowIfCancellationRequested();
            using TensorScope step = denoiser.Device.OpenScope();
            int t = timesteps[i], s = i + 1 < timesteps.Length ? timesteps[i + 1] : -1;
            Posterior posterior = denoiser.Schedule.PosteriorOf(t, s);

            Prediction prediction = denoiser.Predict(x, t);
            Tensor x0 = options.Limit.Apply(prediction.X0);
            Tensor next = TensorOps.Affine((float)posterior.X0, x0, (float)posterior.Xt, x);     // μ̃(x_t, x̂_0), eq. 7
            if (t > 0)
            {
                noise.Step(i, host);
                next = AddNoise(next, posterior, prediction.Variance, host);
            }

            // x outlives the step's scope, so it takes over the numbers; all else goes back to the pool.
            next.CopyTo(host);
            x.CopyFrom(host);
            onStep?.Invoke(new SampleStep(i, timesteps.Length, t, x, x0));
            progress?.Report(new SampleProgress(i + 1, timesteps.Length));
        }
        return x;
    }

    /// <summary>mean + σ·z; z is used up.</summary>
    Tensor AddNoise(Tensor mean, Posterior posterior, Tensor? variance, float[] z)
    {
        if (options.Variance != ReverseVariance.LearnedRange)
            return TensorOps.Affine(1, mean, (float)posterior.Deviation(options.Variance), Tensor.From(z, mean.Shape, mean.Device));

        if (variance is null)
        {
            throw new ArgumentException(
                "The variance LearnedRange needs a network with twice the channels; use FixedSmall or FixedLarge with this one.");
        }
        float[] v = variance.ToArray();
        for (int i = 0; i < z.Length; i++) z[i] *= (float)posterior.LearnedDeviation(v[i]);
        return mean.Add(Tensor.From(z, mean.Shape, mean.Device));
    }
}
