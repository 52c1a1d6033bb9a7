namespace Brownian.Nn;

/// <summary>
/// How much each moment of a training counts in an average whose width is a share of the time so far (Karras et al. 2024, "Analyzing and
/// Improving the Training Dynamics of Diffusion Models", section 3.1): p(τ) = (γ + 1)·τ^γ / t^(γ + 1) for 0 ≤ τ ≤ t, whose integral is 1.
/// </summary>
/// <param name="Step">t, the steps trained when the average is looked at; above 0.</param>
/// <param name="Exponent">γ, at least 0.</param>
public readonly record struct PowerProfile(double Step, double Exponent)
{
    /// <summary>The range of σ_rel: narrower is one step or two of a short training, and wider than the mean of all steps there is none.</summary>
    public const double LeastWidth = 0.001, MostWidth = 0.288;

    /// <summary>σ_rel, the standard deviation of the profile as a share of t: √(γ + 1) / ((γ + 2)·√(γ + 3)).</summary>
    public static double WidthOf(double exponent) => Math.Sqrt(exponent + 1) / ((exponent + 2) * Math.Sqrt(exponent + 3));

    /// <summary>γ of a width: the largest root of γ³ + 7γ² + (16 − σ⁻²)·γ + 12 − σ⁻².</summary>
    /// <param name="width">σ_rel, <see cref="LeastWidth"/> to <see cref="MostWidth"/>.</param>
    /// <exception cref="ArgumentException">It is out of range.</exception>
    public static double ExponentOf(double width)
    {
        if (width is not (>= LeastWidth and <= MostWidth)) throw new ArgumentException($"A width of {width}; it must be {LeastWidth} to {MostWidth}.");
        double t = 1 / (width * width), exponent = 1 / width;
        // The cubic is positive and convex from 1/σ down to its largest root, where Newton's method therefore ends.
        for (double last = double.PositiveInfinity; exponent < last;)
        {
            last = exponent;
            double value = ((exponent + 7) * exponent + 16 - t) * exponent + 12 - t, slope = (3 * exponent + 14) * exponent + 16 - t;
            exponent -= value / slope;
        }
        return exponent;
    }

    /// <summary>
    /// β_t = (1 − 1/t)^(γ + 1): with average = β_t·average + (1 − β_t)·weights after each step, step s counts in the average after step t as
    /// much as the integral of the profile from s − 1 to s. β_1 is 0, so that nothing is left of the initial weights.
    /// </summary>
    /// <param name="exponent">γ.</param>
    /// <param name="step">t, from 1.</param>
    public static double DecayAt(double exponent, long step) => Math.Pow(1 - 1.0 / step, exponent + 1);

    /// <summary>∫ p(τ)·q(τ) dτ of this profile and another, in which only the time counts that both have seen (appendix C).</summary>
    public double Dot(PowerProfile other)
    {
        (double a, double b, double both) = (Exponent, other.Exponent, Math.Min(Step, other.Step));
        // With the powers of t as shares of the common time: alone they would overflow.
        return (a + 1) * (b + 1) / (a + b + 1) * Math.Pow(both / Step, a + 1) * Math.Pow(both / other.Step, b + 1) / both;
    }
}
