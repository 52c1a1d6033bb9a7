using System.Text.Json.Nodes;

namespace Brownian;

/// <summary>
/// A scheduler of diffusers that is read: its keys, with what the Python class takes where a file says nothing, and what they are here.
/// </summary>
/// <param name="Name">Of the Python class.</param>
/// <param name="Sampler">What it is called here; another where a key says so.</param>
/// <param name="Keys">Every key it knows, in the order in which it writes them.</param>
/// <param name="Translate">Turns into ours what is more than another name for the same thing.</param>
sealed record SchedulerClass(string Name, string Sampler, JsonObject Keys, Action<SchedulerTranslation> Translate)
{
    const string
        Betas = """{"num_train_timesteps": 1000, "beta_start": 0.0001, "beta_end": 0.02, "beta_schedule": "linear", "trained_betas": null}""",
        LatentBetas = """{"num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "linear", "trained_betas": null}""",
        Predicts = """{"prediction_type": "epsilon"}""",
        Clip = """{"clip_sample": true, "clip_sample_range": 1.0}""",
        Threshold = """{"thresholding": false, "dynamic_thresholding_ratio": 0.995, "sample_max_value": 1.0}""",
        Leading = """{"timestep_spacing": "leading", "steps_offset": 0}""",
        Linspace = """{"timestep_spacing": "linspace", "steps_offset": 0}""",
        ZeroSnr = """{"rescale_betas_zero_snr": false}""",
        Curves = """{"use_karras_sigmas": false, "use_exponential_sigmas": false, "use_beta_sigmas": false}""",
        Final = """{"final_sigmas_type": "zero"}""",
        Flow = """{"use_flow_sigmas": false, "flow_shift": 1.0, "use_dynamic_shifting": false, "time_shift_type": "exponential"}""",
        Solver = """{"solver_order": 2, "algorithm_type": "dpmsolver++", "solver_type": "midpoint", "lower_order_final": true}""",
        Karras = """
            {"sigma_min": 0.002, "sigma_max": 80.0, "sigma_data": 0.5, "sigma_schedule": "karras", "num_train_timesteps": 1000, "rho": 7.0}
            """;

    // Keys that mean the same here, by another name or their own.
    static readonly (string Theirs, string Ours)[] OfProcess =
    [
        ("num_train_timesteps", "num_timesteps"), ("beta_start", "beta_start"), ("beta_end", "beta_end"), ("beta_schedule", "beta_schedule"),
        ("trained_betas", "trained_betas"), ("rescale_betas_zero_snr", "rescale_betas_zero_snr"), ("variance_type", "variance"),
    ];

    static readonly (string Theirs, string Ours)[] OfLimits =
    [
        ("clip_sample", "clip_sample"), ("clip_sample_range", "clip_sample_range"), ("thresholding", "thresholding"),
        ("dynamic_thresholding_ratio", "dynamic_thresholding_ratio"), ("sample_max_value", "sample_max_value"),
    ];

    static readonly (string Theirs, string Ours)[] OfSampling =
    [
        ("timestep_spacing", "timestep_spacing"), ("steps_offset", "steps_offset"), ("set_alpha_to_one", "set_alpha_to_one"),
        ("solver_order", "solver_order"), ("lower_order_final", "lower_order_final"), ("euler_at_final", "euler_at_final"),
        ("predict_x0", "predict_x0"), ("disable_corrector", "disable_corrector"), ("final_sigmas_type", "final_sigmas_type"),
        ("lambda_min_clipped", "lambda_min_clipped"), ("rho", "rho"),
    ];

    // Spread like the timesteps of the schedule, or as a curve between the first of these and the last.
    static readonly Action<SchedulerTranslation> Sigmas = config => config.Curve(within: true);

    // The last step leads from a timestep above 0 to the image; what the network is told is a whole number.
    static readonly Action<SchedulerTranslation> AboveZero = config =>
    {
        config.SpacingAboveZero();
        config.Curve(within: false);
        config.Only("use_flow_sigmas", "false");
    };

    // The first three are those that are also written.
    public static readonly SchedulerClass Ddpm = new(
        "DDPMScheduler", "ddpm", Of(Betas, Predicts, Clip, Threshold, Leading, ZeroSnr, """{"variance_type": "fixed_small"}"""), _ => { })
    {
        PipelineSteps = 1000,
    };

    public static readonly SchedulerClass Ddim = new(
        "DDIMScheduler", "ddim", Of(Betas, Predicts, Clip, Threshold, Leading, ZeroSnr, """{"set_alpha_to_one": true}"""),
        config => config.Say("fixed_stride", true))
    {
        PipelineSteps = 50,
    };

    public static readonly SchedulerClass Pndm = new(
        "PNDMScheduler", "pndm", Of(Betas, Predicts, Leading, """{"skip_prk_steps": false, "set_alpha_to_one": false}"""), config =>
        {
            config.Only("prediction_type", "epsilon", "v_prediction");
            if (config.Is("skip_prk_steps")) config.Sampler = "plms";
            config.Say("fixed_stride", true);
            config.Say("extrapolates", config.Text("prediction_type"));
        })
    {
        PipelineSteps = 50,
    };

    /// <summary>Every class that is read.</summary>
    public static IReadOnlyList<SchedulerClass> All { get; } =
    [
        Ddpm, Ddim, Pndm,
        new("EulerDiscreteScheduler", "euler", Of(Betas, Predicts, Curves, Linspace, ZeroSnr, Final, """
            {"interpolation_type": "linear", "timestep_type": "discrete", "sigma_min": null, "sigma_max": null}
            """), Sigmas),
        new("EulerAncestralDiscreteScheduler", "euler_a", Of(Betas, Predicts, Linspace, ZeroSnr), Sigmas),
        new("HeunDiscreteScheduler", "heun", Of(LatentBetas, Predicts, Curves, Linspace, Clip, """{"clip_sample": false}"""), Sigmas),
        new("LMSDiscreteScheduler", "lms", Of(Betas, Predicts, Curves, Linspace), Sigmas),
        new("KDPM2DiscreteScheduler", "dpm_2", Of(LatentBetas, Predicts, Curves, Linspace), config => config.Curve(within: true, rounds: true)),
        new("KDPM2AncestralDiscreteScheduler", "dpm_2_a", Of(LatentBetas, Predicts, Curves, Linspace), config => config.Curve(within: true, rounds: true)),
        new("DPMSolverSDEScheduler", "dpmpp_sde", Of(LatentBetas, Predicts, Curves, Linspace, """{"noise_sampler_seed": null}"""), Sigmas),
        new("DPMSolverMultistepScheduler", "dpmpp_2m", Of(Betas, Predicts, Solver, Threshold, Curves, Linspace, ZeroSnr, Final, Flow, """
            {"euler_at_final": false, "use_lu_lambdas": false, "lambda_min_clipped": null, "variance_type": null}
            """), config =>
        {
            config.Multistep();
            AboveZero(config);
        }),
        new("DPMSolverSinglestepScheduler", "dpmpp_2s", Of(Betas, Predicts, Solver, Threshold, Curves, Final, Flow, """
            {"lower_order_final": false, "lambda_min_clipped": null, "variance_type": null}
            """), config =>
        {
            // With the image as its end, as here, the Python class always lowers the last order.
            config.Only("final_sigmas_type", "zero");
            config.Only("algorithm_type", "dpmsolver++", "deis");
            if (config.Whole("solver_order") > 1) config.Only("solver_type", "midpoint", "logrho", "bh1", "bh2");
            if (config.Whole("solver_order") == 3) config.Sampler = "dpmpp_3s";
            AboveZero(config);
        }),
        new("DEISMultistepScheduler", "deis", Of(Betas, Predicts, Solver, Threshold, Curves, Linspace, Flow, """
            {"algorithm_type": "deis", "solver_type": "logrho"}
            """), config =>
        {
            config.Only("algorithm_type", "deis", "dpmsolver", "dpmsolver++");
            AboveZero(config);
        }),
        new("UniPCMultistepScheduler", "unipc", Of(Betas, Predicts, Solver, Threshold, Curves, Linspace, ZeroSnr, Final, Flow, """
            {"algorithm_type": null, "solver_type": "bh2", "predict_x0": true, "disable_corrector": [], "solver_p": null, "sigma_min": null,
             "sigma_max": null, "shift_terminal": null}
            """), config =>
        {
            config.Only("solver_p", "null");
            config.Solver("bh1", "bh2", otherwise: "bh2");
            AboveZero(config);
        }),
        new("EDMEulerScheduler", "euler", Of(Karras, Predicts, Final), config => config.Karras()) { Process = ProcessKind.Edm },
        new("EDMDPMSolverMultistepScheduler", "dpmpp_2m", Of(Karras, Predicts, Solver, Threshold, Final, """{"euler_at_final": false}"""), config =>
        {
            config.Multistep();
            config.Karras();
        })
        {
            Process = ProcessKind.Edm,
        },
        new("FlowMatchEulerDiscreteScheduler", "euler", Of(Curves, """
            {"num_train_timesteps": 1000, "shift": 1.0, "use_dynamic_shifting": false, "base_shift": 0.5, "max_shift": 1.15,
             "base_image_seq_len": 256, "max_image_seq_len": 4096, "invert_sigmas": false, "shift_terminal": null,
             "time_shift_type": "exponential", "stochastic_sampling": false}
            """), config =>
        {
            if (config.Is("stochastic_sampling")) config.Sampler = "consistency";
            config.Straight();
        })
        {
            Process = ProcessKind.Flow,
        },
        new("FlowMatchHeunDiscreteScheduler", "heun", Of("""{"num_train_timesteps": 1000, "shift": 1.0}"""), config => config.Straight())
        {
            Process = ProcessKind.Flow,
        },
    ];

    /// <summary>What its networks were trained with.</summary>
    public ProcessKind Process { get; private init; }

    /// <summary>How many steps its own pipeline takes unless told otherwise; null where it has none, for the sampler's usual number.</summary>
    public int? PipelineSteps { get; private init; }

    /// <summary>Whether there is a pipeline to write it for.</summary>
    public bool IsWritten => PipelineSteps is not null;

    /// <summary>The keys that go into <c>diffusion_params</c>, and what they are called there.</summary>
    public IEnumerable<(string Theirs, string Ours)> Diffusion =>
        (Process == ProcessKind.Ddpm ? OfProcess.Concat(OfLimits) : OfLimits).Where(pair => Keys.ContainsKey(pair.Theirs));

    /// <summary>The same for <c>sample_params</c>.</summary>
    public IEnumerable<(string Theirs, string Ours)> Sampling => OfSampling.Where(pair => Keys.ContainsKey(pair.Theirs));

    /// <summary>Keys that say nothing here, whatever the class: one that another class knows is as little looked at by Python.</summary>
    public static bool IsHarmless(string key) => key.StartsWith('_') || key == "tensor_format" || All.Any(known => known.Keys.ContainsKey(key));

    // The keys of all parts; a later part says more about one that an earlier has.
    static JsonObject Of(params ReadOnlySpan<string> parts)
    {
        var keys = new JsonObject();
        foreach (string part in parts)
        {
            foreach ((string key, JsonNode? value) in JsonNode.Parse(part)!.AsObject()) keys[key] = value?.DeepClone();
        }
        return keys;
    }
}
