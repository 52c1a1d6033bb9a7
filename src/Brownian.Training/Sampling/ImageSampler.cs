using System.Globalization;
using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// Draws images from a model. An image depends on its seed and the options, not on its neighbours, the batch or the threads. Any number of
/// threads may sample at once: they take turns step by step, see <see cref="Device.TakeTurn"/>.
/// </summary>
/// <param name="model">The model.</param>
public sealed class ImageSampler(DiffusionModel model)
{
    /// <summary>
    /// Called after each step of each batch, one batch after the other, on the thread that samples; null for nobody. It may sample itself.
    /// </summary>
    public Action<SampleStep>? OnStep { get; init; }

    /// <summary>Draws one image per seed.</summary>
    /// <param name="options">Which images, and how.</param>
    /// <param name="progress">Told after each step of each batch.</param>
    /// <param name="cancel">Checked before each step, and while another thread has the device.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or not for this model or sampler.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> was cancelled.</exception>
    public SampledImages Sample(SampleOptions options, IProgress<SampleProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ulong[] seeds = options.ResolveSeeds();
        int[] labels = SampleLabels.Of(model, options.Classes, seeds);
        SampleParams wanted = options.Sampling.Over(model.Description.Sampling);
        GuidanceOptions? guidance = SampleLabels.Guidance(model, wanted);
        DiffusionParams diffusion = options.Over(model.Description.Diffusion);
        Sampler sampler = SamplerFor(options);

        var images = new List<Image>(seeds.Length);
        int batches = (seeds.Length - 1) / options.BatchSize + 1, calls = 0;
        for (int first = 0; first < seeds.Length; first += options.BatchSize)
        {
            using TensorScope scope = model.Device.OpenScope();
            int count = Math.Min(options.BatchSize, seeds.Length - first);
            IDenoiser denoiser = model.ToDenoiser(labels.Length == 0 ? [] : labels.AsSpan(first, count), guidance);
            var steady = progress is null ? null : new BatchProgress(progress, first / options.BatchSize, batches);
            var drawing = new FiniteImages(denoiser, seeds[first..(first + count)], options.BitDepth);
            images.AddRange(drawing.Draw(sampler, OnStep, steady, cancel));
            calls = drawing.Predictions;
        }
        return new SampledImages(images, seeds, Notes(wanted.NotesFor(diffusion), guidance))
        {
            ClassNames = [.. labels.Select(label => SampleLabels.Name(model.Description.Classes, label))],
            NetworkCalls = guidance is null ? calls : 2 * calls,        // one with the class, and one without
        };
    }

    /// <summary>What draws the images: the model's own sampler and settings, with the options over them.</summary>
    internal Sampler SamplerFor(SampleOptions options) =>
        options.Sampling.Over(model.Description.Sampling).For(options.Over(model.Description.Diffusion));

    /// <summary>How an image will be drawn, in a few words: sampler, steps and what besides them is not usual.</summary>
    /// <param name="options">How.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or not for this model or sampler.</exception>
    public string Describe(SampleOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        SampleParams wanted = options.Sampling.Over(model.Description.Sampling);
        DiffusionParams diffusion = options.Over(model.Description.Diffusion);
        KeyValuePair<string, string>[] notes = [.. wanted.NotesFor(diffusion)];
        int count = wanted.StepsFor(diffusion);
        string steps = count == 1 ? "1 step" : string.Create(CultureInfo.InvariantCulture, $"{count:N0} steps");
        string guidance = SampleLabels.Guidance(model, wanted) is { } g ? string.Create(CultureInfo.InvariantCulture, $", guidance {g.Scale:R}") : "";
        string[] more = [.. notes.Where(note => note.Key is not ("Sampler" or "Steps" or "Clip sample"))
            .Select(note => $", {note.Key.ToLowerInvariant()} {note.Value}")];
        return $"{notes[0].Value}, {steps}{string.Concat(more)}{guidance}";
    }

    /// <summary>About how often an image will pass through the network.</summary>
    /// <inheritdoc cref="Describe"/>
    public long NetworkCalls(SampleOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        SampleParams wanted = options.Sampling.Over(model.Description.Sampling);
        return wanted.EvaluationsFor(options.Over(model.Description.Diffusion)) * (SampleLabels.Guidance(model, wanted) is null ? 1 : 2);
    }

    List<KeyValuePair<string, string>> Notes(IEnumerable<KeyValuePair<string, string>> sampler, GuidanceOptions? guidance)
    {
        List<KeyValuePair<string, string>> notes = [new("Software", ProgramVersion.Text), .. sampler];
        if (guidance is not null) notes.Add(new("Guidance scale", guidance.Scale.ToString("R", CultureInfo.InvariantCulture)));
        if (guidance is { Rescale: > 0 }) notes.Add(new("Guidance rescale", guidance.Rescale.ToString("R", CultureInfo.InvariantCulture)));
        notes.Add(new("Model", model.Hash.Length > 0 ? $"sha256:{model.Hash}" : "in training"));
        notes.Add(new("Trained steps", model.Description.Step.ToString(CultureInfo.InvariantCulture)));
        return notes;
    }

    sealed class BatchProgress(IProgress<SampleProgress> whole, int batch, int batches) : IProgress<SampleProgress>
    {
        public void Report(SampleProgress value) => whole.Report(new SampleProgress(batch * value.Count + value.Done, batches * value.Count));
    }
}
