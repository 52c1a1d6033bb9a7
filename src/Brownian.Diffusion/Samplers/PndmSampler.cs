using Brownian.Tensors;

namespace Brownian.Diffusion;

/// <summary>The choices that <see cref="PndmSampler"/> leaves open.</summary>
public sealed record PndmOptions
{
    /// <summary>The timesteps to visit: at least 4 with <see cref="RungeKutta"/>, else at least 2.</summary>
    public TimestepSelection Timesteps { get; init; } = new() { Count = 50 };

    /// <summary>
    /// Take the first three steps by Runge–Kutta with four evaluations each (F-PNDM of the paper); otherwise the first step is taken twice
    /// and lower orders follow, as Stable Diffusion does (<c>skip_prk_steps</c>).
    /// </summary>
    public bool RungeKutta { get; init; } = true;

    /// <summary>What is extrapolated from past steps: ε as in the paper, or for networks of velocity what diffusers does.</summary>
    public Parameterization Extrapolates { get; init; } = Parameterization.Epsilon;

    /// <summary>Stop at the noise of timestep 0 (<c>set_alpha_to_one</c> false), instead of at the image.</summary>
    public bool EndsAtFirstTimestep { get; init; }

    /// <summary>What keeps x̂_0 in range.</summary>
    public X0Limit Limit { get; init; } = X0Limit.None;
}

/// <summary>
/// Pseudo numerical methods for diffusion models (Liu et al. 2022, PNDM, algorithm 2): the ε of the present and of three past steps are
/// extrapolated by Adams and Bashforth's formula, and x is moved along them by eq. 11, which is DDIM's step.
/// </summary>
/// <param name="options">What the algorithm leaves open.</param>
public sealed class PndmSampler(PndmOptions options) : Sampler
{
    /// <inheritdoc/>
    protected override X0Limit Limit => options.Limit;

    /// <inheritdoc/>
    protected override void Walk(SamplingRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        NoiseSchedule schedule = run.ScheduleFor("pndm");
        LevelStep[] steps = Steps(schedule);
        int least = options.RungeKutta ? 4 : 2;
        if (steps.Length < least) throw new ArgumentException($"PNDM in {steps.Length} steps; it needs at least {least}, or use ddim.");
        History past = run.Remember(4);
        foreach (LevelStep step in run.Along(steps))
        {
            Tensor eps = Ask(run, run.X, step.From);
            if (options.RungeKutta && step.Index < 3)
            {
                past.Push(eps);
                eps = RungeKutta(run, step, Middle(schedule, step), eps);
            }
            else if (!options.RungeKutta && step.Index == 0)
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
    Tensor RungeKutta(SamplingRun run, LevelStep step, NoiseLevel middle, Tensor e1)
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
        return options.Extrapolates.Target(level).Of(prediction.X0, prediction.Eps);
    }

    // Eq. 11 is DDIM's step written without x̂_0.
    Tensor Transfer(Tensor x, Tensor output, NoiseLevel from, NoiseLevel to) => LinearCombination.Of(
        (to.Alpha, options.Extrapolates.X0(from).Of(x, output)), (to.Sigma, options.Extrapolates.Eps(from).Of(x, output)));

    static NoiseLevel Middle(NoiseSchedule schedule, LevelStep step) =>
        schedule.At((int)step.From.Timestep - ((int)step.From.Timestep - (int)step.To.Timestep) / 2);

    LevelStep[] Steps(NoiseSchedule schedule)
    {
        int[] timesteps = options.Timesteps.Of(schedule.Timesteps);
        NoiseLevel last = options.EndsAtFirstTimestep ? schedule.At(0) : NoiseLevel.Clean;
        return [.. timesteps.Select((t, i) =>
            new LevelStep(i, schedule.At(t), i + 1 < timesteps.Length ? schedule.At(timesteps[i + 1]) : last))];
    }
}
