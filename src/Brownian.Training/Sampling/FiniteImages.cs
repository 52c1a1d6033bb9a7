using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// Draws a batch of images; numbers that are not finite are an error, not black pixels. The network's answers are looked at, too: a limit
/// of x̂_0 makes finite pixels of infinite ones.
/// </summary>
sealed class FiniteImages(IDenoiser inner, ulong[] seeds, int bitDepth = 8) : IDenoiser, IProgress<SampleProgress>
{
    IProgress<SampleProgress>? _progress;
    SampleProgress _done;

    /// <summary>How often the images have passed through the network so far.</summary>
    public int Predictions { get; private set; }

    /// <summary>Draws an image per seed.</summary>
    /// <exception cref="InvalidDataException">A result is not finite; the message names the seed and the step.</exception>
    public IReadOnlyList<Image> Draw(
        Sampler sampler, Action<SampleStep>? onStep = null, IProgress<SampleProgress>? progress = null, CancellationToken cancel = default)
    {
        _progress = progress;
        Tensor x = sampler.Sample(this, seeds, onStep, this, cancel);
        Require(x, "in its pixels");
        return Pixels.ToImages(x, bitDepth);
    }

    /// <inheritdoc/>
    public INoiseProcess Process => inner.Process;

    /// <inheritdoc/>
    public Device Device => inner.Device;

    /// <inheritdoc/>
    public Shape Images(int count) => inner.Images(count);

    /// <inheritdoc/>
    public bool SeesEstimates => inner.SeesEstimates;

    /// <inheritdoc/>
    public Prediction Predict(Tensor x, NoiseLevel level) => Predict(x, level, estimate: null);

    /// <inheritdoc/>
    public Prediction Predict(Tensor x, NoiseLevel level, Tensor? estimate)
    {
        Prediction answer = inner.Predict(x, level, estimate);
        Predictions++;
        foreach (Tensor part in (ReadOnlySpan<Tensor>)[answer.Eps, answer.X0])
            Require(part, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"in step {_done.Done + 1}, at timestep {level.Timestep:0.##}"));
        return answer;
    }

    /// <inheritdoc/>
    public void Report(SampleProgress value)
    {
        _done = value;
        _progress?.Report(value);
    }

    void Require(Tensor x, string where)
    {
        if (double.IsFinite(x.SumOfSquares())) return;
        float[] values = x.ToArray();
        int bad = Array.FindIndex(values, value => !float.IsFinite(value));
        if (bad < 0) return;    // finite squares can overflow in their sum
        int image = bad / (values.Length / x.Shape[0]);
        throw new InvalidDataException(
            $"the image of seed {seeds[image]} is not finite (NaN or infinity) {where}: the network's results overflow; "
            + "take an earlier checkpoint, or weights that fit the network and its settings.");
    }
}
