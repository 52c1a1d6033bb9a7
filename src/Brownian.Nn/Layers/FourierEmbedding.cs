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
    public Tensor Of(ReadOnlySpan<float> times, Device device) => new FourierFeatures(_weight.Value.ToArray()).Of(times, device);
}

/// <summary>Sines and cosines of 2π·w·ln t, sines first.</summary>
/// <param name="Weights">w.</param>
public sealed record FourierFeatures(IReadOnlyList<float> Weights) : HostFeatures(2 * Weights.Count)
{
    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<float> of, Span<float> rows)
    {
        for (int n = 0; n < of.Length; n++)
        {
            if (!(of[n] > 0)) throw new ArgumentException($"Time {of[n]} at position {n}: a Fourier embedding takes its logarithm; it must be above 0.");
            float logarithm = MathF.Log(of[n]);
            Span<float> row = rows.Slice(n * Count, Count);
            for (int i = 0; i < Weights.Count; i++)
            {
                (double sine, double cosine) = Math.SinCos((double)logarithm * Weights[i] * 2 * Math.PI);
                (row[i], row[Weights.Count + i]) = ((float)sine, (float)cosine);
            }
        }
    }
}
