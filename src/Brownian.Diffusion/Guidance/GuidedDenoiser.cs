using Brownian.IO;
using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// Classifier-free guidance (Ho &amp; Salimans 2022, eq. 6): the network is asked about every image with its label and without, in one
/// batch of twice the size, and the difference is exaggerated. ε̂ = ε̂_∅ + w·(ε̂_c − ε̂_∅); x̂_0 likewise, as both are linear.
/// </summary>
public sealed class GuidedDenoiser : IDenoiser
{
    readonly IConditionalDenoiser _inner;
    readonly int[] _labels;
    readonly GuidanceOptions _options;

    /// <summary>Guides images towards their labels.</summary>
    /// <param name="inner">The conditional network, trained with label dropout.</param>
    /// <param name="labels">The class of each image of the batches to come.</param>
    /// <param name="options">How strongly.</param>
    /// <exception cref="ArgumentException">The network has no classes, or a label or an option is out of range.</exception>
    public GuidedDenoiser(IConditionalDenoiser inner, ReadOnlySpan<int> labels, GuidanceOptions options)
    {
        ArgumentNullException.ThrowIfNull(inner);
        ArgumentNullException.ThrowIfNull(options);
        if (inner.Classes == 0) throw new ArgumentException("Guidance needs a conditional network; this one was trained without classes.");
        options.Check();
        int without = options.NoLabel ?? inner.Classes - 1;
        foreach (int label in (ReadOnlySpan<int>)[.. labels, without])
        {
            if ((uint)label >= (uint)inner.Classes)
                throw new ArgumentException($"Label {label} is outside the network's classes 0 to {inner.Classes - 1}.");
        }
        (_inner, _options) = (inner, options);
        _labels = [.. labels, .. Enumerable.Repeat(without, labels.Length)];
    }

    /// <inheritdoc/>
    public INoiseProcess Process => _inner.Process;

    /// <inheritdoc/>
    public Device Device => _inner.Device;

    /// <inheritdoc/>
    public Shape Images(int count) => _inner.Images(count);

    /// <inheritdoc/>
    public bool SeesEstimates => _inner.SeesEstimates;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">There are not as many images as labels.</exception>
    public Prediction Predict(Tensor x, NoiseLevel level) => Predict(x, level, estimate: null);

    /// <inheritdoc/>
    /// <remarks>The last x̂_0 is the guided one, with the label and without.</remarks>
    /// <exception cref="ArgumentException">There are not as many images as labels.</exception>
    public Prediction Predict(Tensor x, NoiseLevel level, Tensor? estimate)
    {
        ArgumentNullException.ThrowIfNull(x);
        int count = x.Shape[0];
        if (2 * count != _labels.Length) throw new ArgumentException($"Guidance has {Counted.Of(_labels.Length / 2, "label")} for {Counted.Of(count, "image")}; give one each.");
        if (_options.Scale == 1) return _inner.Predict(x, level, _labels.AsSpan(0, count), estimate);

        Tensor? twice = estimate is null ? null : Slicing.ConcatSamples(estimate, estimate);
        Prediction both = _inner.Predict(Slicing.ConcatSamples(x, x), level, _labels, twice);
        Prediction with = Half(both, 0, count), without = Half(both, count, count);
        Tensor x0 = Guided(with.X0, without.X0);
        if (_options.Rescale == 0) return new Prediction(x0, Guided(with.Eps, without.Eps), with.Variance);
        x0 = Rescaled(x0, with.X0);
        return new Prediction(x0, LinearCombination.Of((1 / level.Sigma, x), (-level.Alpha / level.Sigma, x0)), with.Variance);
    }

    static Prediction Half(Prediction both, int first, int count) => new(
        both.X0.TakeSamples(first, count), both.Eps.TakeSamples(first, count), both.Variance?.TakeSamples(first, count));

    Tensor Guided(Tensor with, Tensor without) => LinearCombination.Of((_options.Scale, with), (1 - _options.Scale, without));

    // Lin et al. 2024, eq. 15 and 16, applied to x̂_0: each guided image is given back the contrast of the unguided one, in part.
    Tensor Rescaled(Tensor guided, Tensor with)
    {
        float[] images = guided.ToArray(), reference = with.ToArray();
        int size = images.Length / guided.Shape[0];
        for (int n = 0; n < guided.Shape[0]; n++)
        {
            Span<float> image = images.AsSpan(n * size, size);
            double deviation = Deviation(image);
            if (deviation == 0) continue;
            float factor = (float)(_options.Rescale * Deviation(reference.AsSpan(n * size, size)) / deviation + 1 - _options.Rescale);
            foreach (ref float pixel in image) pixel *= factor;
        }
        return Tensor.From(images, guided.Shape, guided.Device);
    }

    static double Deviation(ReadOnlySpan<float> values)
    {
        double sum = 0, squares = 0;
        foreach (float value in values)
        {
            sum += value;
            squares += (double)value * value;
        }
        double mean = sum / values.Length;
        return Math.Sqrt(Math.Max(0, squares / values.Length - mean * mean));
    }
}
