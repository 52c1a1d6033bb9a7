namespace Brownian;

/// <summary>A sampler that can be asked for by name.</summary>
/// <param name="Name">As in configurations and on the command line.</param>
/// <param name="Description">One line.</param>
/// <param name="Initial">Its settings before any are given.</param>
public sealed record SamplerType(string Name, string Description, Sampler Initial)
{
    static readonly string[] Ode = ["eta", "s_noise"];

    // Keys of the first release come first, in the order that its files have.
    static readonly string[] FirstKeys =
        ["steps", "eta", "timestep_spacing", "steps_offset", "set_alpha_to_one", "sigma_curve", "solver_order", "s_churn"];

    /// <summary>All of them, simplest first: to add one is to write its file and a line here.</summary>
    public static IReadOnlyList<SamplerType> All { get; } =
    [
        new("ddpm", "ancestral sampling over all timesteps or a few (Ho et al. 2020)", new DdpmSampler()),
        new("ddim", "deterministic, good in 50 steps (Song et al. 2021)", new DdimSampler()),
        new("pndm", "four past steps, the first by Runge-Kutta (Liu et al. 2022)", new PndmSampler()),
        new("plms", "pndm without Runge-Kutta", new PndmSampler { RungeKutta = false }),
        new("euler", "Euler's method on the ODE", new EulerSampler()),
        new("euler_a", "Euler's method with noise in each step", new EulerAncestralSampler()),
        new("heun", "Heun's method", new HeunSampler()),
        new("edm", "Heun's method over Karras' sigmas (Karras et al. 2022)", new HeunSampler { Steps = 18, Curve = SigmaCurve.Karras }),
        new("dpm_2", "the midpoint method", new Dpm2Sampler()),
        new("dpm_2_a", "the midpoint method with noise in each step", new Dpm2AncestralSampler()),
        new("lms", "linear multistep of order 4", new LmsSampler()),
        new("dpmpp_2m", "DPM-Solver++ of order 2, good in 20 steps (Lu et al. 2022)", new DpmSolverSampler()) { Fixed = Ode },
        new("dpmpp_3m", "DPM-Solver++ of order 3", new DpmSolverSampler { Order = 3 }) { Fixed = Ode },
        new("dpmpp_2m_sde", "DPM-Solver++ of order 2 with noise in each step", new DpmSolverSampler { Eta = 1 }),
        new("dpmpp_3m_sde", "DPM-Solver++ of order 3 with noise in each step", new DpmSolverSampler { Order = 3, Eta = 1 }),
        new("dpmpp_2s", "DPM-Solver++ of order 2 in groups of two levels", new DpmSolverSinglestepSampler()),
        new("dpmpp_3s", "DPM-Solver++ of order 3 in groups of three levels", new DpmSolverSinglestepSampler { Order = 3 }),
        new("dpmpp_2s_a", "DPM-Solver++(2S) with noise in each step", new Dpmpp2sAncestralSampler()),
        new("dpmpp_sde", "DPM-Solver++ for the SDE", new DpmppSdeSampler()),
        new("dpm_solver_2m", "DPM-Solver of order 2 on the noise", new DpmSolverSampler { IntegratesImage = false }) { Fixed = Ode },
        new("deis", "exponential integrator in log sigma (Zhang & Chen 2023)", new DeisSampler()),
        new("unipc", "predictor and corrector, good in 10 steps (Zhao et al. 2023)", new UniPcSampler()),
        new("consistency", "guess the image, add fresh noise", new ConsistencySampler()),
    ];

    /// <summary>Every key that some sampler has, as the first declares it that says its option, or else the first.</summary>
    public static IReadOnlyList<SettingKey> AllKeys { get; } =
    [
        .. All.SelectMany(type => type.Keys).GroupBy(key => key.Name).Select(same => same.FirstOrDefault(key => key.Option is not null) ?? same.First())
            .OrderBy(key => FirstKeys.Contains(key.Name) ? Array.IndexOf(FirstKeys, key.Name) : FirstKeys.Length),
    ];

    /// <summary>Keys of the record that nobody can give, as the name already says them.</summary>
    public IReadOnlyList<string> Fixed { get; init; } = [];

    /// <summary>The keys that can be given.</summary>
    public IEnumerable<SettingKey> Keys => Initial.Keys.Where(key => !Fixed.Contains(key.Name));

    /// <summary>Whether a key can be given.</summary>
    public bool Has(string key) => Keys.Any(known => known.Name == key);

    /// <summary>The names of the samplers that have a key.</summary>
    public static string NamesWith(string key) => string.Join(", ", All.Where(type => type.Has(key)).Select(type => type.Name));

    static string Option(string key) => AllKeys.FirstOrDefault(known => known.Name == key)?.Option is { } option ? $" ({option})" : "";

    /// <summary>The sampler of that name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static SamplerType Named(string name) => All.FirstOrDefault(type => type.Name == name)
        ?? throw new ArgumentException($"There is no sampler '{name}'{Suggestion.For(name, All.Select(type => type.Name))}");

    /// <summary>What messages call a sampler.</summary>
    internal static string NameOf(Sampler sampler) =>
        All.FirstOrDefault(type => type.Initial.GetType() == sampler.GetType())?.Name ?? sampler.GetType().Name;

    /// <summary>The sampler with the given settings.</summary>
    /// <param name="given">Keys and values of their types.</param>
    /// <exception cref="ArgumentException">It has no such key.</exception>
    public Sampler With(IEnumerable<(string Key, object Value)> given)
    {
        ArgumentNullException.ThrowIfNull(given);
        Sampler sampler = Initial;
        foreach ((string name, object value) in given)
        {
            SettingKey key = Keys.FirstOrDefault(known => known.Name == name) ?? throw new ArgumentException(
                $"The sampler {Name} has no {name}{Option(name)}; leave it out, or use one of {NamesWith(name)}.");
            sampler = key.Set(sampler, key.Accept(value));
        }
        return sampler;
    }
}
