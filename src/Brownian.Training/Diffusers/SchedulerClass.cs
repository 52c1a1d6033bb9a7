namespace Brownian.Training;

/// <summary>A scheduler of diffusers that is read: which sampler it is, and where the keys of its configuration go.</summary>
/// <param name="Name">Of the Python class.</param>
/// <param name="Sampler">What it is called here.</param>
/// <param name="PipelineSteps">How many steps its pipeline takes unless told otherwise.</param>
sealed record SchedulerClass(string Name, string Sampler, int PipelineSteps)
{
    static readonly (string Theirs, string Ours)[] Schedule =
    [
        ("num_train_timesteps", "num_timesteps"), ("beta_start", "beta_start"), ("beta_end", "beta_end"), ("beta_schedule", "beta_schedule"),
        ("trained_betas", "trained_betas"), ("prediction_type", "prediction_type"),
    ];

    static readonly (string Theirs, string Ours)[] Limits =
    [
        ("rescale_betas_zero_snr", "rescale_betas_zero_snr"), ("clip_sample", "clip_sample"), ("clip_sample_range", "clip_sample_range"),
        ("thresholding", "thresholding"), ("dynamic_thresholding_ratio", "dynamic_thresholding_ratio"), ("sample_max_value", "sample_max_value"),
    ];

    static readonly (string Theirs, string Ours)[] Spacing = [("timestep_spacing", "timestep_spacing"), ("steps_offset", "steps_offset")];

    public static readonly SchedulerClass Ddpm = new("DDPMScheduler", "ddpm", 1000)
    {
        Diffusion = [.. Schedule, .. Limits, ("variance_type", "variance")],
        Sampling = Spacing,
    };

    public static readonly SchedulerClass Ddim = new("DDIMScheduler", "ddim", 50)
    {
        Diffusion = [.. Schedule, .. Limits],
        Sampling = [.. Spacing, ("set_alpha_to_one", "set_alpha_to_one")],
    };

    public static readonly SchedulerClass Pndm = new("PNDMScheduler", "pndm", 50)
    {
        Diffusion = Schedule,
        Sampling = [.. Spacing, ("set_alpha_to_one", "set_alpha_to_one")],
        HasLimits = false,
        EndsAtImage = false,
    };

    /// <summary>Every class that is read.</summary>
    public static IReadOnlyList<SchedulerClass> All { get; } = [Ddpm, Ddim, Pndm];

    /// <summary>The keys that go into <c>diffusion_params</c>, and what they are called there.</summary>
    public IReadOnlyList<(string Theirs, string Ours)> Diffusion { get; private init; } = [];

    /// <summary>The same for <c>sample_params</c>.</summary>
    public IReadOnlyList<(string Theirs, string Ours)> Sampling { get; private init; } = [];

    /// <summary>False where the class never limits x̂0.</summary>
    public bool HasLimits { get; private init; } = true;

    /// <summary>Whether it ends at the image, not at the noise of timestep 0, where <c>set_alpha_to_one</c> is missing.</summary>
    public bool EndsAtImage { get; private init; } = true;

    /// <summary>Keys that say nothing here, whatever the class: one that another class knows is as little looked at by Python.</summary>
    public static bool IsHarmless(string key) =>
        key.StartsWith('_') || key is "skip_prk_steps" or "tensor_format"
        || All.Any(known => known.Diffusion.Concat(known.Sampling).Any(pair => pair.Theirs == key));
}
