namespace Brownian.Diffusion;

/// <summary>A sampler that can be asked for by name.</summary>
/// <param name="Name">As on the command line.</param>
/// <param name="Description">One line.</param>
/// <param name="HasEta">Whether <see cref="SamplerSettings.Eta"/> means something to it.</param>
/// <param name="VisitsTimesteps">It needs a <see cref="NoiseSchedule"/> and takes no <see cref="SamplerSettings.Curve"/>.</param>
public sealed record SamplerEntry(string Name, string Description, bool HasEta, bool VisitsTimesteps)
{
    internal Func<SamplerSettings, ISampler> Make { get; init; } = null!;
}

/// <summary>All samplers by name.</summary>
public static class SamplerCatalog
{
    /// <summary>The samplers, simplest first.</summary>
    public static IReadOnlyList<SamplerEntry> All { get; } =
    [
        Timesteps("ddpm", "ancestral sampling over all timesteps or a few (Ho et al. 2020)", eta: false, s => new DdpmSampler(
            new() { Timesteps = s.Over(TimestepSelection.All), Variance = s.Variance, Limit = LimitOf(s) })),
        Timesteps("ddim", "deterministic, good in 50 steps (Song et al. 2021)", eta: true, s => new DdimSampler(
            new() { Timesteps = s.Over(new DdimOptions().Timesteps), Eta = s.Eta ?? 0, Limit = LimitOf(s) })),
        Timesteps("pndm", "four past steps, the first by Runge-Kutta (Liu et al. 2022)", eta: false, s => new PndmSampler(
            new() { Timesteps = s.Over(new PndmOptions().Timesteps), Limit = LimitOf(s) })),
        Timesteps("plms", "pndm without Runge-Kutta", eta: false, s => new PndmSampler(
            new() { Timesteps = s.Over(new PndmOptions().Timesteps), Limit = LimitOf(s), RungeKutta = false })),
        Levels("euler", "Euler's method on the ODE", eta: false, s => new EulerSampler(Set(new EulerOptions(), s))),
        Levels("euler_a", "Euler's method with noise in each step", eta: true, s => new EulerAncestralSampler(Ancestral(s))),
        Levels("heun", "Heun's method: two evaluations a step", eta: false, s => new HeunSampler(Set(new HeunOptions(), s))),
        Levels("edm", "Heun's method over Karras' sigmas (Karras et al. 2022)", eta: false, s => new HeunSampler(
            Set(new HeunOptions(), s with { Curve = s.Curve ?? SigmaCurve.Karras, Steps = s.Steps ?? 18 }))),
        Levels("dpm_2", "the midpoint method: two evaluations a step", eta: false, s => new Dpm2Sampler(Set(new Dpm2Options(), s))),
        Levels("dpm_2_a", "the midpoint method with noise in each step", eta: true, s => new Dpm2AncestralSampler(Ancestral(s))),
        Levels("lms", "linear multistep of order 4", eta: false, s => new LmsSampler(Set(new LmsOptions(), s))),
        Levels("dpmpp_2m", "DPM-Solver++ of order 2, good in 20 steps (Lu et al. 2022)", eta: false, s => Dpm(s, order: 2)),
        Levels("dpmpp_3m", "DPM-Solver++ of order 3", eta: false, s => Dpm(s, order: 3)),
        Levels("dpmpp_2m_sde", "DPM-Solver++ of order 2 with noise in each step", eta: true, s => Dpm(s, order: 2, eta: s.Eta ?? 1)),
        Levels("dpmpp_3m_sde", "DPM-Solver++ of order 3 with noise in each step", eta: true, s => Dpm(s, order: 3, eta: s.Eta ?? 1)),
        Levels("dpmpp_2s", "DPM-Solver++ of order 2 in groups of two levels", eta: false, s => Singlestep(s, order: 2)),
        Levels("dpmpp_3s", "DPM-Solver++ of order 3 in groups of three levels", eta: false, s => Singlestep(s, order: 3)),
        Levels("dpmpp_2s_a", "DPM-Solver++(2S) with noise in each step", eta: true, s => new Dpmpp2sAncestralSampler(Ancestral(s))),
        Levels("dpmpp_sde", "DPM-Solver++ for the SDE: two evaluations a step", eta: true, s => new DpmppSdeSampler(Ancestral(s))),
        Levels("dpm_solver_2m", "DPM-Solver of order 2 on the noise", eta: false, s => Dpm(s, order: 2, noise: true)),
        Levels("deis", "exponential integrator in log sigma (Zhang & Chen 2023)", eta: false, s => new DeisSampler(Set(new DeisOptions(), s))),
        Levels("unipc", "predictor and corrector, good in 10 steps (Zhao et al. 2023)", eta: false, s => new UniPcSampler(Set(new UniPcOptions(), s))),
        Levels("consistency", "guess the image, add fresh noise", eta: false, s => new ConsistencySampler(Set(new ConsistencyOptions(), s))),
    ];

    /// <summary>The sampler of that name.</summary>
    /// <param name="name">One of <see cref="All"/>.</param>
    /// <param name="settings">What the user set.</param>
    /// <exception cref="ArgumentException">There is none, or it has no such setting.</exception>
    public static ISampler Create(string name, SamplerSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        SamplerEntry entry = All.FirstOrDefault(e => e.Name == name)
            ?? throw new ArgumentException($"There is no sampler '{name}'; use {string.Join(", ", All.Select(e => e.Name))}.");
        if (settings.Eta is not null && !entry.HasEta)
        {
            string others = string.Join(", ", All.Where(e => e.HasEta).Select(e => e.Name));
            throw new ArgumentException($"The sampler {name} has no eta; leave it out, or use one of {others}.");
        }
        if (settings.Curve is not null && entry.VisitsTimesteps)
            throw new ArgumentException($"The sampler {name} visits timesteps and takes no curve of sigma; leave it out, or use euler or dpmpp_2m.");
        if (settings.Steps < 1) throw new ArgumentException($"Sampling takes at least 1 step, not {settings.Steps}.");
        return entry.Make(settings);
    }

    static SamplerEntry Timesteps(string name, string description, bool eta, Func<SamplerSettings, ISampler> make) =>
        new(name, description, eta, VisitsTimesteps: true) { Make = make };

    static SamplerEntry Levels(string name, string description, bool eta, Func<SamplerSettings, ISampler> make) =>
        new(name, description, eta, VisitsTimesteps: false) { Make = make };

    static X0Limit LimitOf(SamplerSettings s) => s.Limit ?? X0Limit.Clip();

    static T Set<T>(T own, SamplerSettings s) where T : SolverOptions => own with { Levels = s.Over(own.Levels), Limit = LimitOf(s) };

    static AncestralOptions Ancestral(SamplerSettings s) => Set(new AncestralOptions { Eta = s.Eta ?? 1 }, s);

    static DpmSolverSampler Dpm(SamplerSettings s, int order, double eta = 0, bool noise = false) =>
        new(Set(new DpmSolverOptions { Order = order, Eta = eta, IntegratesNoise = noise }, s));

    static DpmSolverSinglestepSampler Singlestep(SamplerSettings s, int order) => new(Set(new DpmSolverSinglestepOptions { Order = order }, s));
}
