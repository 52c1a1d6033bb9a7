using Brownian.Tensors;

namespace Brownian.Nn;

/// <summary>
/// Noise levels as sines and cosines of 2π·w·ln t with random frequencies w that are never trained (Tancik et al. 2020; Song et al. 2021):
/// diffusers' <c>GaussianFourierProjection</c>.
/// </summary>
public sealed class FourierEmbedding
{
    readonly Parameter _weight;

    /// <summary>Declares an untrained <c>weight</c>.</summary>
    /// <param name="scope">Where.</param>
    /// <param name="frequencies">F.</param>
    /// <param name="deviation">Of the frequencies, which are normal.</param>
    public FourierEmbedding(ParameterScope scope, int frequencies, double deviation) =>
        _weight = scope.DeclareUntrained("weight", ParameterLayout.Plain, Initialization.Normal(deviation), frequencies);

    /// <summary>The embedding of N times, N×2F: sines before cosines.</summary>
    /// <exception cref="ArgumentException">A time is not above 0.</exception>
    public Tensor Of(ReadOnlySpan<float> times, Device device)
    {
        int frequencies = _weight.Shape.Count;
        Shape shape = Shape.Of(times.Length, 2 * frequencies);
        using PooledFloats host = new(shape.Count), weights = new(frequencies);
        _weight.Value.CopyTo(weights.Span);
        for (int n = 0; n < times.Length; n++)
        {
            if (!(times[n] > 0)) throw new ArgumentException($"Time {times[n]} at position {n}: a Fourier embedding takes its logarithm; it must be above 0.");
            float logarithm = MathF.Log(times[n]);
            Span<float> row = host.Span.Slice(2 * n * frequencies, 2 * frequencies);
            for (int i = 0; i < frequencies; i++)
            {
                (double sine, double cosine) = Math.SinCos((double)logarithm * weights.Span[i] * 2 * Math.PI);
                (row[i], row[frequencies + i]) = ((float)sine, (float)cosine);
            }
        }
        return Tensor.From(host.Span, shape, device);
    }
}
