using Brownian.IO;

namespace Brownian;

// The schedule seen as a continuum of noise-to-signal ratios σ/α, which solvers of ordinary differential equations walk along.
public sealed partial class NoiseSchedule
{
    // ᾱ = 2⁻²⁴ stands in for 0, as in diffusers: solvers that divide by α can start from a schedule of zero terminal SNR.
    const double SmallestAlphaBar = 1.0 / (1 << 24);

    /// <inheritdoc/>
    public NoiseLevel At(double timestep)
    {
        int below = (int)Math.Floor(timestep);
        if (below == timestep) return At(below);
        return OfRatio(RatioAt(timestep), timestep);
    }

    /// <inheritdoc/>
    /// <remarks>The timestep is interpolated in log σ, as k-diffusion and diffusers do.</remarks>
    public NoiseLevel AtRatio(double ratio) => ratio == 0 ? NoiseLevel.Clean : OfRatio(ratio, TimestepOf(ratio));

    /// <inheritdoc/>
    public NoiseLevel AtShare(double share) => At(Math.Clamp((int)(share * Timesteps), 0, Timesteps - 1));

    /// <inheritdoc/>
    public NoiseLevel Straight(NoiseLevel level) => level with { Alpha = 1, Sigma = level.Alpha == 0 ? RatioOf(0) : level.Ratio };

    /// <inheritdoc/>
    public IReadOnlyList<NoiseLevel> Levels(LevelSelection selection)
    {
        ArgumentNullException.ThrowIfNull(selection);
        if (selection.Explicit is not null) return selection.CheckedExplicit();
        double[] times = selection.Timesteps.Times(TimestepsAbove(selection.SmallestLambda));
        bool within = selection.CurveWithinTimesteps;
        List<NoiseLevel> levels = selection.Curve == SigmaCurve.Native
            ? [.. times.Select(At)]
            : [.. SigmaCurves.Of(
                    selection.Curve, times.Length, RatioAt(within ? times[0] : Timesteps - 1), RatioAt(within ? times[^1] : 0), selection.Rho)
                .Select(sigma => OfRatio(sigma, selection.Rounded(TimestepOf(sigma))))];
        levels.Add(selection.Final == FinalSigma.SigmaMin ? At(0) : NoiseLevel.Clean);
        return levels;
    }

    int TimestepsAbove(double? lambda)
    {
        if (lambda is null) return Timesteps;
        int count = _alphasCumprod.Count(alphaBar => Math.Log(alphaBar / (1 - alphaBar)) / 2 >= lambda);
        return count > 0 ? count : throw new ArgumentException(
            $"SmallestLambda {lambda} leaves none of the {Counted.Of(Timesteps, "timestep")}; the largest lambda of this schedule is {At(0).Lambda:g4}.");
    }

    double TimestepOf(double ratio)
    {
        if (Timesteps == 1) return 0;
        double log = Math.Log(Math.Max(ratio, 1e-10));
        int low = 0, high = Timesteps - 1;
        while (high - low > 1)
        {
            int middle = (low + high) / 2;
            if (Math.Log(RatioAt(middle)) <= log) low = middle;
            else high = middle;
        }
        double below = Math.Log(RatioAt(low)), above = Math.Log(RatioAt(high));
        return low + Math.Clamp((log - below) / (above - below), 0, 1);
    }

    double RatioAt(int timestep) => RatioOf(AlphaBar(timestep));

    double RatioAt(double timestep)
    {
        int below = (int)Math.Floor(timestep);
        double ratio = RatioAt(below);
        return below == timestep ? ratio : ratio + (timestep - below) * (RatioAt(below + 1) - ratio);
    }

    static double RatioOf(double alphaBar)
    {
        alphaBar = Math.Max(alphaBar, SmallestAlphaBar);
        return Math.Sqrt((1 - alphaBar) / alphaBar);
    }

    static NoiseLevel OfRatio(double ratio, double timestep)
    {
        double alpha = 1 / Math.Sqrt(1 + ratio * ratio);
        return new(alpha, ratio * alpha, timestep);
    }
}
