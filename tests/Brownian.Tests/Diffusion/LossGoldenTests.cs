using System.Text.Json;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>The losses in <c>golden/losses</c> and the training numbers of <c>golden/rectified_flow</c>.</summary>
public sealed class LossGoldenTests : IDisposable
{
    readonly Device _device = Device.Cpu(threads: 1);

    public static TheoryData<string> Hybrids => [.. Fixtures.NamesIn("losses").Where(n => n.StartsWith("hybrid_", StringComparison.Ordinal))];

    public void Dispose() => _device.Dispose();

    [Fact]
    public void Every_file_of_losses_has_a_test()
    {
        string[] prefixes = ["hybrid_", "kd_", "edm_heun", "edm_precond", "gaussian_tables_", "respaced_p_", "respaced_ddim", "weights"];
        Assert.All(Fixtures.NamesIn("losses"), name => Assert.Contains(prefixes, p => name.StartsWith(p, StringComparison.Ordinal)));
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Hybrids))]
    public void Losses_and_gradients_are_those_of_improved_diffusion(string name)
    {
        using SafetensorsFile file = SafetensorsFile.Read(Fixtures.Golden($"losses/{name}.safetensors"));
        using JsonDocument settings = JsonDocument.Parse(File.ReadAllText(Fixtures.Golden($"losses/{name}.json")));
        TrainingObjective objective = ObjectiveOf(settings.RootElement);
        Tensor answer = Images(file, "model_output").WithGrad();
        int[] timesteps = [.. file.ReadIntegers("t").Select(t => (int)t)];
        LeafNetwork network = new(answer, Images(file, "x_start").Shape, _device);

        TrainingLoss loss = objective.Loss(network, Images(file, "x_start"), timesteps, Images(file, "noise"));
        loss.Total.Backward();

        Close.Relative(Nhwc.From(file.ReadFloats("x_t"), file["x_t"].Shape), network.Seen!, 1e-6, "x_t");
        double[] expected = file.ReadDoubles("loss_f64");
        for (int n = 0; n < expected.Length; n++) Assert.Equal(1, loss.PerImage.Value[n] / expected[n], 2e-5);
        Assert.Equal(1, loss.Total.Item() / expected.Average(), 1e-5);
        double[] gradient = Nhwc.From(file.ReadDoubles("grad_f64"), file["grad_f64"].Shape);
        float[] actual = answer.Grad!.ToArray();
        int size = actual.Length / timesteps.Length;
        for (int n = 0; n < timesteps.Length; n++)
            Close.Relative(gradient.AsSpan(n * size, size), actual.AsSpan(n * size, size), 2e-5, $"the gradient of image {n}, t = {timesteps[n]}");
    }

    static TrainingObjective ObjectiveOf(JsonElement settings)
    {
        int timesteps = settings.GetProperty("T").GetInt32();
        string loss = settings.GetProperty("loss_type").GetString()!, variance = settings.GetProperty("model_var_type").GetString()!;
        NoiseSchedule schedule = settings.GetProperty("beta_schedule").GetString() == "cosine"
            ? NoiseSchedule.Cosine(timesteps)
            : NoiseSchedule.Linear(timesteps, scaledToTimesteps: true);
        bool alone = loss.EndsWith("KL", StringComparison.Ordinal);
        VariationalTerm term = new()
        {
            Variance = Names.Named<ReverseVariance>(variance.ToLowerInvariant(), "variance"),
            Alone = alone,
            Weight = loss switch { "RESCALED_MSE" => 0.001, "RESCALED_KL" => 1, _ => 1.0 / timesteps },
        };
        Parameterization predicts = settings.GetProperty("model_mean_type").GetString() == "START_X" ? Parameterization.Sample : Parameterization.Epsilon;
        bool learned = variance.StartsWith("LEARNED", StringComparison.Ordinal);
        return new(schedule, predicts, Seed: 0) { Bound = alone || learned ? term : null };
    }

    [Theory]
    [InlineData("linear"), InlineData("cosine")]
    public void Weights_of_noise_levels_are_the_published_ones(string name)
    {
        using SafetensorsFile file = SafetensorsFile.Read(Fixtures.Golden("losses/weights.safetensors"));
        NoiseSchedule schedule = name == "linear" ? NoiseSchedule.Linear() : NoiseSchedule.Cosine();
        Agree("snr", (_, level) => level.SignalToNoise);
        Agree("minsnr.eps", (_, level) => LossWeighting.MinSnr().Of(Parameterization.Epsilon, level));
        Agree("minsnr.x0", (_, level) => LossWeighting.MinSnr().Of(Parameterization.Sample, level));
        Agree("minsnr.v", (_, level) => LossWeighting.MinSnr().Of(Parameterization.Velocity, level));
        double[] snr = file.ReadDoubles($"{name}.snr");
        for (int t = 0; t < 1000; t++)
        {
            double soft = snr[t] * 4 / (snr[t] + 4);         // of the loss of x_0
            Assert.Equal(1, LossWeighting.SoftMinSnr().Of(Parameterization.Sample, schedule.At(t)) / soft, 1e-9);
            Assert.Equal(1, LossWeighting.SoftMinSnr().Of(Parameterization.Epsilon, schedule.At(t)) / (soft / snr[t]), 1e-9);
            Assert.Equal(1, LossWeighting.SoftMinSnr().Of(Parameterization.Velocity, schedule.At(t)) / (soft / (snr[t] + 1)), 1e-9);
        }
        Agree("p2.gamma1", (_, level) => LossWeighting.P2().Of(Parameterization.Epsilon, level));
        Agree("p2.gamma05", (_, level) => LossWeighting.P2(0.5).Of(Parameterization.Epsilon, level));

        void Agree(string table, Func<int, NoiseLevel, double> weight)
        {
            double[] expected = file.ReadDoubles($"{name}.{table}");
            Assert.Equal(1000, expected.Length);
            for (int t = 0; t < 1000; t++) Assert.Equal(1, weight(t, schedule.At(t)) / expected[t], 1e-9);
        }
    }

    [Fact]
    public void Targets_of_velocity_are_the_recorded_ones()
    {
        using SafetensorsFile file = SafetensorsFile.Read(Fixtures.Golden("losses/weights.safetensors"));
        NoiseSchedule schedule = NoiseSchedule.Linear();
        long[] timesteps = file.ReadIntegers("v.t");
        double[] x0 = file.ReadDoubles("v.x0"), noise = file.ReadDoubles("v.noise"), expected = file.ReadDoubles("v.target");
        int size = x0.Length / timesteps.Length;
        for (int i = 0; i < x0.Length; i++)
            Assert.Equal(expected[i], Parameterization.Velocity.Target(schedule.At((int)timesteps[i / size])).Of(x0[i], noise[i]), 1e-6);
    }

    [Fact]
    public void The_interpolation_and_the_target_of_a_rectified_flow_are_the_recorded_ones()
    {
        using SafetensorsFile file = SafetensorsFile.Read(Fixtures.Golden("rectified_flow/basics.safetensors"));
        float[] times = file.ReadFloats("scale_noise.timesteps");
        NoiseLevel[] levels = Array.ConvertAll(times, t => new RectifiedFlow().At(t));
        Tensor x0 = Images(file, "scale_noise.x0"), noise = Images(file, "scale_noise.noise");
        Tensor xt = ForwardProcess.MixPerImage(levels, level => new Mix(level.Alpha, level.Sigma), x0, noise);
        Tensor target = ForwardProcess.MixPerImage(levels, Parameterization.Flow.Target, x0, noise);
        Close.Relative(Nhwc.From(file.ReadFloats("scale_noise.result"), file["scale_noise.result"].Shape), xt.ToArray(), 1e-6, "x_t");
        Close.Relative(Nhwc.From(file.ReadFloats("target_velocity"), file["target_velocity"].Shape), target.ToArray(), 1e-6, "u");
        Assert.Equal(file.ReadFloats("train_sigmas"), Enumerable.Range(0, 1000).Select(i => (float)RectifiedFlow.AtTime((1000 - i) / 1000.0).Sigma));
    }

    [Theory]
    [InlineData("plain_euler"), InlineData("plain_heun")]
    public void Plain_steps_of_a_rectified_flow_are_the_recorded_ones(string name)
    {
        using SafetensorsFile file = SafetensorsFile.Read(Fixtures.Golden("rectified_flow/basics.safetensors"));
        double[] expected = Nhwc.From(file.ReadDoubles($"{name}.x"), file[$"{name}.x"].Shape);
        int size = expected.Length / 17;
        LevelSelection levels = new() { Timesteps = new() { Count = 16 } };
        Sampler sampler = name == "plain_euler" ? new EulerSampler { Levels = levels } : new HeunSampler { Levels = levels };
        long[] shape = file["plain_euler.x_init"].Shape;
        StubNetwork network = new(_device, Shape.Of((int)shape[2], (int)shape[3], (int)shape[1]), StubNetwork.Analytic);
        List<float[]> steps = [];
        sampler.Sample(
            new Denoiser(network, new RectifiedFlow(), Parameterization.Flow),
            new RecordedNoise((int)shape[0], expected[..size], 1, [], (_, _) => 0),
            step => steps.Add(step.X.ToArray()),
            cancel: TestContext.Current.CancellationToken);
        int compared = name == "plain_euler" ? 16 : 15;      // our Heun, as Karras', takes Euler's step to the image
        for (int k = 0; k < compared; k++) Close.Relative(expected.AsSpan((k + 1) * size, size), steps[k], 1e-5, $"x after step {k}");
    }

    Tensor Images(SafetensorsFile file, string name)
    {
        long[] s = file[name].Shape;
        return Tensor.From(Nhwc.From(file.ReadFloats(name), s), Shape.Of((int)s[0], (int)s[2], (int)s[3], (int)s[1]), _device);
    }
}
