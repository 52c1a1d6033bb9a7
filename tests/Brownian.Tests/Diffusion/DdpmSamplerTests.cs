using Brownian.Tensors;

namespace Brownian.Tests;

public sealed class DdpmSamplerTests : IDisposable
{
    static readonly Shape Image = Shape.Of(4, 3, 2);
    readonly Device _device = Device.Cpu(threads: 1);

    public void Dispose() => _device.Dispose();

    Denoiser Stub(Func<double, double, double>? f = null, int timesteps = 40, Parameterization? predicts = null) => new(
        new StubNetwork(_device, Image, f ?? StubNetwork.Analytic), NoiseSchedule.Cosine(timesteps), predicts ?? Parameterization.Velocity);

    static Tensor Sample(
        IDenoiser denoiser,
        ReadOnlySpan<ulong> seeds,
        DdpmSampler? sampler = null,
        Action<SampleStep>? onStep = null,
        Progress? progress = null) =>
        (sampler ?? new()).Sample(denoiser, seeds, onStep, progress, TestContext.Current.CancellationToken);

    [Fact]
    public void An_image_is_the_same_bits_alone_and_in_a_batch()
    {
        ulong[] seeds = [3, 14, ulong.MaxValue, 14];
        float[] together = Sample(Stub(), seeds).ToArray();
        for (int n = 0; n < seeds.Length; n++)
        {
            float[] alone = Sample(Stub(), [seeds[n]]).ToArray();
            Assert.Equal(together[(n * Image.Count)..((n + 1) * Image.Count)], alone);
        }
        Assert.NotEqual(together[..Image.Count], together[Image.Count..(2 * Image.Count)]);
    }

    [Fact]
    public void The_noise_of_an_image_is_the_documented_stream_of_its_seed()
    {
        SeededNoise noise = new([5, 6]);
        Shape shape = Shape.Of(2, Image[0], Image[1], Image[2]);
        float[] expected = new float[Image.Count];
        float[] z = noise.Step(7, 0, shape, _device).ToArray();
        new Philox(6, Philox.Stream("sample noise", 7)).Normal(expected);
        Assert.Equal(expected, z[Image.Count..]);
        z = noise.Step(7, 1, shape, _device).ToArray();
        new Philox(6, Philox.Stream("sample noise", 7)).At(1).Normal(expected);
        Assert.Equal(expected, z[Image.Count..]);
        z = noise.Start(shape, _device).ToArray();
        new Philox(5, Philox.Stream("sample start")).Normal(expected);
        Assert.Equal(expected, z[..Image.Count]);
    }

    [Fact]
    public void A_network_that_knows_the_image_leads_to_it()
    {
        Denoiser denoiser = Stub((_, _) => 0.25, predicts: Parameterization.Sample);
        float[] images = Sample(denoiser, [1, 2]).ToArray();
        Assert.All(images, pixel => Assert.Equal(0.25f, pixel, 1e-6f));
    }

    [Fact]
    public void The_perfect_network_for_normal_noise_samples_normal_noise()
    {
        // x_0 ~ N(0, I) makes x_t ~ N(0, I) and E[v | x_t] = 0. A step is then x_s = √α·x_t + √β·z with the larger variance, which
        // keeps N(0, I) as it is (Ho et al. 2020, §3.2).
        NoiseSchedule schedule = NoiseSchedule.Linear(100, scaledToTimesteps: true);
        Denoiser denoiser = new(new StubNetwork(_device, Shape.Of(64, 64, 1), (_, _) => 0), schedule, Parameterization.Velocity);
        DdpmSampler sampler = new() { Variance = ReverseVariance.Large, Limit = X0Limit.None };
        float[] x = Sample(denoiser, [1], sampler).ToArray();
        double mean = x.Average(v => (double)v), variance = x.Average(v => (double)v * v) - mean * mean;
        Assert.Equal(0, mean, 4.0 / 64);                            // 4 standard errors of 4096 pixels
        Assert.Equal(1, variance, 4 * Math.Sqrt(2.0 / 4096));
    }

    [Fact]
    public void Each_step_reports_itself_and_hands_out_x_and_x0()
    {
        List<SampleStep> steps = [];
        List<float[]> x = [];
        Progress progress = new();
        DdpmSampler sampler = new() { Steps = 5 };
        Tensor images = Sample(Stub(), [1], sampler, s => { steps.Add(s); x.Add(s.X.ToArray()); }, progress);
        Assert.Equal([32.0, 24, 16, 8, 0], steps.Select(s => s.Timestep));
        Assert.Equal([0, 1, 2, 3, 4], steps.Select(s => s.Index));
        Assert.All(steps, s => Assert.Equal(5, s.Count));
        Assert.Equal(images.ToArray(), x[^1]);
        Assert.Equal([new(1, 5), new(2, 5), new(3, 5), new(4, 5), new(5, 5)], progress.Reports);
    }

    [Fact]
    public void Nothing_piles_up_over_the_steps()
    {
        List<long> live = [];
        using TensorScope outside = _device.OpenScope();
        Sample(Stub(timesteps: 100), [1, 2], onStep: _ => live.Add(_device.Memory.Live));
        Assert.All(live[..^1], bytes => Assert.Equal(live[0], bytes));       // the last step has no noise, hence less
    }

    [Fact]
    public void Cancelling_stops_before_the_next_step()
    {
        using CancellationTokenSource source = new();
        int steps = 0;
        Assert.Throws<OperationCanceledException>(() => new DdpmSampler().Sample(
            Stub(), [1], s => { if (++steps == 3) source.Cancel(); }, cancel: source.Token));
        Assert.Equal(3, steps);
    }

    [Fact]
    public void Dynamic_thresholding_divides_each_image_by_its_own_quantile()
    {
        Tensor x0 = Tensor.From([0, -1, 2, 3, 4, 0.1f, 0.2f, -0.3f, 0.4f, 0.5f], Shape.Of(2, 5, 1, 1), _device);
        float[] limited = X0Limit.Dynamic(ratio: 0.625, largest: 10).Apply(x0).ToArray();      // halfway between the 3rd and 4th of five
        Assert.Equal([0, -0.4f, 0.8f, 1, 1], limited[..5]);
        Assert.Equal([0.1f, 0.2f, -0.3f, 0.4f, 0.5f], limited[5..]);                           // s is never below 1
        Assert.Equal(0.75f, X0Limit.Dynamic(1, 2).Apply(Tensor.From([1.5f, 8], Shape.Of(1, 2, 1, 1), _device)).ToArray()[0]);
    }

    [Fact]
    public void What_cannot_be_sampled_is_refused_with_a_reason()
    {
        Refuses("one seed for each image", () => Sample(Stub(), []));
        Refuses("twice the channels", () => Sample(Stub(), [1], new() { Variance = ReverseVariance.LearnedRange }));
        Denoiser blind = new(
            new StubNetwork(_device, Image, StubNetwork.Analytic),
            NoiseSchedule.Linear(10).RescaledToZeroTerminalSnr(),
            Parameterization.Epsilon);
        Refuses("cannot sample from timestep 9", () => Sample(blind, [1]));
        Refuses("above 0", () => X0Limit.Clip(0));
        Refuses("at least 1", () => X0Limit.Dynamic(largest: 0.5));
        Refuses("did you mean 'epsilon'?", () => Names.Named<PredictionType>("eps", "prediction type"));

        static void Refuses(string message, Func<object> act) =>
            Assert.Contains(message, Assert.Throws<ArgumentException>(act).Message, StringComparison.Ordinal);
    }

    sealed class Progress : IProgress<SampleProgress>
    {
        public List<SampleProgress> Reports { get; } = [];

        public void Report(SampleProgress value) => Reports.Add(value);
    }
}
