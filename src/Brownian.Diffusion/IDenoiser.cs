using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// What samplers ask: which image and which noise make up x_t? They do not know what the network predicts; guidance composes
/// several answers into one.
/// </summary>
public interface IDenoiser
{
    /// <summary>The noise levels that the network was trained with.</summary>
    INoiseProcess Process { get; }

    /// <summary>Where tensors live.</summary>
    Device Device { get; }

    /// <summary>N×H×W×C for a number of images.</summary>
    Shape Images(int count);

    /// <summary>Splits x_t, N×H×W×C, into its image and its noise.</summary>
    /// <param name="x">x_t = α·x_0 + σ·ε: N images at the same level, in the level's coordinates.</param>
    /// <param name="level">α, σ and what the network is told about them.</param>
    Prediction Predict(Tensor x, NoiseLevel level);

    /// <summary>Whether what it says depends on the x̂_0 that it said last: <see cref="SelfConditioning"/>.</summary>
    bool SeesEstimates => false;

    /// <summary>The same with the last x̂_0, for those that see it.</summary>
    /// <param name="x">N images at the same level, in the level's coordinates.</param>
    /// <param name="level">α, σ and what the network is told about them.</param>
    /// <param name="estimate"><see cref="SelfConditioning.Estimate"/> of what was said last, N×H×W×C; null for none yet.</param>
    Prediction Predict(Tensor x, NoiseLevel level, Tensor? estimate) => Predict(x, level);
}

/// <summary>The parts of x_t = α·X0 + σ·Eps as a network sees them, each N×H×W×C.</summary>
/// <param name="X0">x̂_0, unlimited (Ho et al. 2020, eq. 15).</param>
/// <param name="Eps">ε̂.</param>
/// <param name="Variance">The second half of the channels of a network that also predicts the reverse variance; null of others.</param>
public readonly record struct Prediction(Tensor X0, Tensor Eps, Tensor? Variance = null);
