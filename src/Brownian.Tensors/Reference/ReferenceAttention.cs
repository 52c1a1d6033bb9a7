namespace Brownian.Tensors.Reference;

/// <summary>Multi-head attention (Vaswani et al. 2017, eq. 1) in double, one row of the L×L matrix at a time.</summary>
static class ReferenceAttention
{
    /// <summary>softmax(q·kᵀ/√d)·v for every head; packed is N×L×3C with each position's query, key and value in turn; the result N×L×C.</summary>
    public static double[] Run(double[] packed, int samples, int length, int heads, int headChannels)
    {
        int channels = heads * headChannels;
        double[] y = new double[samples * length * channels];
        double[] weights = new double[length];
        for (int n = 0; n < samples; n++)
            for (int h = 0; h < heads; h++)
                for (int i = 0; i < length; i++)
                {
                    int row = n * length, q = (row + i) * 3 * channels + h * headChannels;
                    for (int j = 0; j < length; j++)
                    {
                        int k = (row + j) * 3 * channels + channels + h * headChannels;
                        weights[j] = 0;
                        for (int d = 0; d < headChannels; d++) weights[j] += packed[q + d] * packed[k + d];
                        weights[j] /= Math.Sqrt(headChannels);
                    }
                    Softmax(weights);
                    for (int j = 0; j < length; j++)
                    {
                        int v = (row + j) * 3 * channels + 2 * channels + h * headChannels;
                        for (int d = 0; d < headChannels; d++)
                            y[(row + i) * channels + h * headChannels + d] += weights[j] * packed[v + d];
                    }
                }
        return y;
    }

    /// <summary>e^{x_j} / Σ e^{x_k}, with the largest subtracted so that nothing overflows.</summary>
    static void Softmax(double[] x)
    {
        double largest = x.Max(), sum = 0;
        for (int j = 0; j < x.Length; j++) sum += x[j] = Math.Exp(x[j] - largest);
        for (int j = 0; j < x.Length; j++) x[j] /= sum;
    }
}
