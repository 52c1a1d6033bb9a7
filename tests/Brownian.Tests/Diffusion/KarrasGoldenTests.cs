using System.Text.Json;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>The trajectories of k-diffusion and of EDM in <c>golden/losses</c>, evaluation by evaluation. The files are enumerated.</summary>
public sealed class KarrasGoldenTests
{
    // F(u, c) with c = ln σ/4, which is also what k-diffusion's recorded denoiser is made of.
    static double F(double u, double c) => 0.4 * Math.Sin(u) + 0.2 * Math.Cos(c) * u;

    static LevelSelection TenSigmas { get; } = new() { Timesteps = new() { Count = 10 }, Curve = SigmaCurve.Karras };

    public static TheoryData<string> KDiffusion => [.. Fixtures.NamesIn("losses").Where(n => n.StartsWith("kd_", StringComparison.Ordinal) && n != "kd_sigmas")];

    public static TheoryData<string> Edm => [.. Fixtures.NamesIn("losses").Where(n => n.StartsWith("edm_heun", StringComparison.Ordinal))];

    [Theory(SkipTestWithoutData = true), MemberData(nameof(KDiffusion))]
    public void Samplers_of_k_diffusion_come_out_the_same(string name)
    {
        using SafetensorsFile file = SafetensorsFile.Read(Fixtures.Golden($"losses/{name}.safetensors"));
        using Device device = Device.Cpu(threads: 1);
        VarianceExploding process = new(0.03, 14.6);
        int draws = file.Names.Contains("noises") && file["noises"].Shape[0] > 10 ? 2 : 1;
        RecordingDenoiser denoiser = new(new Denoiser(NetworkFor(file, "x_init", device), process, Parameterization.EdmOf(1)));
        List<int> firstCalls = [0];

        Tensor result = SamplerOf(name).Sample(
            denoiser,
            NoiseOf(file, "x_init", file.Names.Contains("noises"), process, draws),
            _ => firstCalls.Add(denoiser.Calls.Count),
            cancel: TestContext.Current.CancellationToken);

        double[] x = Nhwc.From(file.ReadDoubles("x"), file["x"].Shape);
        int size = x.Length / 11;
        Assert.Equal(11, firstCalls.Count);
        for (int k = 0; k < 10; k++) Close.Relative(x.AsSpan(k * size, size), denoiser.Calls[firstCalls[k]].X, 1e-5, $"x at step {k}");
        Close.Relative(x.AsSpan(10 * size), result.ToArray(), 1e-5, "the result");
    }

    static Sampler SamplerOf(string name)
    {
        using JsonDocument settings = JsonDocument.Parse(File.ReadAllText(Fixtures.Golden("losses/kd.json")));
        JsonElement run = settings.RootElement.GetProperty("samplers").GetProperty(name), arguments = run.GetProperty("kwargs");
        DpmSolverSampler dpm = new() { Levels = TenSigmas, LowerOrderAtEnd = false };
        bool heun = arguments.TryGetProperty("solver_type", out JsonElement type) && type.GetString() == "heun";
        SolverType solver = heun ? SolverType.Heun : SolverType.Midpoint;
        return run.GetProperty("function").GetString() switch
        {
            "sample_euler" => Churned(new EulerSampler()),
            "sample_euler_ancestral" => Ancestral(new EulerAncestralSampler()),
            "sample_heun" => Churned(new HeunSampler()),
            "sample_dpm_2" => Churned(new Dpm2Sampler()),
            "sample_dpm_2_ancestral" => Ancestral(new Dpm2AncestralSampler()),
            "sample_lms" => new LmsSampler { Levels = TenSigmas },
            "sample_dpmpp_2m" => dpm,
            "sample_dpmpp_2s_ancestral" => Ancestral(new Dpmpp2sAncestralSampler()),
            "sample_dpmpp_sde" => Ancestral(new DpmppSdeSampler()),
            "sample_dpmpp_2m_sde" => dpm with { Eta = Number("eta", 1), Solver = solver },
            "sample_dpmpp_3m_sde" => dpm with { Eta = Number("eta", 1), Order = 3, Solver = SolverType.Heun },
            var other => throw new InvalidDataException($"no sampler covers {other}"),
        };

        Sampler Churned(ChurnSampler sampler) => sampler with
        {
            Levels = TenSigmas,
            Churn = Number("s_churn", 0),
            ChurnFrom = Number("s_tmin", 0),
            ChurnUpTo = Number("s_tmax", double.PositiveInfinity),
            NoiseScale = Number("s_noise", 1),
        };

        Sampler Ancestral(AncestralSampler sampler) =>
            sampler with { Levels = TenSigmas, Eta = Number("eta", 1), NoiseScale = Number("s_noise", 1) };

        double Number(string key, double otherwise) => arguments.TryGetProperty(key, out JsonElement value) ? value.GetDouble() : otherwise;
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Edm))]
    public void Every_evaluation_of_edms_sampler_comes_out_the_same(string name)
    {
        using SafetensorsFile file = SafetensorsFile.Read(Fixtures.Golden($"losses/{name}.safetensors"));
        using JsonDocument settings = JsonDocument.Parse(File.ReadAllText(Fixtures.Golden("losses/edm.json")));
        JsonElement arguments = settings.RootElement.GetProperty(name["edm_".Length..]);
        using Device device = Device.Cpu(threads: 1);
        VarianceExploding process = new(Number("sigma_min", 0.002), Number("sigma_max", 80));
        RecordingDenoiser denoiser = new(new Denoiser(NetworkFor(file, "latents", device), process, Parameterization.Edm));
        HeunSampler sampler = new()
        {
            Steps = (int)Number("num_steps", 18),
            Curve = SigmaCurve.Karras,
            Rho = Number("rho", 7),
            Churn = Number("S_churn", 0),
            ChurnFrom = Number("S_min", 0),
            ChurnUpTo = Number("S_max", double.PositiveInfinity),
            NoiseScale = Number("S_noise", 1),
        };

        // EDM starts from σ_max·z, we from √(1 + σ_max²)·z, as if images had variance 1: the recorded z is given the former.
        RecordedNoise noise = NoiseOf(file, "latents", noises: true, process, 1, scale: process.Largest);
        Tensor result = sampler.Sample(denoiser, noise, cancel: TestContext.Current.CancellationToken);

        double[] sigmas = file.ReadDoubles("calls.sigma"), x = Nhwc.From(file.ReadDoubles("calls.x"), file["calls.x"].Shape);
        double[] answers = Nhwc.From(file.ReadDoubles("calls.D"), file["calls.D"].Shape);
        int size = x.Length / sigmas.Length;
        Assert.Equal(sigmas.Length, denoiser.Calls.Count);
        for (int k = 0; k < sigmas.Length; k++)
        {
            Assert.Equal(1, denoiser.Calls[k].Level.Sigma / sigmas[k], 1e-10);
            Close.Relative(x.AsSpan(k * size, size), denoiser.Calls[k].X, 1e-5, $"x of evaluation {k}");
            Close.Relative(answers.AsSpan(k * size, size), denoiser.Calls[k].X0, 1e-5, $"D of evaluation {k}");
        }
        Close.Relative(Nhwc.From(file.ReadDoubles("x_final_f64"), file["x_final_f64"].Shape), result.ToArray(), 1e-5, "the result");

        double Number(string key, double otherwise) => arguments.TryGetProperty(key, out JsonElement value) ? value.GetDouble() : otherwise;
    }

    [Fact]
    public void Curves_of_sigma_are_those_of_k_diffusion()
    {
        using SafetensorsFile file = SafetensorsFile.Read(Fixtures.Golden("losses/kd_sigmas.safetensors"));
        Agree("karras", SigmaCurves.Karras(10, 14.6, 0.03));
        Agree("karras_rho5", SigmaCurves.Karras(15, 50, 0.01, rho: 5));
        Agree("exponential", SigmaCurves.Exponential(10, 14.6, 0.03));
        Agree("polyexponential", SigmaCurves.Polyexponential(10, 14.6, 0.03));

        void Agree(string name, double[] actual)
        {
            double[] expected = file.ReadDoubles(name);
            Assert.Equal(0, expected[^1]);
            Assert.Equal(expected.Length - 1, actual.Length);
            for (int i = 0; i < actual.Length; i++) Assert.Equal(1, actual[i] / expected[i], 1e-12);
        }
    }

    // sigma(ramp) = exp(linspace(1, 0, n)^rho·(ln σ_max − ln σ_min) + ln σ_min)
    [Theory]
    [InlineData(null, new[] { 80, 0.4, 0.002 })]
    [InlineData(2.0, new[] { 80, 0.028284271247461896, 0.002 })]
    [InlineData(0.5, new[] { 80, 3.590689262177243, 0.002 })]
    public void Polyexponential_bends_by_rho(double? rho, double[] expected)
    {
        HeunSampler sampler = new() { Steps = 3, Curve = SigmaCurve.Polyexponential, Rho = rho };
        IReadOnlyList<NoiseLevel> levels = new VarianceExploding().Levels(sampler.Levels);
        for (int i = 0; i < 3; i++) Assert.Equal(1, levels[i].Sigma / expected[i], 1e-6);
        Assert.Equal(0, levels[3].Sigma);
    }

    [Fact]
    public void Preconditioning_and_loss_are_those_of_edm()
    {
        using SafetensorsFile file = SafetensorsFile.Read(Fixtures.Golden("losses/edm_precond.safetensors"));
        VarianceExploding process = new();
        Parameterization edm = Parameterization.Edm;
        double[] sigmas = [.. file.ReadFloats("sigma")], x = [.. file.ReadFloats("x")], answers = file.ReadDoubles("D_f64");
        int size = x.Length / sigmas.Length;
        for (int n = 0; n < sigmas.Length; n++)
        {
            NoiseLevel level = process.AtRatio(sigmas[n]);
            Mix x0 = edm.X0(level);
            Assert.Equal(1, x0.First / file.ReadDoubles("c_skip")[n], 1e-12);
            Assert.Equal(1, x0.Second / file.ReadDoubles("c_out")[n], 1e-12);
            Assert.Equal(1, edm.InputScale(level) / file.ReadDoubles("c_in")[n], 1e-12);
            Assert.Equal(file.ReadDoubles("c_noise")[n], level.Timestep, 1e-12);
            for (int i = n * size; i < (n + 1) * size; i++)
                Assert.Equal(answers[i], x0.Of(x[i], F(edm.InputScale(level) * x[i], level.Timestep)), 1e-9);
        }
        LossAgrees(file, process, edm);
    }

    // λ(σ)·‖D − y‖² is ‖F − target‖², unweighted: λ = 1/c_out².
    static void LossAgrees(SafetensorsFile file, VarianceExploding process, Parameterization edm)
    {
        float[] images = file.ReadFloats("loss.images"), noise = file.ReadFloats("loss.noise"), z = file.ReadFloats("loss.rnd_normal");
        double[] expected = file.ReadDoubles("loss_edm_f64");
        int size = images.Length / z.Length;
        for (int i = 0; i < images.Length; i++)
        {
            NoiseLevel level = process.AtRatio(Math.Exp(z[i / size] * 1.2 - 1.2));
            double answer = F(edm.InputScale(level) * (images[i] + level.Sigma * noise[i]), level.Timestep);
            double loss = Math.Pow(answer - edm.Target(level).Of(images[i], noise[i]), 2);
            Assert.Equal(expected[i], loss, 1e-9 * Math.Max(1, expected[i]));
        }
    }

    [Fact]
    public void The_respaced_ddim_chain_of_improved_diffusion_comes_out_the_same()
    {
        using SafetensorsFile file = SafetensorsFile.Read(Fixtures.Golden("losses/respaced_ddim.safetensors"));
        using Device device = Device.Cpu(threads: 1);
        int[] timesteps = [.. file.ReadIntegers("timestep_map").Reverse().Select(t => (int)t)];
        DdimSampler sampler = new() { Custom = [.. timesteps], EpsFollowsLimit = true };
        StubNetwork network = NetworkFor(file, "x_init", device, StubNetwork.Analytic, StubNetwork.AnalyticVariance);
        List<float[]> steps = [];
        sampler.Sample(
            new Denoiser(network, NoiseSchedule.Cosine(), Parameterization.Epsilon),
            NoiseOf(file, "x_init", noises: true, null, 1),
            step => steps.Add(step.X.ToArray()),
            cancel: TestContext.Current.CancellationToken);
        double[] x = Nhwc.From(file.ReadDoubles("x"), file["x"].Shape);
        int size = x.Length / timesteps.Length;
        for (int k = 0; k < steps.Count; k++) Close.Relative(x.AsSpan(k * size, size), steps[k], 1e-5, $"x after step {k}");
    }

    static StubNetwork NetworkFor(
        SafetensorsFile file, string start, Device device, Func<double, double, double>? f = null, Func<double, double, double>? g = null)
    {
        long[] shape = file[start].Shape;
        return new(device, Shape.Of((int)shape[2], (int)shape[3], (int)shape[1]), f ?? F, g);
    }

    static RecordedNoise NoiseOf(SafetensorsFile file, string start, bool noises, VarianceExploding? process, int draws, double scale = 1)
    {
        double[] x = Array.ConvertAll(Nhwc.From(file.ReadDoubles(start), file[start].Shape), v => v * scale);
        return new(
            (int)file[start].Shape[0],
            x,
            process is null ? 1 : Math.Sqrt(1 + process.Largest * process.Largest),
            noises ? Nhwc.From(file.ReadFloats("noises"), file["noises"].Shape) : [],
            (step, draw) => step * draws + draw);
    }
}
