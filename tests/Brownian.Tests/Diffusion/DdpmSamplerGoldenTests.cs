using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>Recorded trajectories of reference implementations, step by step.</summary>
public sealed class DdpmSamplerGoldenTests
{
    public static TheoryData<string> Trajectories =>
    [
        "ddpm_default_10", "ddpm_full", "ddpm_full_fixed_large_noclip", "ddpm_scaled_linear", "ddpm_squaredcos_cap_v2", "ddpm_sigmoid",
        "ddpm_var_fixed_small_log", "ddpm_var_fixed_large", "ddpm_var_learned_range", "ddpm_var_learned_range_sample", "ddpm_pred_sample",
        "ddpm_pred_v_prediction", "ddpm_noclip", "ddpm_clip_range", "ddpm_threshold", "ddpm_spacing_trailing", "ddpm_spacing_linspace",
        "ddpm_leading_offset1", "ddpm_zero_snr_trailing_v", "ddpm_custom_timesteps",
    ];

    /// <summary>Those whose pixels do not look at each other.</summary>
    public static TheoryData<string> PixelByPixel => [.. Trajectories.Select(row => row.Data).Where(name => name != "ddpm_threshold")];

    [Theory, MemberData(nameof(PixelByPixel))]
    public void The_formulas_in_double_walk_it_to_nine_digits(string name)
    {
        using SchedulerGolden golden = new(name);
        DdpmSampler sampler = golden.Ddpm;
        NoiseSchedule schedule = golden.Schedule;
        int[] timesteps = sampler.Timesteps.Of(schedule.Timesteps), stored = golden.Integers("steps");
        double[] x = Array.ConvertAll(golden.Images("x_init"), v => (double)v), expected = golden.ImagesInDouble("x_f64");
        float[] noises = golden.Images("noises");
        double limit = sampler.Limit == X0Limit.None ? double.PositiveInfinity : name == "ddpm_clip_range" ? 2.5 : 1;
        for (int i = 0, drawn = 0, k = 0; i < timesteps.Length; i++)
        {
            int t = timesteps[i];
            Posterior posterior = schedule.PosteriorOf(t, i + 1 < timesteps.Length ? timesteps[i + 1] : -1);
            Mix toX0 = golden.Predicts.X0(schedule.At(t));
            for (int p = 0; p < x.Length; p++)
            {
                double deviation = t == 0 ? 0
                    : sampler.Variance == ReverseVariance.LearnedRange ? posterior.LearnedDeviation(StubNetwork.AnalyticVariance(x[p], t))
                    : posterior.Deviation(sampler.Variance);
                double x0 = Math.Clamp(toX0.Of(x[p], StubNetwork.Analytic(x[p], t)), -limit, limit);
                x[p] = posterior.X0 * x0 + posterior.Xt * x[p] + (t == 0 ? 0 : deviation * noises[drawn * x.Length + p]);
            }
            if (t > 0) drawn++;
            if (k == stored.Length || stored[k] != i) continue;
            Close.Relative(expected.AsSpan(k++ * x.Length, x.Length), x, 1e-9, $"x after step {i}");
        }
    }

    [Theory]
    [InlineData("learned", ReverseVariance.LearnedRange)]
    [InlineData("fixed_large", ReverseVariance.Large)]
    public void Respaced_chains_of_improved_diffusion_come_out_the_same(string name, ReverseVariance variance)
    {
        using var file = SafetensorsFile.Read(Fixtures.Golden($"losses/respaced_p_{name}.safetensors"));
        using Device device = Device.Cpu(threads: 1);
        bool learned = variance == ReverseVariance.LearnedRange;
        NoiseSchedule schedule = learned ? NoiseSchedule.Linear() : NoiseSchedule.Cosine(200);
        int[] timesteps = [.. file.ReadIntegers("timestep_map").Reverse().Select(t => (int)t)];
        DdpmSampler sampler = new()
        {
            Custom = [.. timesteps],
            Variance = variance,
            Limit = learned ? X0Limit.Clip() : X0Limit.None,
        };
        long[] shape = file["x_init"].Shape;
        Shape image = Shape.Of((int)shape[2], (int)shape[3], (int)shape[1]);
        StubNetwork network = new(device, image, StubNetwork.Analytic, learned ? StubNetwork.AnalyticVariance : null);
        RecordedNoise noise = new(
            (int)shape[0],
            Array.ConvertAll(Nhwc.From(file.ReadFloats("x_init"), shape), v => (double)v),
            1,
            Nhwc.From(file.ReadFloats("noises"), file["noises"].Shape),
            (step, _) => step);
        List<float[]> steps = [];

        Denoiser denoiser = new(network, schedule, Parameterization.Epsilon);
        sampler.Sample(denoiser, noise, s => steps.Add(s.X.ToArray()), cancel: TestContext.Current.CancellationToken);

        double[] x = Nhwc.From(file.ReadDoubles("x"), file["x"].Shape);
        int size = x.Length / timesteps.Length;
        Assert.Equal(timesteps.Length, steps.Count);
        for (int i = 0; i < steps.Count; i++)
            Close.Relative(x.AsSpan(i * size, size), steps[i], 1e-4, $"x after step {i}");
    }

    [Fact]
    public void The_tutorials_thousand_steps_come_out_the_same()
    {
        using var file = SafetensorsFile.Read(Fixtures.Golden("seed_unet/scheduler.safetensors"));
        using Device device = Device.Cpu(threads: 1);
        long[] shape = file["chain.x_init"].Shape;
        StubNetwork network = new(device, Shape.Of((int)shape[2], (int)shape[3], 1), (x, t) => 0.9 * Math.Tanh(x) * Math.Sqrt(t / 1000));
        double[] start = Array.ConvertAll(file.ReadFloats("chain.x_init"), v => (double)v);
        RecordedNoise noise = new((int)shape[0], start, 1, file.ReadFloats("chain.z"), (step, _) => step);
        List<float[]> every100 = [];

        new DdpmSampler { Limit = X0Limit.None }.Sample(
            new Denoiser(network, NoiseSchedule.Linear(), Parameterization.Epsilon),
            noise,
            step => { if (step.Timestep % 100 == 0) every100.Add(step.X.ToArray()); },
            cancel: TestContext.Current.CancellationToken);

        float[] expected = file.ReadFloats("chain.x");
        Assert.Equal(10, every100.Count);
        Close.Relative(expected, [.. every100.SelectMany(x => x)], 1e-4, "x after every 100 steps");
    }

    [Theory]
    [InlineData(0), InlineData(1), InlineData(2), InlineData(500), InlineData(999)]
    public void Single_steps_and_displayed_x0_of_the_tutorial_come_out_the_same(int t)
    {
        using var file = SafetensorsFile.Read(Fixtures.Golden("seed_unet/scheduler.safetensors"));
        float[] xt = file.ReadFloats("prev.xt"), eps = file.ReadFloats("prev.noise_pred"), z = file.ReadFloats($"prev.z.t{t}");
        NoiseSchedule schedule = NoiseSchedule.Linear();
        Posterior posterior = schedule.PosteriorOf(t, t - 1);
        Mix toX0 = Parameterization.Epsilon.X0(schedule.At(t));
        double[] next = new double[xt.Length], shown = new double[xt.Length];
        for (int i = 0; i < xt.Length; i++)
        {
            double x0 = toX0.Of(xt[i], eps[i]);
            shown[i] = Math.Clamp(x0, -1, 1);
            next[i] = posterior.X0 * x0 + posterior.Xt * xt[i] + (t > 0 ? posterior.Deviation(ReverseVariance.Small) * z[i] : 0);
        }
        Close.Relative([.. file.ReadFloats($"prev.mean_or_sample.t{t}")], next, 1e-5, "x");
        Close.Relative([.. file.ReadFloats($"prev.x0.t{t}")], shown, 1e-5, "x0");
    }
}
