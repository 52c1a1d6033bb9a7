using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>
/// Every trajectory in <c>golden/schedulers</c> and <c>golden/rectified_flow</c>, step by step, against the reference run in double, from the
/// configuration file that a user has to the images (<see cref="SchedulerCase"/>). The files are enumerated: one that no sampler covers fails.
/// </summary>
public sealed class SamplerGoldenTests : IDisposable
{
    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, string> Trajectories
    {
        get
        {
            TheoryData<string, string> rows = [];
            foreach (string folder in (string[])["schedulers", "rectified_flow"])
            {
                foreach (string name in Fixtures.NamesIn(folder).Where(n => !n.StartsWith("tables_", StringComparison.Ordinal) && n != "basics"))
                    rows.Add(folder, name);
            }
            return rows;
        }
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Trajectories))]
    public void The_sampler_walks_the_recorded_trajectory(string folder, string name)
    {
        using SchedulerGolden golden = new(name, folder);
        using Device device = Device.Cpu(threads: 1);
        SchedulerCase run = SchedulerCase.Of(golden, name, _folder, device);
        int[] drawn = golden.Names.Contains("noise_step") ? golden.Integers("noise_step") : [];
        RecordedNoise noise = new(
            (int)golden.ShapeOf("x_init")[0],
            Array.ConvertAll(golden.Images("x_init"), v => (double)v),
            InSigmas(golden, run) ? Math.Sqrt(1 + Math.Pow(golden.Table("sigmas")[0], 2)) : 1,
            drawn.Length > 0 ? golden.Images("noises") : [],
            (step, _) => Array.IndexOf(drawn, run.IterationAt(step)));
        StubNetwork network = NetworkOf(golden, device);
        NoiseLevel lagging = default;
        float[] before = golden.Images("x_init");
        if (run.ChurnsLate) network.Instead = (i, _) => StubNetwork.Analytic((float)(before[i] * run.Predicts.InputScale(lagging)), lagging.Timestep);
        Denoiser denoiser = new(network, run.Process, run.Predicts);
        if (run.ChurnsLate) lagging = FirstLevel(run, golden);
        List<Copy> steps = [];

        run.Sampler.Sample(
            denoiser,
            noise,
            step =>
            {
                steps.Add(new(step));
                (before, lagging) = (step.X.ToArray(), step.To);
            },
            cancel: TestContext.Current.CancellationToken);

        double[] times = golden.Names.Contains("timesteps") && golden.Table("timesteps") is var t ? t : [];
        for (int k = 0; k < steps.Count; k++) Assert.Equal(times[run.IterationAt(k)], steps[k].Timestep, 1e-3);
        Assert.All(noise.Steps, step => Assert.Contains(run.IterationAt(step), drawn));
        Compare(golden, run, steps);
    }

    public static TheoryData<string> Refused =>
        [.. Trajectories.Select(row => row.Data.Item2).Where(name => !SchedulerCase.HasFile(name))];

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Refused))]
    public void What_no_sampler_does_is_refused_by_its_key(string name)
    {
        using SchedulerGolden golden = new(name, name.StartsWith("flow", StringComparison.Ordinal) ? "rectified_flow" : "schedulers");
        using Device device = Device.Cpu(threads: 1);
        string folder = SchedulerFolder.With(golden.ConfigFile, _folder, device);
        string message = Assert.Throws<InvalidDataException>(() => ModelFolder.Open(folder, device)).Message;
        Assert.Contains($"scheduler_config.json: {SchedulerCase.WithoutFile[name]}; ", message, StringComparison.Ordinal);
    }

    static void Compare(SchedulerGolden golden, SchedulerCase run, List<Copy> steps)
    {
        int[] stored = golden.Integers("steps");
        double[] x = golden.ImagesInDouble("x_f64"), x0 = golden.Names.Contains("x0_f64") ? golden.ImagesInDouble("x0_f64") : [];
        int size = steps[0].X.Length, compared = 0;
        for (int k = 0; k < steps.Count; k++)
        {
            int after = Array.IndexOf(stored, run.IterationAfter(k)), at = Array.IndexOf(stored, run.IterationAt(k));
            if (after >= 0)
            {
                Close.Relative(x.AsSpan(after * size, size), steps[k].X, Tolerance(golden), $"x after step {k}");
                compared++;
            }
            if (at >= 0 && x0.Length > 0) Close.Relative(x0.AsSpan(at * size, size), steps[k].X0, Tolerance(golden), $"x0 of step {k}");
        }
        Assert.True(compared >= Math.Min(4, steps.Count), $"compared {compared} steps only");
        Assert.Equal(golden.Iterations - 1, run.IterationAfter(steps.Count - 1));
    }

    // Rounding in single precision adds up over steps, and the more of them the worse. The reference says where it is worse than usual.
    static double Tolerance(SchedulerGolden golden) => golden.Iterations >= 200 || golden.IsSensitive ? 1e-4 : 1e-5;

    static bool InSigmas(SchedulerGolden golden, SchedulerCase run) =>
        run.Process is VarianceExploding || run.Sampler is EulerSampler or EulerAncestralSampler or HeunSampler or LmsSampler or Dpm2Sampler
        && run.Process is NoiseSchedule && golden.Names.Contains("sigmas");

    static NoiseLevel FirstLevel(SchedulerCase run, SchedulerGolden golden) =>
        run.Process.Straight(run.Process.AtRatio(golden.Table("sigmas")[0]));

    static StubNetwork NetworkOf(SchedulerGolden golden, Device device)
    {
        long[] shape = golden.ShapeOf("x_init");
        Shape image = Shape.Of((int)shape[2], (int)shape[3], (int)shape[1]);
        return new(device, image, StubNetwork.Analytic, golden.OutputChannels > 3 ? StubNetwork.AnalyticVariance : null);
    }

    sealed record Copy(double Timestep, float[] X, float[] X0)
    {
        public Copy(SampleStep step) : this(step.Timestep, step.X.ToArray(), step.X0.ToArray()) { }
    }
}
