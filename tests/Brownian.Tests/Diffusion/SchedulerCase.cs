using System.Text.Json;
using Brownian.Diffusion;

namespace Brownian.Tests;

/// <summary>Which of our samplers, with which options, a recorded scheduler is.</summary>
/// <param name="Sampler">The sampler.</param>
/// <param name="Process">The noise levels of the network.</param>
/// <param name="Predicts">What the network predicts.</param>
sealed record SchedulerCase(Sampler Sampler, INoiseProcess Process, Parameterization Predicts)
{
    /// <summary>The iteration of the reference's loop whose result is that of our step; it counts evaluations.</summary>
    public Func<int, int> IterationAfter { get; private init; } = step => step;

    /// <summary>The iteration that evaluates the network at the start of our step.</summary>
    public Func<int, int> IterationAt { get; private init; } = step => step;

    /// <summary>The reference adds churn after its evaluation instead of before.</summary>
    public bool ChurnsLate { get; private init; }

    public static SchedulerCase Of(SchedulerGolden golden) => golden.Class switch
    {
        "DDPMScheduler" => Discrete(golden, golden.Ddpm),
        "DDIMScheduler" => Discrete(golden, new DdimSampler
        {
            Timesteps = golden.Timesteps,
            Eta = golden.StepArgument("eta", 0),
            Limit = golden.Limit,
            EpsFollowsLimit = golden.Argument("step_kwargs", "use_clipped_model_output")?.GetBoolean() ?? false,
            FixedStride = true,
            EndsAtImage = golden.Flag("set_alpha_to_one"),
        }),
        "PNDMScheduler" => Pndm(golden),
        "EulerDiscreteScheduler" => Discrete(golden, Churned(golden, new EulerSampler { Levels = Sigmas(golden) })) with
        {
            ChurnsLate = golden.StepArgument("s_churn", 0) > 0,
        },
        "EulerAncestralDiscreteScheduler" => Discrete(golden, new EulerAncestralSampler { Levels = Sigmas(golden) }),
        "LMSDiscreteScheduler" => Discrete(golden, new LmsSampler { Levels = Sigmas(golden) }),
        "HeunDiscreteScheduler" => Discrete(golden, new HeunSampler { Levels = Sigmas(golden), Limit = golden.Limit }).TwoEvaluations(golden),
        "KDPM2DiscreteScheduler" => Discrete(golden, new Dpm2Sampler { Levels = Sigmas(golden) }).TwoEvaluations(golden),
        "DPMSolverMultistepScheduler" => Discrete(golden, Dpm(golden) with { Levels = AboveZero(golden) }),
        "DPMSolverSinglestepScheduler" => Discrete(golden, new DpmSolverSinglestepSampler
        {
            Levels = AboveZero(golden),
            Order = golden.Integer("solver_order"),
        }),
        "DEISMultistepScheduler" => Discrete(golden, new DeisSampler
        {
            Levels = AboveZero(golden) with { Final = FinalSigma.SigmaMin },
            Order = golden.Integer("solver_order"),
        }),
        "UniPCMultistepScheduler" => Discrete(golden, new UniPcSampler
        {
            Levels = AboveZero(golden),
            Order = golden.Integer("solver_order"),
            Solver = Names.Named<SolverType>(golden.Text("solver_type"), "solver type"),
            IntegratesImage = golden.Flag("predict_x0"),
            LowerOrderAtEnd = golden.Flag("lower_order_final"),
            Uncorrected = [.. golden.List("disable_corrector")],
        }),
        "EDMEulerScheduler" => Edm(golden, Churned(golden, new EulerSampler { Levels = EdmSigmas(golden) })) with
        {
            ChurnsLate = golden.StepArgument("s_churn", 0) > 0,
        },
        "EDMDPMSolverMultistepScheduler" => Edm(golden, Dpm(golden) with { Levels = EdmSigmas(golden) }),
        "FlowMatchEulerDiscreteScheduler" => new(
            golden.Flag("stochastic_sampling")
                ? new ConsistencySampler { Levels = FlowTimes(golden) }
                : new EulerSampler { Levels = FlowTimes(golden) },
            new RectifiedFlow(),
            Parameterization.Flow),
        "FlowMatchHeunDiscreteScheduler" => new SchedulerCase(
            new HeunSampler { Levels = FlowTimes(golden) }, new RectifiedFlow(), Parameterization.Flow).TwoEvaluations(golden),
        string other => throw new InvalidDataException($"no sampler covers {other}"),
    };

    static SchedulerCase Discrete(SchedulerGolden golden, Sampler sampler) => new(sampler, golden.Schedule, golden.Predicts);

    SchedulerCase TwoEvaluations(SchedulerGolden golden) => this with
    {
        IterationAfter = step => Math.Min(2 * step + 1, golden.Iterations - 1),
        IterationAt = step => 2 * step,
    };

    static SchedulerCase Pndm(SchedulerGolden golden)
    {
        bool rungeKutta = !golden.Flag("skip_prk_steps");
        PndmSampler sampler = new()
        {
            Timesteps = golden.Timesteps,
            RungeKutta = rungeKutta,
            Extrapolates = golden.Predicts.Type,
            EndsAtImage = golden.Flag("set_alpha_to_one"),
        };
        return Discrete(golden, sampler) with
        {
            IterationAfter = rungeKutta ? step => step < 3 ? 4 * step + 3 : step + 9 : step => step + 1,
            IterationAt = rungeKutta ? step => step < 3 ? 4 * step : step + 9 : step => step == 0 ? 0 : step + 1,
        };
    }

    static SchedulerCase Edm(SchedulerGolden golden, Sampler sampler) => new(
        sampler,
        new VarianceExploding(golden.Number("sigma_min"), golden.Number("sigma_max")),
        golden.Text("prediction_type") == "v_prediction" ? Parameterization.Velocity : Parameterization.EdmOf(golden.Number("sigma_data")));

    static ChurnSampler Churned(SchedulerGolden golden, ChurnSampler sampler) => sampler with
    {
        Churn = golden.StepArgument("s_churn", 0),
        ChurnFrom = golden.StepArgument("s_tmin", 0),
        ChurnUpTo = golden.StepArgument("s_tmax", double.PositiveInfinity),
        NoiseScale = golden.StepArgument("s_noise", 1),
    };

    static DpmSolverSampler Dpm(SchedulerGolden golden) => new()
    {
        Order = golden.Integer("solver_order"),
        IntegratesImage = golden.Text("algorithm_type") != "dpmsolver",
        Eta = golden.Text("algorithm_type").StartsWith("sde", StringComparison.Ordinal) ? 1 : 0,
        Solver = Names.Named<SolverType>(golden.Text("solver_type"), "solver type"),
        LowerOrderAtEnd = golden.Flag("lower_order_final"),
        FirstOrderAtEnd = golden.Flag("euler_at_final"),
        Limit = golden.Limit,
    };

    static LevelSelection Sigmas(SchedulerGolden golden)
    {
        LevelSelection selection = new()
        {
            Timesteps = golden.Timesteps with { Fractional = true },
            Curve = CurveOf(golden),
            Final = FinalOf(golden),
        };
        return golden.Has("interpolation_type") && golden.Text("interpolation_type") == "log_linear" ? LogLinear(golden, selection) : selection;
    }

    // The reference spreads n + 1 sigmas beside n timesteps, stops at the n-th, and so tells the network of other levels than there are.
    static LevelSelection LogLinear(SchedulerGolden golden, LevelSelection selection)
    {
        NoiseSchedule schedule = golden.Schedule;
        double[] times = selection.Timesteps.Times(schedule.Timesteps);
        double largest = schedule.At(times[0]).Ratio, smallest = schedule.At(times[^1]).Ratio;
        double[] sigmas = SigmaCurves.Exponential(times.Length + 1, largest, smallest);
        return new() { Explicit = [.. sigmas.Select((sigma, i) => new NoiseLevel(1, sigma, i < times.Length ? times[i] : 0))] };
    }

    static LevelSelection AboveZero(SchedulerGolden golden) => new()
    {
        Timesteps = golden.Timesteps with
        {
            Spacing = golden.Timesteps.Spacing switch
            {
                TimestepSpacing.Linspace => TimestepSpacing.LinspaceAboveZero,
                TimestepSpacing.Leading => TimestepSpacing.LeadingAboveZero,
                TimestepSpacing spacing => spacing,
            },
        },
        Curve = CurveOf(golden),
        Rounding = golden.Flag("use_exponential_sigmas") || golden.Flag("use_beta_sigmas") ? TimestepRounding.Down : TimestepRounding.Nearest,
        Final = FinalOf(golden),
        SmallestLambda = golden.Has("lambda_min_clipped") && golden.IsNumber("lambda_min_clipped") ? golden.Number("lambda_min_clipped") : null,
    };

    static LevelSelection EdmSigmas(SchedulerGolden golden) => new()
    {
        Timesteps = new() { Count = golden.Steps },
        Curve = golden.Text("sigma_schedule") == "exponential" ? SigmaCurve.Exponential : SigmaCurve.Karras,
        Rho = golden.Number("rho"),
        Final = FinalOf(golden),
    };

    static LevelSelection FlowTimes(SchedulerGolden golden)
    {
        double shift = golden.Number("shift"), last = RectifiedFlow.Shifted([0.001], shift)[0];
        JsonElement? custom = golden.Argument("set_timesteps_kwargs", "sigmas"), mu = golden.Argument("set_timesteps_kwargs", "mu");
        double[] times = custom is { } given
            ? [.. given.EnumerateArray().Select(t => t.GetDouble())]
            : golden.Flag("use_karras_sigmas") ? SigmaCurves.Karras(golden.Steps!.Value, 1, last)
            : [.. Enumerable.Range(0, golden.Steps!.Value).Select(i => 1 + i / (golden.Steps.Value - 1.0) * (last - 1))];
        times = RectifiedFlow.Shifted(times, mu is { } m ? golden.Text("time_shift_type") == "linear" ? m.GetDouble() : Math.Exp(m.GetDouble()) : shift);
        // LTX-Video stretches the times around t = 1 so that the last becomes shift_terminal (HaCohen et al. 2024).
        if (golden.Has("shift_terminal")) times = Array.ConvertAll(times, t => 1 - (1 - t) * (1 - golden.Number("shift_terminal")) / (1 - times[^1]));
        return new() { Explicit = [.. times.Select(RectifiedFlow.AtTime), NoiseLevel.Clean] };
    }

    static SigmaCurve CurveOf(SchedulerGolden golden) =>
        golden.Flag("use_karras_sigmas") ? SigmaCurve.Karras
        : golden.Flag("use_exponential_sigmas") || golden.Flag("use_lu_lambdas") ? SigmaCurve.Exponential
        : golden.Flag("use_beta_sigmas") ? SigmaCurve.Beta
        : SigmaCurve.Native;

    static FinalSigma FinalOf(SchedulerGolden golden) =>
        golden.Has("final_sigmas_type") ? Names.Named<FinalSigma>(golden.Text("final_sigmas_type"), "end") : FinalSigma.Zero;
}
