using Brownian.Diffusion;

namespace Brownian.Training;

/// <summary>Noise levels in the coordinates that pictures show.</summary>
static class DisplayedLevel
{
    /// <summary>α² + σ² = 1, which keeps x_t about as bright as an image in all processes; x_0 + 80·ε would be black and white.</summary>
    public static NoiseLevel ForDisplay(this NoiseLevel level) => level.Scaled(level.DisplayScale());

    /// <summary>What x_t in the level's own coordinates is to be multiplied by.</summary>
    public static double DisplayScale(this NoiseLevel level) => 1 / Math.Sqrt(level.Power);
}
