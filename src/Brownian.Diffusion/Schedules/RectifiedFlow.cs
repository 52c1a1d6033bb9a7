namespace Brownian;

/// <summary>
/// x_t = (1 − t)·x_0 + t·ε for t in [0, 1]: the straight path between an image and noise (Liu et al. 2022, rectified flow; Lipman et
/// al. 2022, flow matching, eq. 20 with σ_min = 0). Both papers run time from noise at 0 to data at 1; here, as in diffusers and in Esser
/// et al. 2024, t = 1 is noise, so that time falls while sampling as it does everywhere else. The network is told 1000·t.
/// </summary>
public sealed record RectifiedFlow : INoiseProcess
{
    /// <summary>
    /// s: sampling times are moved towards noise, t → s·t/(1 + (s − 1)·t), which larger images need (Esser et al. 2024, eq. 23). Above 0;
    /// 1 leaves them even.
    /// </summary>
    public double Shift { get; init; } = 1;

    /// <inheritdoc/>
    public int Timesteps => 1000;

    /// <summary>The level at a time.</summary>
    /// <param name="time">t, from 0, the image, to 1, noise.</param>
    /// <exception cref="ArgumentException">The time is out of range.</exception>
    public static NoiseLevel AtTime(double time) => time is >= 0 and <= 1
        ? new(1 - time, time, 1000 * time)
        : throw new ArgumentException($"Time {time} of a rectified flow is outside 0 (image) to 1 (noise).");

    /// <inheritdoc/>
    public NoiseLevel At(double timestep) => AtTime(timestep / 1000);

    /// <inheritdoc/>
    public NoiseLevel AtRatio(double ratio) => AtTime(double.IsInfinity(ratio) ? 1 : ratio / (1 + ratio));

    /// <inheritdoc/>
    public NoiseLevel AtShare(double share) => AtTime(share);

    /// <inheritdoc/>
    public NoiseLevel Straight(NoiseLevel level) => level.Scaled(1 / (level.Alpha + level.Sigma));

    /// <summary>s·t/(1 + (s − 1)·t) of every time. With s = e^μ these are the shifts by resolution of Flux.</summary>
    /// <param name="times">t, in [0, 1].</param>
    /// <param name="shift">s, above 0.</param>
    /// <exception cref="ArgumentException">The shift is not positive.</exception>
    public static double[] Shifted(IEnumerable<double> times, double shift) => shift > 0
        ? [.. times.Select(t => shift * t / (1 + (shift - 1) * t))]
        : throw new ArgumentException($"Times cannot be shifted by {shift}; use a factor above 0, where 1 changes nothing.");

    /// <inheritdoc/>
    public IReadOnlyList<NoiseLevel> Levels(LevelSelection selection)
    {
        ArgumentNullException.ThrowIfNull(selection);
        if (selection.Explicit is not null) return selection.CheckedExplicit();
        if (selection.Timesteps is { Custom: not null } or { Count: null })
            throw new ArgumentException("A rectified flow has no timesteps to list; give a number of steps, such as 50.");
        if (selection.Curve != SigmaCurve.Native)
            throw new ArgumentException($"A rectified flow starts at sigma/alpha = infinity, where the curve {selection.Curve} cannot; use Native.");
        int count = selection.Timesteps.Count.Value;
        if (count < 1) throw new ArgumentException($"A sampler needs at least 1 step, not {count}.");
        double last = selection.SmallestTime ?? 1.0 / count;
        if (last is not (> 0 and <= 1)) throw new ArgumentException($"The smallest time is {last}; it must be above 0 and at most 1, such as 0.001.");
        IEnumerable<double> times = Enumerable.Range(0, count).Select(i => TimeOf(i));
        return [.. Shifted(times.Append(0), Shift).Select(AtTime)];

        double TimeOf(int i) => selection.SmallestTime is null ? (count - i) / (double)count : count == 1 ? 1 : 1 + i / (count - 1.0) * (last - 1);
    }
}
