using Brownian.Tensors;

namespace Brownian.Diffusion;

/// <summary>
/// Pseudo numerical methods for diffusion models (Liu et al. 2022, PNDM, algorithm 2): the ε of the present and of three past steps are
/// extrapolated by Adams and Bashforth's formula, and x is moved along them by eq. 11, which is DDIM's step.
/// </summary>
public sealed record PndmSampler : TimestepSampler
{
    /// <summary>50 steps. There must be at least 4 with <see cref="RungeKutta"/>, else at least 2.</summary>
    public PndmSampler() => Steps = 50;

    /// <summary>
    /// Take the first three steps by Runge–Kutta with four evaluations each (F-PNDM of the paper); otherwise the first step is taken twice
    /// and lower orders follow, as Stable Diffusion does (<c>skip_prk_steps</c>).
    /// </summary>
    public bool RungeKutta { get; init; } = true;

    /// <summary>What is extrapolated from past steps: ε as in the paper, or v for networks of velocity, as diffusers does.</summary>
    [Key("extrapolates")] public PredictionType Extrapolates { get; init; } = PredictionType.Epsilon;

    /// <summary>Go on to the image after the last timestep; otherwise stop at the noise of timestep 0.</summary>
    [Key("set_alpha_to_one", Quiet = true)] public bool EndsAtImage { get; init; } = true;

    Parameterization Extrapolated => Parameterization.Of(Extrapolates);

    /// <inheritdoc/>
    protected override void Walk(SamplingRun run)
    {
        NoiseSchedule schedule = run.Schedule;
        LevelStep[] steps = StepsOf(schedule);
        int least = RungeKutta ? 4 : 2;
        if (steps.Length < least) throw new ArgumentException($"PNDM in {steps.Length} steps; it needs at least {least}, or use ddim.");
        History past = run.Remember(4);
        foreach (LevelStep step in run.Along(steps))
        {
            Tensor eps = Ask(run, run.X, step.From);
            if (RungeKutta && step.Index < 3)
            {
                past.Push(eps);
                eps = RungeKuttaStep(run, step, Middle(schedule, step), eps);
            }
            else if (!RungeKutta && step.Index == 0)
            {
                past.Push(eps);
                eps = LinearCombination.Of((0.5, eps), (0.5, Ask(run, Transfer(run.X, eps, step.From, step.To), step.To)));
            }
            else
            {
                past.Push(eps);
                eps = Extrapolate(past);
            }
            run.X = Transfer(run.X, eps, step.From, step.To);
        }
    }

    // Eq. 13: the classical Runge–Kutta step, with eq. 11 in the place of addition.
    Tensor RungeKuttaStep(SamplingRun run, LevelStep step, NoiseLevel middle, Tensor e1)
    {
        Tensor e2 = Ask(run, Transfer(run.X, e1, step.From, middle), middle);
        Tensor e3 = Ask(run, Transfer(run.X, e2, step.From, middle), middle);
        Tensor e4 = Ask(run, Transfer(run.X, e3, step.From, step.To), step.To);
        return LinearCombination.Of((1 / 6.0, e1), (1 / 3.0, e2), (1 / 3.0, e3), (1 / 6.0, e4));
    }

    // Eq. 12 once there are four; the Adams–Bashforth formulas of lower order before.
    static Tensor Extrapolate(History e) => e.Count switch
    {
        1 => e[0],
        2 => LinearCombination.Of((3 / 2.0, e[0]), (-1 / 2.0, e[1])),
        3 => LinearCombination.Of((23 / 12.0, e[0]), (-16 / 12.0, e[1]), (5 / 12.0, e[2])),
        _ => LinearCombination.Of((55 / 24.0, e[0]), (-59 / 24.0, e[1]), (37 / 24.0, e[2]), (-9 / 24.0, e[3])),
    };

    Tensor Ask(SamplingRun run, Tensor x, NoiseLevel level)
    {
        Prediction prediction = run.Predict(x, level);
        return Extrapolated.Target(level).Of(prediction.X0, prediction.Eps);
    }

    // Eq. 11 is DDIM's step written without x̂_0.
    Tensor Transfer(Tensor x, Tensor output, NoiseLevel from, NoiseLevel to) => LinearCombination.Of(
        (to.Alpha, Extrapolated.X0(from).Of(x, output)), (to.Sigma, Extrapolated.Eps(from).Of(x, output)));

    static NoiseLevel Middle(NoiseSchedule schedule, LevelStep step) =>
        schedule.At((int)step.From.Timestep - ((int)step.From.Timestep - (int)step.To.Timestep) / 2);

    LevelStep[] StepsOf(NoiseSchedule schedule)
    {
        int[] timesteps = Timesteps.Of(schedule.Timesteps);
        NoiseLevel last = EndsAtImage ? NoiseLevel.Clean : schedule.At(0);
        return [.. timesteps.Select((t, i) =>
            new LevelStep(i, schedule.At(t), i + 1 < timesteps.Length ? schedule.At(timesteps[i + 1]) : last))];
    }
}
