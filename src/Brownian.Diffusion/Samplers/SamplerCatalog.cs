namespace Brownian.Diffusion;

/// <summary>A sampler that can be asked for by name.</summary>
/// <param name="Name">As on the command line.</param>
/// <param name="Description">One line.</param>
/// <param name="HasEta">Whether <see cref="SamplerSettings.Eta"/> means something to it.</param>
/// <param name="VisitsTimesteps">It needs a <see cref="NoiseSchedule"/> and takes no <see cref="SamplerSettings.Curve"/>.</param>
public sealed record SamplerEntry(string Name, string Description, bool HasEta, bool VisitsTimesteps)
{
    /// <summary>The steps it takes where nobody says how many; null for all timesteps.</summary>
    public int? Steps { get; init; }

    /// <summary>How often a step asks the network, the first and the last steps excepted.</summary>
    public int Evaluations { get; init; } = 1;

    /// <summary>Whether <see cref="SamplerSettings.Order"/> means something to it.</summary>
    public bool HasOrder { get; init; }

    /// <summary>Whether <see cref="SamplerSettings.EndsAtFirstTimestep"/> means something to it.</summary>
    public bool HasEnd { get; init; }

    /// <summary>Whether <see cref="SamplerSettings.Churn"/> means something to it.</summary>
    public bool HasChurn { get; init; }

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
        Timesteps("ddim", "deterministic, good in 50 steps (Song et al. 2021)", eta: true, s => new DdimSampler(new()
        {
            Timesteps = s.Over(new DdimOptions().Timesteps),
            Eta = s.Eta ?? 0,
            Limit = LimitOf(s),
            EndsAtFirstTimestep = s.EndsAtFirstTimestep,
        })) with { Steps = 50, HasEnd = true },
        Timesteps("pndm", "four past steps, the first by Runge-Kutta (Liu et al. 2022)", eta: false, s => Pndm(s, rungeKutta: true)) with { Steps = 50, HasEnd = true },
        Timesteps("plms", "pndm without Runge-Kutta", eta: false, s => Pndm(s, rungeKutta: false)) with { Steps = 50, HasEnd = true },
        Levels("euler", "Euler's method on the ODE", eta: false, s => new EulerSampler(Set(new EulerOptions { Churn = s.AsChurn }, s))) with { HasChurn = true },
        Levels("euler_a", "Euler's method with noise in each step", eta: true, s => new EulerAncestralSampler(Ancestral(s))),
        Levels("heun", "Heun's method", eta: false, s => new HeunSampler(Set(new HeunOptions { Churn = s.AsChurn }, s))) with { Evaluations = 2, HasChurn = true },
        Levels("edm", "Heun's method over Karras' sigmas (Karras et al. 2022)", eta: false, s => new HeunSampler(
            Set(new HeunOptions { Churn = s.AsChurn }, s with { Curve = s.Curve ?? SigmaCurve.Karras, Steps = s.Steps ?? 18 }))) with { Steps = 18, Evaluations = 2, HasChurn = true },
        Levels("dpm_2", "the midpoint method", eta: false, s => new Dpm2Sampler(Set(new Dpm2Options { Churn = s.AsChurn }, s))) with { Evaluations = 2, HasChurn = true },
        Levels("dpm_2_a", "the midpoint method with noise in each step", eta: true, s => new Dpm2AncestralSampler(Ancestral(s))) with { Evaluations = 2 },
        Levels("lms", "linear multistep of order 4", eta: false, Lms) with { HasOrder = true },
        Levels("dpmpp_2m", "DPM-Solver++ of order 2, good in 20 steps (Lu et al. 2022)", eta: false, s => Dpm(s, order: 2)) with { Steps = 20 },
        Levels("dpmpp_3m", "DPM-Solver++ of order 3", eta: false, s => Dpm(s, order: 3)) with { Steps = 20 },
        Levels("dpmpp_2m_sde", "DPM-Solver++ of order 2 with noise in each step", eta: true, s => Dpm(s, order: 2, eta: s.Eta ?? 1)) with { Steps = 20 },
        Levels("dpmpp_3m_sde", "DPM-Solver++ of order 3 with noise in each step", eta: true, s => Dpm(s, order: 3, eta: s.Eta ?? 1)) with { Steps = 20 },
        Levels("dpmpp_2s", "DPM-Solver++ of order 2 in groups of two levels", eta: false, s => Singlestep(s, order: 2)) with { Steps = 20 },
        Levels("dpmpp_3s", "DPM-Solver++ of order 3 in groups of three levels", eta: false, s => Singlestep(s, order: 3)) with { Steps = 20 },
        Levels("dpmpp_2s_a", "DPM-Solver++(2S) with noise in each step", eta: true, s => new Dpmpp2sAncestralSampler(Ancestral(s))) with { Evaluations = 2 },
        Levels("dpmpp_sde", "DPM-Solver++ for the SDE", eta: true, s => new DpmppSdeSampler(Ancestral(s))) with { Evaluations = 2 },
        Levels("dpm_solver_2m", "DPM-Solver of order 2 on the noise", eta: false, s => Dpm(s, order: 2, noise: true)) with { Steps = 20 },
        Levels("deis", "exponential integrator in log sigma (Zhang & Chen 2023)", eta: false, Deis) with { Steps = 20, HasOrder = true },
        Levels("unipc", "predictor and corrector, good in 10 steps (Zhao et al. 2023)", eta: false, UniPc) with { Steps = 20, HasOrder = true },
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
            ?? throw new ArgumentException($"There is no sampler '{name}'; use {Names(_ => true)}.");
        if (settings.Eta is not null && !entry.HasEta)
            throw new ArgumentException($"The sampler {name} has no eta; leave it out, or use one of {Names(e => e.HasEta)}.");
        if (settings.Curve is not null && entry.VisitsTimesteps)
            throw new ArgumentException($"The sampler {name} visits timesteps and takes no curve of sigma; leave it out, or use euler or dpmpp_2m.");
        if (settings.Order is not null && !entry.HasOrder)
            throw new ArgumentException($"The order of the sampler {name} is its name's; leave it out, or use {Names(e => e.HasOrder)}.");
        if (settings.Churn is not null && !entry.HasChurn)
            throw new ArgumentException($"The sampler {name} has no churn; leave it out, or use {Names(e => e.HasChurn)}.");
        if (settings.EndsAtFirstTimestep && !entry.HasEnd)
            throw new ArgumentException($"The sampler {name} cannot stop at the noise of timestep 0; use {Names(e => e.HasEnd)}.");
        if (settings.Steps < 1) throw new ArgumentException($"Sampling takes at least 1 step, not {settings.Steps}.");
        return entry.Make(settings);
    }

    static string Names(Func<SamplerEntry, bool> which) => string.Join(", ", All.Where(which).Select(e => e.Name));

    static SamplerEntry Timesteps(string name, string description, bool eta, Func<SamplerSettings, ISampler> make) =>
        new(name, description, eta, VisitsTimesteps: true) { Make = make };

    static SamplerEntry Levels(string name, string description, bool eta, Func<SamplerSettings, ISampler> make) =>
        new(name, description, eta, VisitsTimesteps: false) { Make = make, Steps = 50 };

    static X0Limit LimitOf(SamplerSettings s) => s.Limit ?? X0Limit.Clip();

    static T Set<T>(T own, SamplerSettings s) where T : SolverOptions => own with { Levels = s.Over(own.Levels), Limit = LimitOf(s) };

    static AncestralOptions Ancestral(SamplerSettings s) => Set(new AncestralOptions { Eta = s.Eta ?? 1 }, s);

    static PndmSampler Pndm(SamplerSettings s, bool rungeKutta) => new(new()
    {
        Timesteps = s.Over(new PndmOptions().Timesteps),
        Limit = LimitOf(s),
        RungeKutta = rungeKutta,
        EndsAtFirstTimestep = s.EndsAtFirstTimestep,
    });

    static LmsSampler Lms(SamplerSettings s)
    {
        LmsOptions own = Set(new LmsOptions(), s);
        return new(own with { Order = s.Order ?? own.Order });
    }

    static DeisSampler Deis(SamplerSettings s)
    {
        DeisOptions own = Set(new DeisOptions(), s);
        return new(own with { Order = s.Order ?? own.Order });
    }

    static UniPcSampler UniPc(SamplerSettings s)
    {
        UniPcOptions own = Set(new UniPcOptions(), s);
        return new(own with { Order = s.Order ?? own.Order });
    }

    static DpmSolverSampler Dpm(SamplerSettings s, int order, double eta = 0, bool noise = false) =>
        new(Set(new DpmSolverOptions { Order = order, Eta = eta, IntegratesNoise = noise }, s));

    static DpmSolverSinglestepSampler Singlestep(SamplerSettings s, int order) => new(Set(new DpmSolverSinglestepOptions { Order = order }, s));
}
