namespace Brownian.Diffusion;

/// <summary>
/// How much signal and noise x_t holds: x_t = Alpha·x_0 + Sigma·ε with Alpha = √ᾱ_t and Sigma = √(1 − ᾱ_t), so that
/// Alpha² + Sigma² = 1 (Ho et al. 2020, eq. 4).
/// </summary>
/// <param name="Alpha">√ᾱ_t, in [0, 1]: the scale of the signal.</param>
/// <param name="Sigma">√(1 − ᾱ_t), in [0, 1]: the standard deviation of the noise.</param>
public readonly record struct NoiseLevel(double Alpha, double Sigma);
