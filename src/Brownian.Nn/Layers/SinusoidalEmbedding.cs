using Brownian.Tensors;

namespace Brownian.Nn;

/// <summary>
/// Timesteps as sines and cosines of geometrically spaced frequencies (Vaswani et al. 2017, section 3.5): 10000^(−i/(half − shift))
/// for i from 0 to half − 1, half = dimension/2. Codebases differ in order, shift and rounding, and a network only understands its own.
/// </summary>
/// <param name="Dimension">Features per timestep, at least 2; an odd one ends with a zero.</param>
public sealed record SinusoidalEmbedding(int Dimension) : HostFeatures(Dimension)
{
    /// <summary>Cosines before sines (diffusers' <c>flip_sin_to_cos</c>).</summary>
    public bool CosineFirst { get; init; }

    /// <summary>Subtracted from half in the exponent's divisor (diffusers' <c>freq_shift</c>): 0, or 1 as Ho et al. 2020 do.</summary>
    public float FrequencyShift { get; init; }

    /// <summary>
    /// Divide t by 10000^(i/half), as DDPM-Pytorch does, instead of multiplying by the exponential of −ln(10000)·i/half. In
    /// float32 the two differ by up to 6e-5 at t near 1000, so trained weights want the one they were trained with.
    /// </summary>
    public bool Divide { get; init; }

    /// <summary>What timesteps are multiplied by, or with <see cref="Divide"/> divided by: one number for each pair of a sine and a cosine.</summary>
    public IReadOnlyList<float> Frequencies => [.. Enumerable.Range(0, Dimension / 2).Select(i => Frequency(i, Dimension / 2))];

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<float> of, Span<float> rows)
    {
        int half = Dimension / 2;
        if (Dimension % 2 != 0) rows.Clear();
        for (int i = 0; i < half; i++)
        {
            float frequency = Frequency(i, half);
            for (int n = 0; n < of.Length; n++)
            {
                float angle = Divide ? of[n] / frequency : of[n] * frequency;
                (double sine, double cosine) = Math.SinCos(angle);
                int row = n * Dimension;
                rows[row + i] = (float)(CosineFirst ? cosine : sine);
                rows[row + half + i] = (float)(CosineFirst ? sine : cosine);
            }
        }
    }

    // Rounded to float32 after every step, as the reference implementations are: the angle t·frequency magnifies each rounding.
    float Frequency(int i, int half)
    {
        if (Divide) return (float)Math.Pow(10000, i / (half - FrequencyShift));
        float exponent = -(float)Math.Log(10000) * i;
        return (float)Math.Exp(exponent / (half - FrequencyShift));
    }
}
