using Brownian.Tensors;

namespace Brownian.Diffusion;

/// <summary>q(x_t | x_0): images become noise.</summary>
public static class ForwardProcess
{
    /// <summary>x_t = √ᾱ_t·x_0 + √(1 − ᾱ_t)·ε (Ho et al. 2020, eq. 4), with a timestep of its own for each image.</summary>
    /// <param name="schedule">Where ᾱ comes from.</param>
    /// <param name="x0">Images, N×H×W×C, in [−1, 1].</param>
    /// <param name="timesteps">t of each of the N images.</param>
    /// <param name="noise">ε, standard normal, shaped as <paramref name="x0"/>.</param>
    /// <exception cref="ArgumentException">Shapes or counts differ, or a timestep is out of range.</exception>
    public static Tensor AddNoise(this NoiseSchedule schedule, Tensor x0, ReadOnlySpan<int> timesteps, Tensor noise) =>
        MixPerImage(schedule.LevelsOf(timesteps), level => new Mix(level.Alpha, level.Sigma), x0, noise);

    /// <summary>What the network should answer for x_t: the parameterisation's mix of (x_0, ε), N×H×W×C.</summary>
    /// <param name="schedule">Where ᾱ comes from.</param>
    /// <param name="predicts">What the network predicts.</param>
    /// <param name="x0">Images, N×H×W×C.</param>
    /// <param name="timesteps">t of each of the N images.</param>
    /// <param name="noise">ε, shaped as <paramref name="x0"/>.</param>
    /// <exception cref="ArgumentException">Shapes or counts differ, or a timestep is out of range.</exception>
    public static Tensor TargetOf(
        this NoiseSchedule schedule, Parameterization predicts, Tensor x0, ReadOnlySpan<int> timesteps, Tensor noise) =>
        MixPerImage(schedule.LevelsOf(timesteps), predicts.Target, x0, noise);

    /// <summary>A combination of x_0 and ε, N×H×W×C, with weights that depend on each image's level.</summary>
    internal static Tensor MixPerImage(ReadOnlySpan<NoiseLevel> levels, Func<NoiseLevel, Mix> mixAt, Tensor x0, Tensor noise)
    {
        float[] first = new float[levels.Length], second = new float[levels.Length];
        for (int n = 0; n < levels.Length; n++)
        {
            Mix mix = mixAt(levels[n]);
            (first[n], second[n]) = ((float)mix.First, (float)mix.Second);
        }
        return TensorOps.MixPerSample(first, x0, second, noise);
    }

    static NoiseLevel[] LevelsOf(this NoiseSchedule schedule, ReadOnlySpan<int> timesteps)
    {
        NoiseLevel[] levels = new NoiseLevel[timesteps.Length];
        for (int n = 0; n < levels.Length; n++) levels[n] = schedule.At(timesteps[n]);
        return levels;
    }
}
