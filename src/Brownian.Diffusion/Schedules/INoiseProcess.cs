namespace Brownian;

/// <summary>How images become noise.</summary>
public enum ProcessKind
{
    /// <summary>A schedule of T timesteps (Ho et al. 2020).</summary>
    Ddpm,

    /// <summary>Straight paths between images and noise: rectified flow, flow matching (Liu et al. 2022; Lipman et al. 2022).</summary>
    Flow,

    /// <summary>Noise of any deviation added to images (Karras et al. 2022).</summary>
    Edm,
}

/// <summary>
/// The noise levels that a network was trained with: <see cref="NoiseSchedule"/> (Ho et al. 2020), <see cref="VarianceExploding"/>
/// (Karras et al. 2022) or <see cref="RectifiedFlow"/> (Liu et al. 2022).
/// </summary>
public interface INoiseProcess
{
    /// <summary>T: timesteps count from 0 to T − 1. Continuous processes are divided into as many parts for statistics.</summary>
    int Timesteps { get; }

    /// <summary>The level that the network knows by this timestep.</summary>
    /// <exception cref="ArgumentException">The process has no such timestep.</exception>
    NoiseLevel At(double timestep);

    /// <summary>The level where the noise is so many times the signal: σ/α.</summary>
    /// <param name="ratio">At least 0.</param>
    NoiseLevel AtRatio(double ratio);

    /// <summary>The level of a uniform share of the times: what training draws from.</summary>
    /// <param name="share">From 0, the image, to 1, noise.</param>
    /// <exception cref="ArgumentException">The process has no uniform measure of time.</exception>
    NoiseLevel AtShare(double share);

    /// <summary>
    /// The level in those coordinates where the probability-flow ODE runs straightest, which are those to take Euler's and Heun's steps
    /// in (Karras et al. 2022, §3).
    /// </summary>
    NoiseLevel Straight(NoiseLevel level);

    /// <summary>The levels for a sampler to visit, from noise to image: one more than there are steps.</summary>
    /// <exception cref="ArgumentException">The selection asks for what this process does not have.</exception>
    IReadOnlyList<NoiseLevel> Levels(LevelSelection selection);
}
