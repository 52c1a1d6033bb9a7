namespace Brownian.Tensors.Reference;

/// <summary>What repeats rows or sums them, in double.</summary>
static class ReferenceReductions
{
    /// <summary>x N×…×C plus v, which is C or N×C: one row for all positions, or one for the positions of each sample.</summary>
    public static double[] AddRows(double[] x, Shape xShape, double[] v, Shape vShape)
    {
        int channels = xShape.Channels, perSample = x.Length / xShape[0];
        double[] y = new double[x.Length];
        for (int i = 0; i < y.Length; i++)
        {
            int row = vShape.Rank == 2 ? i / perSample : 0;
            y[i] = x[i] + v[row * channels + i % channels];
        }
        return y;
    }

    public static double Sum(double[] x)
    {
        double sum = 0;
        foreach (double v in x) sum += v;
        return sum;
    }

    public static double SumOfSquares(double[] x)
    {
        double sum = 0;
        foreach (double v in x) sum += v * v;
        return sum;
    }
}
