namespace Brownian;

/// <summary>The beta distribution with two equal parameters a, over [0, 1].</summary>
static class SymmetricBeta
{
    /// <summary>The x below which a share p of the distribution lies.</summary>
    public static double Quantile(double p, double a)
    {
        if (p is 0 or 1) return p;
        if (p > 0.5) return 1 - Quantile(1 - p, a);
        double low = 0, high = 0.5, half = Unnormalised(0.5, a);
        while (true)
        {
            double middle = (low + high) / 2;
            if (middle == low || middle == high) return middle;
            if (Unnormalised(middle, a) / (2 * half) < p) low = middle;
            else high = middle;
        }
    }

    // ∫₀ˣ (u(1−u))^{a−1} du = (x(1−x))^a/a · F(2a, 1; a+1; x), DLMF 8.17.8; for x ≤ ½ the terms of F soon shrink by half or more.
    static double Unnormalised(double x, double a)
    {
        double term = 1, sum = 1;
        for (int n = 0; term > 1e-17 * sum; n++)
        {
            term *= (2 * a + n) / (a + 1 + n) * x;
            sum += term;
        }
        return Math.Pow(x * (1 - x), a) / a * sum;
    }
}
