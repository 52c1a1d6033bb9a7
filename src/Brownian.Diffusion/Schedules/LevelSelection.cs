namespace Brownian;

/// <summary>What a network is told about a noise level that lies between two of its timesteps.</summary>
public enum TimestepRounding
{
    /// <summary>The fraction itself: networks that embed time by sines take it.</summary>
    None,

    /// <summary>The nearest timestep.</summary>
    Nearest,

    /// <summary>The timestep below: what diffusers does with exponential and beta curves.</summary>
    Down,
}

/// <summary>Where the last step leads. The names are diffusers'.</summary>
public enum FinalSigma
{
    /// <summary>The image.</summary>
    Zero,

    /// <summary>The smallest noise that the network was trained with: for solvers whose formulas have no meaning at σ = 0.</summary>
    SigmaMin,
}

/// <summary>The noise levels that a sampler visits.</summary>
public sealed record LevelSelection
{
    /// <summary>The number of steps, and for a schedule of timesteps how they are spread.</summary>
    public TimestepSelection Timesteps { get; init; } = new() { Count = 50, Spacing = TimestepSpacing.Linspace, Fractional = true };

    /// <summary>How σ/α falls. Anything but <see cref="SigmaCurve.Native"/> goes through the process's whole range of σ.</summary>
    public SigmaCurve Curve { get; init; } = SigmaCurve.Native;

    /// <summary>
    /// Whether a <see cref="Curve"/> begins and ends at the first and the last of <see cref="Timesteps"/>, as diffusers' Euler, Heun, LMS and
    /// DPM2 do, not at those of the schedule. The two are the same with <see cref="TimestepSpacing.Linspace"/>.
    /// </summary>
    public bool CurveWithinTimesteps { get; init; }

    /// <summary>
    /// ρ of <see cref="SigmaCurve.Karras"/>, 7 where it is null, and of <see cref="SigmaCurve.Polyexponential"/>, 1 where it is null; above 0.
    /// The other curves have none.
    /// </summary>
    public double? Rho { get; init; }

    /// <summary>What the network is told about levels of a <see cref="Curve"/>.</summary>
    public TimestepRounding Rounding { get; init; } = TimestepRounding.None;

    /// <summary>Where the last step leads.</summary>
    public FinalSigma Final { get; init; } = FinalSigma.Zero;

    /// <summary>
    /// Start below the timesteps whose λ = ln(α/σ) is smaller than this: −5.1 for the cosine schedule, whose last timesteps are too
    /// noisy for solvers of higher order (Lu et al. 2022, DPM-Solver++).
    /// </summary>
    public double? SmallestLambda { get; init; }

    /// <summary>
    /// The time of the last step of a rectified flow, in (0, 1), before the shift: the first is at 1, those between are even. diffusers takes
    /// 1/1000. Null for 1/steps, as far from the image as from the next.
    /// </summary>
    public double? SmallestTime { get; init; }

    /// <summary>These levels, from noise to image, the last one that of the result; nothing else counts then.</summary>
    public IReadOnlyList<NoiseLevel>? Explicit { get; init; }

    /// <summary>The usual choice of DPM-Solver and its kin: whole timesteps down to one above 0, from which the last step leads to the image.</summary>
    public static LevelSelection AboveZero { get; } = new()
    {
        Timesteps = new() { Count = 20, Spacing = TimestepSpacing.LinspaceAboveZero },
        Rounding = TimestepRounding.Nearest,
    };

    internal IReadOnlyList<NoiseLevel> CheckedExplicit()
    {
        if (Explicit!.Count < 2) throw new ArgumentException($"A sampler needs at least 2 noise levels, from and to; there are {Explicit.Count}.");
        for (int i = 1; i < Explicit.Count; i++)
        {
            if (!(Explicit[i].Ratio <= Explicit[i - 1].Ratio))
            {
                throw new ArgumentException(
                    $"Noise levels must fall: sigma/alpha is {Explicit[i].Ratio} at level {i} and {Explicit[i - 1].Ratio} before it.");
            }
        }
        return Explicit;
    }

    internal double Rounded(double timestep) => Rounding switch
    {
        TimestepRounding.Nearest => Math.Round(timestep, MidpointRounding.ToEven),
        TimestepRounding.Down => Math.Floor(timestep),
        _ => timestep,
    };
}
