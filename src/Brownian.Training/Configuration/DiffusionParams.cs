using Brownian.Diffusion;

namespace Brownian.Training;

/// <summary>Section <c>diffusion_params</c>: the forward process and how it is reversed.</summary>
public sealed record DiffusionParams
{
    /// <summary><c>num_timesteps</c>: T, the number of noise levels.</summary>
    public int Timesteps { get; init; } = 1000;

    /// <summary><c>beta_start</c>: β of timestep 0.</summary>
    public double BetaStart { get; init; } = 1e-4;

    /// <summary><c>beta_end</c>: β of timestep T − 1.</summary>
    public double BetaEnd { get; init; } = 0.02;

    /// <summary><c>beta_schedule</c>: how β runs between the two.</summary>
    public BetaSchedule BetaSchedule { get; init; } = BetaSchedule.Linear;

    /// <summary><c>scale_betas</c>: multiply both ends by 1000/T, so that few timesteps reach as much noise as a thousand; for linear.</summary>
    public bool ScaleBetas { get; init; }

    /// <summary><c>variance</c>: the variance of a reverse step, small (β̃) or large (β).</summary>
    public VarianceKind Variance { get; init; } = VarianceKind.Small;

    /// <summary><c>clip_sample</c>: limit the predicted x̂0 to [−1, 1] in each reverse step.</summary>
    public bool ClipSample { get; init; } = true;

    internal NoiseSchedule ToSchedule() => BetaSchedule switch
    {
        BetaSchedule.ScaledLinear => NoiseSchedule.ScaledLinear(Timesteps, BetaStart, BetaEnd),
        BetaSchedule.Cosine => NoiseSchedule.Cosine(Timesteps),
        BetaSchedule.Sigmoid => NoiseSchedule.Sigmoid(Timesteps, BetaStart, BetaEnd),
        _ => NoiseSchedule.Linear(Timesteps, BetaStart, BetaEnd, ScaleBetas),
    };
}

/// <summary>How β_t grows with t.</summary>
public enum BetaSchedule
{
    /// <summary>Evenly (Ho et al. 2020, §4).</summary>
    Linear,

    /// <summary>√β evenly (Rombach et al. 2022).</summary>
    ScaledLinear,

    /// <summary>ᾱ follows a squared cosine (Nichol &amp; Dhariwal 2021); both ends are ignored.</summary>
    Cosine,

    /// <summary>Along a sigmoid (Xu et al. 2022).</summary>
    Sigmoid,
}

/// <summary>The variance of q(x_{t−1}|x_t) that sampling uses (Ho et al. 2020, §3.2).</summary>
public enum VarianceKind
{
    /// <summary>β̃_t, the variance of the posterior given x_0.</summary>
    Small,

    /// <summary>β_t</summary>
    Large,
}
