using Brownian.Tensors;

namespace Brownian;

/// <summary>Where a sampler's standard normal numbers come from.</summary>
public interface INoiseSource
{
    /// <summary>N, the number of images there is noise for.</summary>
    int Images { get; }

    /// <summary>The noise that images start from, N×H×W×C, standard normal.</summary>
    Tensor Start(Shape shape, Device device);

    /// <summary>Standard normal noise for one step of the sampler's loop, N×H×W×C. Steps that need none do not ask.</summary>
    /// <param name="step">The step of the loop, from 0.</param>
    /// <param name="draw">0 for the first noise of the step, 1 for the second; a few samplers need two.</param>
    /// <param name="shape">N×H×W×C.</param>
    /// <param name="device">Where the noise is wanted.</param>
    Tensor Step(int step, int draw, Shape shape, Device device);
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
    public Tensor Start(Shape shape, Device device) => Normal(seed => new Philox(seed, Philox.Stream("sample start")), shape, device);

    /// <inheritdoc/>
    public Tensor Step(int step, int draw, Shape shape, Device device)
    {
        ulong stream = Philox.Stream("sample noise", (ulong)step);
        return Normal(seed => draw == 0 ? new Philox(seed, stream) : new Philox(seed, stream).At((ulong)draw), shape, device);
    }

    Tensor Normal(Converter<ulong, Philox> generator, Shape shape, Device device) =>
        Slicing.NormalPerSample(shape, Array.ConvertAll(_seeds, generator), device);
}
