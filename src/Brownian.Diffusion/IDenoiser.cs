using Brownian.Tensors;

namespace Brownian.Diffusion;

/// <summary>
/// What samplers ask: which image and which noise make up x_t? They do not know what the network predicts; guidance composes
/// several denoisers into one.
/// </summary>
public interface IDenoiser
{
    /// <summary>The schedule the network was trained with.</summary>
    NoiseSchedule Schedule { get; }

    /// <summary>Where tensors live.</summary>
    Device Device { get; }

    /// <summary>N×H×W×C for a number of images.</summary>
    Shape Images(int count);

    /// <summary>Splits x_t, N×H×W×C, into its image and its noise.</summary>
    /// <param name="x">x_t: N images at the same timestep.</param>
    /// <param name="timestep">t, from 0 to T − 1.</param>
    Prediction Predict(Tensor x, int timestep);
}

/// <summary>The parts of x_t = √ᾱ_t·X0 + √(1 − ᾱ_t)·Eps as a network sees them, each N×H×W×C.</summary>
/// <param name="X0">x̂_0, unlimited (Ho et al. 2020, eq. 15).</param>
/// <param name="Eps">ε̂.</param>
/// <param name="Variance">v, in [−1, 1], of a network that also predicts the reverse variance; null of others.</param>
public readonly record struct Prediction(Tensor X0, Tensor Eps, Tensor? Variance = null);
