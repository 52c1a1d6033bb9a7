using Brownian.Tensors;

namespace Brownian.Diffusion;

/// <summary>Where a sampler's standard normal numbers come from.</summary>
public interface INoiseSource
{
    /// <summary>N, the number of images there is noise for.</summary>
    int Images { get; }

    /// <summary>Writes x_T, N×H×W×C.</summary>
    void Start(Span<float> x);

    /// <summary>Writes z for one step of the sampler's loop, N×H×W×C. Steps that need no noise are not asked for.</summary>
    /// <param name="step">The step of the loop, from 0.</param>
    /// <param name="z">Receives the noise.</param>
    void Step(int step, Span<float> z);
}

/// <summary>
/// Noise that depends on each image's own seed and the step alone: an image comes out the same in any batch, on any machine.
/// </summary>
public sealed class SeededNoise : INoiseSource
{
    readonly ulong[] _seeds;

    /// <summary>Noise for one image per seed.</summary>
    /// <exception cref="ArgumentException">There are no seeds.</exception>
    public SeededNoise(ReadOnlySpan<ulong> seeds)
    {
        if (seeds.IsEmpty) throw new ArgumentException("Sampling needs one seed for each image; there are none.", nameof(seeds));
        _seeds = seeds.ToArray();
    }

    /// <inheritdoc/>
    public int Images => _seeds.Length;

    /// <inheritdoc/>
    public void Start(Span<float> x) => Fill(Philox.Stream("sample start"), x);

    /// <inheritdoc/>
    public void Step(int step, Span<float> z) => Fill(Philox.Stream("sample noise", (ulong)step), z);

    void Fill(ulong stream, Span<float> images)
    {
        int size = images.Length / _seeds.Length;
        for (int n = 0; n < _seeds.Length; n++) new Philox(_seeds[n], stream).Normal(images.Slice(n * size, size));
    }
}
