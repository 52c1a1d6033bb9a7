using Brownian.IO;
using Brownian.Tensors;

namespace Brownian;

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

    /// <summary>
    /// Step as diffusers' PNDMScheduler does. With h = ⌊T/steps⌋, a step leads from t to t − h even where the next timestep visited, s, is
    /// another. A Runge–Kutta step leads to s; its middle is h/2 below t for x and h/2 above s for the network. The step that is taken twice
    /// leads to t − h first, then from s + h to s. Models of diffusers have it on.
    /// </summary>
    [Key("fixed_stride")] public bool FixedStride { get; init; }

    Parameterization Extrapolated => Parameterization.Of(Extrapolates);

    /// <inheritdoc/>
    protected override void Walk(SamplingRun run)
    {
        NoiseSchedule schedule = run.Schedule;
        LevelStep[] steps = StepsOf(schedule, FixedStride, EndsAtImage);
        int least = RungeKutta ? 4 : 2, warmUp = RungeKutta ? 3 : 1, stride = schedule.Timesteps / steps.Length;
        if (steps.Length < least) throw new ArgumentException($"PNDM in {Counted.Of(steps.Length, "step")}; it needs at least {least}, or use ddim.");
        for (int i = 0; i < warmUp; i++) steps[i] = steps[i] with { To = steps[i + 1].From };
        History past = run.Remember(4);
        foreach (LevelStep step in run.Along(steps))
        {
            Tensor eps = Ask(run, run.X, step.From);
            past.Push(eps);
            NoiseLevel from = step.From;
            if (step.Index >= warmUp) eps = Extrapolate(past);
            else if (RungeKutta) eps = RungeKuttaStep(run, step, stride, eps);
            else (eps, from) = TwiceStep(run, step, stride, eps);
            run.X = Transfer(run.X, eps, from, step.To);
        }
    }

    // Eq. 13: the classical Runge–Kutta step, with eq. 11 in the place of addition.
    Tensor RungeKuttaStep(SamplingRun run, LevelStep step, int stride, Tensor e1)
    {
        int t = (int)step.From.Timestep, s = (int)step.To.Timestep;
        NoiseLevel first = run.Schedule.At(t - (FixedStride ? stride : t - s) / 2), second = FixedStride ? run.Schedule.At(s + stride / 2) : first;
        Tensor e2 = Ask(run, Transfer(run.X, e1, step.From, first), first with { Timestep = second.Timestep });
        Tensor e3 = Ask(run, Transfer(run.X, e2, step.From, second), second);
        Tensor e4 = Ask(run, Transfer(run.X, e3, step.From, step.To), step.To);
        return LinearCombination.Of((1 / 6.0, e1), (1 / 3.0, e2), (1 / 3.0, e3), (1 / 6.0, e4));
    }

    // Heun's way to begin: the mean of the slopes at both ends. Also returns where the step is said to start.
    (Tensor Eps, NoiseLevel From) TwiceStep(SamplingRun run, LevelStep step, int stride, Tensor e1)
    {
        NoiseLevel reached = FixedStride ? run.Schedule.At((int)step.From.Timestep - stride) : step.To;
        Tensor e2 = Ask(run, Transfer(run.X, e1, step.From, reached), reached with { Timestep = step.To.Timestep });
        return (LinearCombination.Of((0.5, e1), (0.5, e2)), FixedStride ? run.Schedule.At((int)step.To.Timestep + stride) : step.From);
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
}
