namespace Brownian;

/// <summary>How the noise-to-signal ratios σ/α of a sampler's steps fall from the largest to the smallest.</summary>
public enum SigmaCurve
{
    /// <summary>Those of evenly spread timesteps; for <see cref="VarianceExploding"/>, <see cref="Karras"/>.</summary>
    Native,

    /// <summary>σ^(1/ρ) in equal steps (Karras et al. 2022, eq. 5).</summary>
    Karras,

    /// <summary>log σ in equal steps, hence also λ: Lu et al. 2022's choice.</summary>
    Exponential,

    /// <summary>A power ρ of log σ's share in equal steps: k-diffusion's polyexponential. At ρ = 1 it is <see cref="Exponential"/>.</summary>
    Polyexponential,

    /// <summary>Quantiles of a symmetric beta distribution of parameter 0.6: dense at both ends (Lee et al. 2024).</summary>
    Beta,
}

/// <summary>Formulas of <see cref="SigmaCurve"/>: n values of σ, descending, the largest and the smallest included.</summary>
public static class SigmaCurves
{
    /// <summary>(σ_max^{1/ρ} + i/(n−1)·(σ_min^{1/ρ} − σ_max^{1/ρ}))^ρ (Karras et al. 2022, eq. 5).</summary>
    /// <param name="count">n, at least 1.</param>
    /// <param name="largest">σ_max.</param>
    /// <param name="smallest">σ_min, above 0.</param>
    /// <param name="rho">ρ: 7 for images; larger values put more steps at low noise.</param>
    public static double[] Karras(int count, double largest, double smallest, double rho = 7)
    {
        double first = Math.Pow(largest, 1 / rho), last = Math.Pow(smallest, 1 / rho);
        return Ramp(count, u => Math.Pow(first + u * (last - first), rho));
    }

    /// <summary>log σ in equal steps.</summary>
    /// <inheritdoc cref="Karras"/>
    public static double[] Exponential(int count, double largest, double smallest) =>
        Ramp(count, u => Math.Exp(Math.Log(largest) + u * (Math.Log(smallest) - Math.Log(largest))));

    /// <summary>exp((1 − i/(n−1))^ρ·(ln σ_max − ln σ_min) + ln σ_min), as k-diffusion's <c>get_sigmas_polyexponential</c>.</summary>
    /// <inheritdoc cref="Karras"/>
    public static double[] Polyexponential(int count, double largest, double smallest, double rho = 1) =>
        Ramp(count, u => Math.Exp(Math.Pow(1 - u, rho) * (Math.Log(largest) - Math.Log(smallest)) + Math.Log(smallest)));

    /// <summary>σ_min + (σ_max − σ_min)·F⁻¹(1 − u) for the distribution function F of Beta(0.6, 0.6) (Lee et al. 2024, arXiv:2407.12173).</summary>
    /// <inheritdoc cref="Karras"/>
    public static double[] Beta(int count, double largest, double smallest) =>
        Ramp(count, u => smallest + (largest - smallest) * SymmetricBeta.Quantile(1 - u, 0.6));

    internal static double[] Of(SigmaCurve curve, int count, double largest, double smallest, double? rho) => curve switch
    {
        SigmaCurve.Exponential => Exponential(count, largest, smallest),
        SigmaCurve.Polyexponential => Polyexponential(count, largest, smallest, rho ?? 1),
        SigmaCurve.Beta => Beta(count, largest, smallest),
        _ => Karras(count, largest, smallest, rho ?? 7),
    };

    static double[] Ramp(int count, Func<double, double> sigmaAt)
    {
        if (count < 1) throw new ArgumentException($"A sampler needs at least 1 step, not {count}.");
        double[] sigmas = new double[count];
        for (int i = 0; i < count; i++) sigmas[i] = sigmaAt(count == 1 ? 0 : i / (count - 1.0));
        return sigmas;
    }
}
