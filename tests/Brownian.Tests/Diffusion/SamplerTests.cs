using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>What every sampler owes, whatever its formulas.</summary>
public sealed class SamplerTests : IDisposable
{
    static readonly Shape Image = Shape.Of(4, 3, 2);
    readonly Device _device = Device.Cpu(threads: 1);

    public static TheoryData<string> Names => [.. SamplerType.All.Select(type => type.Name)];

    public void Dispose() => _device.Dispose();

    Denoiser Stub() => new(new StubNetwork(_device, Image, StubNetwork.Analytic), NoiseSchedule.Linear(), Parameterization.Velocity);

    static Sampler Named(string name, int steps) => SamplerType.Named(name).Initial with { Steps = steps, Limit = X0Limit.Clip() };

    static Tensor Sample(Sampler sampler, IDenoiser denoiser, ReadOnlySpan<ulong> seeds, Action<SampleStep>? onStep = null) =>
        sampler.Sample(denoiser, seeds, onStep, cancel: TestContext.Current.CancellationToken);

    [Theory, MemberData(nameof(Names))]
    public void An_image_is_the_same_bits_alone_and_in_a_batch(string name)
    {
        ulong[] seeds = [3, 14, ulong.MaxValue];
        float[] together = Sample(Named(name, 8), Stub(), seeds).ToArray();
        for (int n = 0; n < seeds.Length; n++)
        {
            float[] alone = Sample(Named(name, 8), Stub(), [seeds[n]]).ToArray();
            Assert.Equal(together[(n * Image.Count)..((n + 1) * Image.Count)], alone);
        }
        Assert.All(together, pixel => Assert.True(float.IsFinite(pixel)));
        Assert.NotEqual(together[..Image.Count], together[Image.Count..(2 * Image.Count)]);
    }

    [Theory, MemberData(nameof(Names))]
    public void Nothing_piles_up_over_the_steps(string name)
    {
        List<long> live = [];
        using TensorScope outside = _device.OpenScope();
        long before = _device.Memory.Live;
        Sample(Named(name, 40), Stub(), [1, 2], _ => live.Add(_device.Memory.Live));
        Assert.True(live.Max() - before <= 40 * 2 * Image.Count * sizeof(float) + 4096, $"{live.Max() - before} bytes for images of {2 * Image.Count * 4}");
        // Steps of a group differ among themselves, the first are of lower order, and the last has no noise.
        for (int k = 8; k < live.Count - 8; k++) Assert.Equal(live[k], live[k + 6]);
    }

    [Theory, MemberData(nameof(Names))]
    public void Steps_report_themselves_in_order_and_the_last_is_the_result(string name)
    {
        List<SampleStep> steps = [];
        float[] last = [];
        float[] result = Sample(Named(name, 6), Stub(), [1], step =>
        {
            steps.Add(step);
            last = step.X.ToArray();
            Assert.Equal(step.X.Shape, step.X0.Shape);
        }).ToArray();
        Assert.Equal([0, 1, 2, 3, 4, 5], steps.Select(s => s.Index));
        Assert.All(steps, step => Assert.True(step.Count == 6 && step.To.Ratio < step.From.Ratio));
        Assert.True(steps.Zip(steps.Skip(1)).All(pair => pair.First.Timestep > pair.Second.Timestep));
        Assert.Equal(last, result);
    }

    [Theory, MemberData(nameof(Names))]
    public void A_network_that_knows_the_image_leads_to_it(string name)
    {
        Denoiser denoiser = new(new StubNetwork(_device, Image, (_, _) => 0.25), NoiseSchedule.Linear(), Parameterization.Sample);
        // deis and, without all timesteps, ddpm stop at the noise of the first timestep they visit, or the smallest: 0.01.
        double slack = name is "deis" ? 0.05 : 2e-5;
        Assert.All(Sample(Named(name, 10), denoiser, [1, 2]).ToArray(), pixel => Assert.Equal(0.25, pixel, slack));
    }

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3)]
    public void Very_few_steps_are_possible_in_every_process(int steps)
    {
        StubNetwork network = new(_device, Image, StubNetwork.Analytic);
        foreach (SamplerType type in SamplerType.All.Where(type => type.Initial is not PndmSampler))
        {
            List<Denoiser> denoisers = [Stub()];
            if (type.Initial is LevelSampler) denoisers.Add(new(network, new VarianceExploding(), Parameterization.Edm));
            foreach (Denoiser denoiser in denoisers)
                Assert.True(Array.TrueForAll(Sample(Named(type.Name, steps), denoiser, [1]).ToArray(), float.IsFinite), type.Name);
        }
    }

    /// <summary>Samplers of the ODE: how much smaller their error becomes with twice the steps, at least, and their error with 100.</summary>
    public static TheoryData<string, double, double> Deterministic => new()
    {
        { "ddim", 1.8, 0.04 }, { "pndm", 1.1, 5e-4 }, { "plms", 1.1, 5e-4 }, { "euler", 1.8, 0.04 }, { "heun", 3.5, 3e-3 }, { "edm", 3.5, 3e-3 },
        { "dpm_2", 3.5, 2e-3 }, { "lms", 6, 5e-4 }, { "dpmpp_2m", 4, 2e-3 }, { "dpmpp_3m", 5, 3e-4 }, { "dpmpp_2s", 3, 6e-3 }, { "dpmpp_3s", 1.3, 1e-3 },
        { "dpm_solver_2m", 1.5, 1e-3 }, { "deis", 2, 2e-3 }, { "unipc", 5, 5e-4 },
    };

    [Theory, MemberData(nameof(Deterministic))]
    public void The_ode_of_normal_data_is_solved_to_the_order_of_the_sampler(string name, double gain, double allowed)
    {
        // x_0 ~ N(0, s²): x̂_0 = E[x_0 | x_t] = α·s²/(α²s² + σ²)·x_t, and the ODE keeps x_t/√(α²s² + σ²).
        const double S = 0.5;
        NoiseSchedule schedule = NoiseSchedule.Linear();
        StubNetwork network = new(_device, Image, (x, t) =>
        {
            NoiseLevel level = schedule.At((double)t);
            return level.Alpha * S * S / (level.Alpha * level.Alpha * S * S + level.Sigma * level.Sigma) * x;
        });
        Denoiser denoiser = new(network, schedule, Parameterization.Sample);
        float[] start = new SeededNoise([7]).Start(denoiser.Images(1), _device).ToArray();
        double coarse = Error(50), fine = Error(100);
        Assert.True(fine < allowed && coarse / fine > gain, $"{name}: {coarse:g3} with 50 steps, {fine:g3} with 100: {coarse / fine:g3} times less");

        double Error(int steps)
        {
            List<(float[] X, NoiseLevel Level)> before = [];
            Sampler sampler = Named(name, steps) with { Limit = X0Limit.None };
            if (sampler is LevelSampler walker) sampler = walker with { Curve = SigmaCurve.Karras };
            Sample(sampler, denoiser, [7], step => before.Add((step.X.ToArray(), step.To)));
            // The last step to the image is of first order in all of them: the error is taken before it.
            (float[] x, NoiseLevel level) = before[^2];
            double scale = Math.Sqrt(level.Alpha * level.Alpha * S * S + level.Sigma * level.Sigma);
            return x.Zip(start, (value, z) => Math.Abs(value / scale - z)).Max() / start.Max(Math.Abs);
        }
    }

    [Theory]
    [InlineData("ddpm"), InlineData("ddim"), InlineData("euler_a"), InlineData("dpm_2_a"), InlineData("dpmpp_2m_sde"), InlineData("dpmpp_3m_sde")]
    [InlineData("dpmpp_2s_a"), InlineData("dpmpp_sde"), InlineData("consistency")]
    public void Stochastic_samplers_draw_from_normal_data(string name)
    {
        const double S = 0.5;
        const int Pixels = 64 * 64;
        NoiseSchedule schedule = NoiseSchedule.Linear();
        StubNetwork network = new(_device, Shape.Of(64, 64, 1), (x, t) =>
        {
            NoiseLevel level = schedule.At((double)t);
            return level.Alpha * S * S / (level.Alpha * level.Alpha * S * S + level.Sigma * level.Sigma) * x;
        });
        SamplerType type = SamplerType.Named(name);
        Sampler sampler = type.With(type.Has("eta") ? [("steps", 250), ("eta", 1)] : [("steps", 250)]) with { Limit = X0Limit.None };
        float[] x = Sample(sampler, new Denoiser(network, schedule, Parameterization.Sample), [1]).ToArray();
        double mean = x.Average(v => (double)v), variance = x.Average(v => (double)v * v) - mean * mean;
        // Fresh noise for a guess of the image is no draw from the posterior: the consistency sampler loses variance.
        double low = name == "consistency" ? 0 : 0.9;
        Assert.InRange(variance / (S * S), low, 1.1);
        Assert.Equal(0, mean, 5 * S / Math.Sqrt(Pixels));
    }

    [Theory]
    [InlineData("euler"), InlineData("heun"), InlineData("dpmpp_2m"), InlineData("dpmpp_3m"), InlineData("dpmpp_2m_sde"), InlineData("dpmpp_2s")]
    [InlineData("unipc"), InlineData("consistency")]
    public void A_rectified_flow_is_sampled_from_pure_noise(string name)
    {
        Denoiser denoiser = new(new StubNetwork(_device, Image, (x, t) => 0.5 - (x - 0.5) / 0.5), new RectifiedFlow(), Parameterization.Flow);
        Assert.True(Array.TrueForAll(Sample(Named(name, 10), denoiser, [1]).ToArray(), float.IsFinite));
    }

    [Fact]
    public void A_rectified_flow_towards_one_image_arrives_in_one_step()
    {
        // All data is one image c: u = ε − c = (x − c)/t.
        StubNetwork network = new(_device, Image, (x, t) => (x - 0.3) / (t / 1000));
        Denoiser denoiser = new(network, new RectifiedFlow { Shift = 3 }, Parameterization.Flow);
        foreach (int steps in (int[])[1, 7])
            Assert.All(Sample(Named("euler", steps), denoiser, [5]).ToArray(), pixel => Assert.Equal(0.3, pixel, 1e-6));
    }

    [Fact]
    public void Second_orders_converge_faster_on_a_rectified_flow()
    {
        // Normal data of deviation s: u = dx/dt with x ∝ √((1−t)²s² + t²).
        const double S = 0.5;
        StubNetwork network = new(_device, Image, (x, time) =>
        {
            double t = time / 1000;
            return (t - (1 - t) * S * S) / ((1 - t) * (1 - t) * S * S + t * t) * x;
        });
        Denoiser denoiser = new(network, new RectifiedFlow(), Parameterization.Flow);
        float[] start = new SeededNoise([7]).Start(denoiser.Images(1), _device).ToArray();
        double euler10 = Error("euler", 10), euler20 = Error("euler", 20), heun10 = Error("heun", 10), heun20 = Error("heun", 20);
        Assert.InRange(euler10 / euler20, 1.6, 2.6);
        Assert.InRange(heun10 / heun20, 3, 6);
        Assert.True(heun10 < euler20);

        double Error(string name, int steps)
        {
            Sampler sampler = Named(name, steps) with { Limit = X0Limit.None };
            return Sample(sampler, denoiser, [7]).ToArray().Zip(start, (image, z) => Math.Abs(image - S * z)).Max();
        }
    }

    [Fact]
    public void What_cannot_be_sampled_is_refused_with_a_reason()
    {
        StubNetwork network = new(_device, Image, StubNetwork.Analytic);
        Denoiser flow = new(network, new RectifiedFlow(), Parameterization.Flow), edm = new(network, new VarianceExploding(), Parameterization.Edm);
        Refuses("ddpm needs a network trained with a schedule of timesteps, not with a RectifiedFlow", () => Sample(Named("ddpm", 5), flow, [1]));
        Refuses("ddim needs a network", () => Sample(Named("ddim", 5), edm, [1]));
        Refuses("euler_a cannot start from noise without any image", () => Sample(Named("euler_a", 5), flow, [1]));
        Refuses("the curve Karras cannot", () => Sample(Named("edm", 5), flow, [1]));
        Refuses("at least 4, or use ddim", () => Sample(Named("pndm", 3), Stub(), [1]));
        Refuses("at least 2", () => Sample(Named("plms", 1), Stub(), [1]));
        Refuses("There is no sampler 'dppm'; did you mean 'ddpm'?", () => Named("dppm", 5));
        Refuses("The sampler euler has no eta (--eta); leave it out, or use one of ddim, euler_a", () => SamplerType.Named("euler").With([("eta", 1.0)]));
        Refuses("The sampler ddim has no sigma_curve (--curve); ", () => SamplerType.Named("ddim").With([("sigma_curve", "karras")]));
        Refuses("sigma_curve is carras; it must be native or karras", () => SamplerType.Named("heun").With([("sigma_curve", "carras")]));
        Refuses("heun: Steps is 0; it must be at least 1", () => Sample(Named("heun", 0), Stub(), [1]));
        Refuses("ddim: Eta is 2; it must be from 0 to 1", () => Sample(new DdimSampler { Eta = 2 }, Stub(), [1]));
        Refuses("euler_a: Eta is -1", () => Sample(new EulerAncestralSampler { Eta = -1 }, Stub(), [1]));
        Refuses("Order is 4; use 1, 2 or 3", () => Sample(new DpmSolverSampler { Order = 4 }, Stub(), [1]));
        Refuses("needs DPM-Solver++", () => Sample(new DpmSolverSampler { IntegratesImage = false, Eta = 1 }, Stub(), [1]));
        Refuses("lms: Order is 5", () => Sample(new LmsSampler { Order = 5 }, Stub(), [1]));
        Refuses("deis: Order is 3", () => Sample(new DeisSampler { Order = 3 }, Stub(), [1]));
        Refuses("unipc: Order is 0", () => Sample(new UniPcSampler { Order = 0 }, Stub(), [1]));
        Refuses("unipc: Solver is heun; use bh1 or bh2", () => Sample(new UniPcSampler { Solver = SolverType.Heun }, Stub(), [1]));
        Refuses("euler: Churn is -1", () => Sample(new EulerSampler { Churn = -1 }, Stub(), [1]));
        Refuses("give a number of steps", () => Sample(new EulerSampler { Steps = null }, flow, [1]));
        Refuses("leaves none of the 1000 timesteps", () => Sample(new EulerSampler { SmallestLambda = 9 }, Stub(), [1]));
        Refuses("at least 2 noise levels", () => new VarianceExploding().Levels(new() { Explicit = [NoiseLevel.Clean] }));
        Refuses("Noise levels must fall", () => new VarianceExploding().Levels(new() { Explicit = [NoiseLevel.Clean, new(1, 2, 0)] }));
        Refuses("use 0 < smallest < largest", () => new VarianceExploding(1, 0.5));

        static void Refuses(string message, Func<object> act) =>
            Assert.Contains(message, Assert.Throws<ArgumentException>(act).Message, StringComparison.Ordinal);
    }
}
