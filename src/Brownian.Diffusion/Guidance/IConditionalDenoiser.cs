using Brownian.Tensors;

namespace Brownian;

/// <summary>A denoiser that can be told what is in each image: the seam that classifier-free guidance is built on.</summary>
public interface IConditionalDenoiser : IDenoiser
{
    /// <summary>The number of classes a label may be of, the one that stands for "any image" included; 0 for an unconditional network.</summary>
    int Classes { get; }

    /// <summary>Splits x_t, N×H×W×C, into its image and its noise, given what the images are of.</summary>
    /// <param name="x">x_t: N images at the same level, in the level's coordinates.</param>
    /// <param name="level">α, σ and what the network is told about them.</param>
    /// <param name="labels">The class of each of the N images.</param>
    Prediction Predict(Tensor x, NoiseLevel level, ReadOnlySpan<int> labels);

    /// <summary>The same with the last x̂_0, for those that see it.</summary>
    /// <param name="x">x_t: N images at the same level, in the level's coordinates.</param>
    /// <param name="level">α, σ and what the network is told about them.</param>
    /// <param name="labels">The class of each of the N images.</param>
    /// <param name="estimate"><see cref="SelfConditioning.Estimate"/> of what was said last, N×H×W×C; null for none yet.</param>
    Prediction Predict(Tensor x, NoiseLevel level, ReadOnlySpan<int> labels, Tensor? estimate) => Predict(x, level, labels);
}
