using System.Globalization;
using Brownian.Diffusion;
using Brownian.Imaging;
using Brownian.Tensors;

namespace Brownian.Training;

/// <summary>Draws images from a model. An image depends on its seed and the options, not on its neighbours, the batch or the threads.</summary>
/// <param name="model">The model, used by one thread at a time.</param>
public sealed class ImageSampler(DiffusionModel model)
{
    /// <summary>Draws one image per seed (Algorithm 2 of Ho et al. 2020).</summary>
    /// <param name="options">Which images, and how.</param>
    /// <param name="progress">Told after each step of each batch.</param>
    /// <param name="cancel">Checked before each step.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> was cancelled.</exception>
    public SampledImages Sample(SampleOptions options, IProgress<SampleProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ulong[] seeds = options.ResolveSeeds();
        VarianceKind variance = options.Variance ?? model.Description.Diffusion.Variance;
        bool clip = options.ClipSample ?? model.Description.Diffusion.ClipSample;
        var timesteps = new TimestepSelection { Count = options.Steps };
        int steps = timesteps.Of(model.Schedule.Timesteps).Length;
        var sampler = new DdpmSampler(new DdpmOptions
        {
            Timesteps = timesteps,
            Limit = clip ? X0Limit.Clip() : X0Limit.None,
            Variance = variance == VarianceKind.Large ? ReverseVariance.FixedLarge : ReverseVariance.FixedSmall,
        });

        IDenoiser denoiser = model.ToDenoiser();
        var images = new List<Image>(seeds.Length);
        int batches = (seeds.Length - 1) / options.BatchSize + 1;
        foreach (ulong[] batch in seeds.Chunk(options.BatchSize))
        {
            using TensorScope scope = model.Device.OpenScope();
            var steady = progress is null ? null : new BatchProgress(progress, images.Count / options.BatchSize * steps, batches * steps);
            images.AddRange(ToImages(sampler.Sample(denoiser, batch, progress: steady, cancel: cancel)));
        }
        return new SampledImages(images, seeds, Notes(steps, variance, clip));
    }

    static IEnumerable<Image> ToImages(Tensor x)
    {
        float[] values = x.ToArray();
        (int height, int width, int channels) = (x.Shape[1], x.Shape[2], x.Shape[3]);
        int size = height * width * channels;
        for (int n = 0; n < x.Shape[0]; n++)
        {
            byte[] pixels = new byte[size];
            PixelScale.ToBytes(values.AsSpan(n * size, size), pixels);
            yield return new Image(width, height, channels, pixels);
        }
    }

    List<KeyValuePair<string, string>> Notes(int steps, VarianceKind variance, bool clip) =>
    [
        new("Software", ProgramVersion.Text),
        new("Sampler", "ddpm"),
        new("Steps", steps.ToString(CultureInfo.InvariantCulture)),
        new("Variance", ConfigText.Of(variance)),
        new("Clip sample", clip ? "true" : "false"),
        new("Model", model.Hash.Length > 0 ? $"sha256:{model.Hash}" : "in training"),
        new("Trained steps", model.Description.Step.ToString(CultureInfo.InvariantCulture)),
    ];

    sealed class BatchProgress(IProgress<SampleProgress> whole, int done, int count) : IProgress<SampleProgress>
    {
        public void Report(SampleProgress value) => whole.Report(new SampleProgress(done + value.Done, count));
    }
}
