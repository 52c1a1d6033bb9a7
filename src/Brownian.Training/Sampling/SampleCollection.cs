using System.Diagnostics;
using Brownian.Evaluation;

namespace Brownian;

/// <summary>
/// Images drawn from a model to be compared with real ones: their features, and the images themselves where they are wanted. More can be
/// drawn at any time; which there are depends on their number alone.
/// </summary>
/// <param name="model">What draws.</param>
/// <param name="extraction">What looks at the images.</param>
/// <param name="options">How to draw. Its seeds do not count.</param>
/// <param name="firstSeed">The seed of the first image; the next has the next.</param>
public sealed class SampleCollection(DiffusionModel model, FeatureExtraction extraction, SampleOptions options, ulong firstSeed = 0)
{
    readonly ImageSampler _sampler = new(model);
    readonly List<Image> _images = [];
    readonly List<int> _labels = [];

    /// <summary>Keep only the features and so many images; all by default.</summary>
    public int KeptImages { get; init; } = int.MaxValue;

    /// <summary>How many were drawn.</summary>
    public int Count { get; private set; }

    /// <summary>The seed of the first.</summary>
    public ulong FirstSeed => firstSeed;

    /// <summary>The features, row by row.</summary>
    /// <exception cref="InvalidOperationException">Nothing was drawn yet.</exception>
    public FeatureSet Features => _features is { } set ? set with { Labels = [.. _labels] } : throw new InvalidOperationException("SampleCollection: nothing was drawn yet.");

    /// <summary>The first images, as many as are kept.</summary>
    public IReadOnlyList<Image> Images => _images;

    /// <summary>Time spent drawing.</summary>
    public TimeSpan Drawing { get; private set; }

    /// <summary>Time spent looking.</summary>
    public TimeSpan Looking { get; private set; }

    /// <summary>How often each image passed through the model's network.</summary>
    public int NetworkCalls { get; private set; }

    FeatureSet? _features;

    /// <summary>Draws images until there are so many.</summary>
    /// <param name="count">How many there are to be.</param>
    /// <param name="progress">Told after each step of each batch.</param>
    /// <param name="cancel">Checked before each step.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or not for this model or sampler.</exception>
    /// <exception cref="InvalidDataException">An image or a feature is not finite.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> was cancelled.</exception>
    public void DrawTo(int count, IProgress<DrawingProgress>? progress = null, CancellationToken cancel = default)
    {
        List<FeatureSet> sets = _features is null ? [] : [_features];
        for (int size; Count < count; Count += size)
        {
            size = Math.Min(options.BatchSize, count - Count);
            sets.Add(Draw(size, count, progress, cancel));
        }
        if (sets.Count > 0) _features = Joined(sets);
    }

    FeatureSet Draw(int size, int count, IProgress<DrawingProgress>? progress, CancellationToken cancel)
    {
        ulong[] seeds = [.. Enumerable.Range(0, size).Select(i => firstSeed + (ulong)(Count + i))];
        IProgress<SampleProgress>? steps = progress is null ? null : new Steps(progress, Count, size, count);
        long start = Stopwatch.GetTimestamp();
        SampledImages drawn = _sampler.Sample(options with { Seeds = seeds }, steps, cancel);
        long between = Stopwatch.GetTimestamp();
        FeatureSet features = extraction.Of(drawn.Images, cancel: cancel);
        Drawing += Stopwatch.GetElapsedTime(start, between);
        Looking += Stopwatch.GetElapsedTime(between);
        NetworkCalls = drawn.NetworkCalls;
        _images.AddRange(drawn.Images.Take(Math.Max(0, KeptImages - _images.Count)));
        _labels.AddRange(SampleLabels.Of(model, options.Classes, seeds));
        return features;
    }

    static FeatureSet Joined(List<FeatureSet> sets) => sets[0] with
    {
        Values = [.. sets.SelectMany(set => set.Values)],
        Logits = [.. sets.SelectMany(set => set.Logits)],
    };

    sealed class Steps(IProgress<DrawingProgress> to, int before, int size, int count) : IProgress<SampleProgress>
    {
        public void Report(SampleProgress value) =>
            to.Report(new DrawingProgress(before + (double)size * value.Done / value.Count, count));
    }
}

/// <summary>How far drawing images is.</summary>
/// <param name="Done">Images so far; one that is half drawn counts as half.</param>
/// <param name="Count">Images in all.</param>
public readonly record struct DrawingProgress(double Done, int Count);
