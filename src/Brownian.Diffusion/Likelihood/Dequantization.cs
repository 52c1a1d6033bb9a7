using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// Gray values as numbers of a continuum (Theis et al. 2016, §3.1): the probability of a value is the integral of the density over the
/// interval between it and its neighbours, and log ∫ p ≥ the mean of log p there plus the logarithm of the interval's width.
/// </summary>
public static class Dequantization
{
    /// <summary>The distance of neighbouring values in [−1, 1]: 1/127.5 at 8 bits.</summary>
    /// <param name="bitDepth">Bits of a sample, 8 or 16.</param>
    public static double Width(int bitDepth) => 2.0 / ((1L << bitDepth) - 1);

    /// <summary>Moves each number to a uniformly drawn place of its interval.</summary>
    /// <param name="values">Values of so many bits, in [−1, 1].</param>
    /// <param name="bitDepth">Bits of a sample, 8 or 16.</param>
    /// <param name="random">Its element i decides for number i.</param>
    public static void Spread(Span<float> values, int bitDepth, Philox random)
    {
        double width = Width(bitDepth);
        float[] places = new float[values.Length];
        random.Uniform(places);
        for (int i = 0; i < values.Length; i++) values[i] = (float)(values[i] + width * (places[i] - 0.5));
    }
}
