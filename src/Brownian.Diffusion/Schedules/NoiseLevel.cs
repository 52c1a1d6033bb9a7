namespace Brownian;

/// <summary>
/// How much signal and noise x_t holds: x_t = Alpha·x_0 + Sigma·ε. Only the ratio is a property of the noise level; the scale is a choice
/// of coordinates: Alpha² + Sigma² = 1 keeps the variance of images (Ho et al. 2020, eq. 4), Alpha = 1 keeps the image itself
/// (Karras et al. 2022), Alpha + Sigma = 1 interpolates (Liu et al. 2022).
/// </summary>
/// <param name="Alpha">The scale of the signal, at least 0: √ᾱ_t of Ho et al.</param>
/// <param name="Sigma">The standard deviation of the noise, at least 0: √(1 − ᾱ_t) of Ho et al.</param>
/// <param name="Timestep">What the network is told; it may lie between two timesteps that it was trained with.</param>
public readonly record struct NoiseLevel(double Alpha, double Sigma, double Timestep)
{
    /// <summary>No noise: the image.</summary>
    public static NoiseLevel Clean => new(1, 0, 0);

    /// <summary>α² + σ²: the variance of x_t for images of variance 1.</summary>
    public double Power => Alpha * Alpha + Sigma * Sigma;

    /// <summary>σ/α, which Karras et al. 2022 call σ; infinite where there is no signal.</summary>
    public double Ratio => Sigma / Alpha;

    /// <summary>λ = ln(α/σ), half the logarithm of the signal-to-noise ratio (Lu et al. 2022, DPM-Solver); infinite at both ends.</summary>
    public double Lambda => Math.Log(Alpha) - Math.Log(Sigma);

    /// <summary>α²/σ².</summary>
    public double SignalToNoise => Alpha * Alpha / (Sigma * Sigma);

    /// <summary>The same level in coordinates multiplied by a factor.</summary>
    public NoiseLevel Scaled(double factor) => this with { Alpha = Alpha * factor, Sigma = Sigma * factor };

    /// <summary>The same level with the image at its own scale: α = 1, σ the <see cref="Ratio"/>.</summary>
    public NoiseLevel UnitSignal => this with { Alpha = 1, Sigma = Ratio };
}
