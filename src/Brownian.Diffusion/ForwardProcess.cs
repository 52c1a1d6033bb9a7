using Brownian.Tensors;

namespace Brownian;

/// <summary>q(x_t | x_0): images become noise.</summary>
public static class ForwardProcess
{
    /// <summary>
    /// A combination of x_0 and ε, N×H×W×C, with weights that depend on each image's level: (α, σ) gives x_t = √ᾱ_t·x_0 + √(1 − ᾱ_t)·ε (Ho et
    /// al. 2020, eq. 4), and <see cref="Parameterization.Target"/> what the network should answer.
    /// </summary>
    /// <param name="levels">The noise level of each of the N images.</param>
    /// <param name="mixAt">The weights of x_0 and ε at a level.</param>
    /// <param name="x0">Images, N×H×W×C, in [−1, 1].</param>
    /// <param name="noise">ε, standard normal, shaped as <paramref name="x0"/>.</param>
    /// <exception cref="ArgumentException">Shapes or counts differ.</exception>
    public static Tensor MixPerImage(ReadOnlySpan<NoiseLevel> levels, Func<NoiseLevel, Mix> mixAt, Tensor x0, Tensor noise)
    {
        ArgumentNullException.ThrowIfNull(mixAt);
        float[] first = new float[levels.Length], second = new float[levels.Length];
        for (int n = 0; n < levels.Length; n++)
        {
            Mix mix = mixAt(levels[n]);
            (first[n], second[n]) = ((float)mix.First, (float)mix.Second);
        }
        return TensorOps.MixPerSample(first, x0, second, noise);
    }
}
