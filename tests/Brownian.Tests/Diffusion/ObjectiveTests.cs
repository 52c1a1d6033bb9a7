using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>Losses, weights, distributions of noise levels, and label dropout.</summary>
public sealed class ObjectiveTests : IDisposable
{
    static readonly Shape Image = Shape.Of(3, 2, 2);
    readonly Device _device = Device.Cpu(threads: 1);

    public void Dispose() => _device.Dispose();

    public static TheoryData<string, string, string> Combinations
    {
        get
        {
            TheoryData<string, string, string> rows = [];
            foreach (string loss in (string[])["l2", "l1", "huber", "pseudo_huber"])
            {
                foreach (string predicts in (string[])["epsilon", "sample", "v_prediction"])
                {
                    foreach (string weights in (string[])["none", "min_snr", "soft_min_snr", "p2"]) rows.Add(loss, predicts, weights);
                }
            }
            rows.Add("l2", "flow_prediction", "none");
            rows.Add("l2", "edm", "none");
            return rows;
        }
    }

    [Theory, MemberData(nameof(Combinations))]
    public void The_gradient_is_the_slope_of_the_loss(string loss, string predicts, string weights)
    {
        INoiseProcess process = predicts switch
        {
            "flow_prediction" => new RectifiedFlow(),
            "edm" => new VarianceExploding(),
            _ => NoiseSchedule.Linear(),
        };
        TrainingObjective objective = new(process, Parameterization.Of(Names.Named<PredictionType>(predicts, "prediction type")), Seed: 3)
        {
            Compares = PixelLoss.Of(Names.Named<LossOp>(loss, "loss")),
            Weighting = weights switch { "min_snr" => LossWeighting.MinSnr(), "soft_min_snr" => LossWeighting.SoftMinSnr(), "p2" => LossWeighting.P2(), _ => LossWeighting.None },
            Times = predicts == "edm" ? TimeDistribution.LogNormalSigma() : TimeDistribution.Uniform,
        };
        SlopeMatches(objective, channels: 2, step: 4);
    }

    [Theory]
    [InlineData(ReverseVariance.LearnedRange, true), InlineData(ReverseVariance.LearnedRange, false), InlineData(ReverseVariance.Learned, true)]
    [InlineData(ReverseVariance.Large, true), InlineData(ReverseVariance.SmallLog, true)]
    public void The_gradient_of_the_bound_is_its_slope(ReverseVariance variance, bool alone)
    {
        VariationalTerm term = new() { Variance = variance, Alone = alone, Weight = 0.1 };
        TrainingObjective objective = new(NoiseSchedule.Linear(10, scaledToTimesteps: false), Parameterization.Epsilon, Seed: 3) { Bound = term };
        bool learns = variance is ReverseVariance.Learned or ReverseVariance.LearnedRange;
        SlopeMatches(objective, channels: learns ? 4 : 2, step: 4, frozen: alone ? 0 : 2);
    }

    // d loss/dh along a direction against the difference of two losses; where the mean is detached from the bound, the direction is the
    // variance's, and the mean's slope is that of the simple loss, which the other test checks.
    void SlopeMatches(TrainingObjective objective, int channels, long step, int frozen = 0)
    {
        const int Images = 4;
        const double H = 1e-3;
        Shape shape = Shape.Of(Images, Image[0], Image[1], channels);
        float[] answer = new float[shape.Count], direction = new float[shape.Count];
        for (int i = 0; i < answer.Length; i++)
        {
            answer[i] = MathF.Sin(3.7f * i);
            direction[i] = i % channels < frozen ? 0 : MathF.Cos(1.3f * i);
        }
        Tensor x0 = Tensor.From([.. Enumerable.Range(0, Images * Image.Count).Select(i => MathF.Sin(i))], Shape.Of(Images, Image[0], Image[1], Image[2]), _device);
        (double above, _) = LossAt(H);
        (double below, _) = LossAt(-H);
        (double total, float[] gradient) = LossAt(0);
        double slope = gradient.Zip(direction, (g, d) => (double)g * d).Sum(), difference = (above - below) / (2 * H);
        Assert.True(double.IsFinite(total) && total > 0);
        Assert.Equal(difference, slope, 5e-3 * Math.Abs(difference) + 1e-5);

        (double PerImageMean, float[] Gradient) LossAt(double h)
        {
            Tensor leaf = Tensor.From([.. answer.Select((a, i) => (float)(a + h * direction[i]))], shape, _device).WithGrad();
            TrainingLoss loss = objective.Loss(new LeafNetwork(leaf, x0.Shape, _device), x0, step);
            loss.Total.Scale(2).Backward();         // a gradient that is not 1 reaches the loss, as under gradient accumulation
            Assert.Equal(1, loss.Total.Item() / loss.PerImage.Value.Average(), 1e-5);
            return (loss.PerImage.Value.Average(), Array.ConvertAll(leaf.Grad!.ToArray(), g => g / 2));
        }
    }

    [Theory]
    [InlineData(ReverseVariance.Learned), InlineData(ReverseVariance.LearnedRange), InlineData(ReverseVariance.Large)]
    public void Derivatives_of_the_bound_are_differences_of_it(ReverseVariance variance)
    {
        NoiseSchedule schedule = NoiseSchedule.Linear(20, 1e-3, 0.1);
        foreach (int t in (int[])[0, 1, 7, 19])
        {
            PixelBound bound = new VariationalBound(schedule, Parameterization.Velocity, variance).At(t);
            foreach (double x0 in (double[])[-1, -0.2, 1])
            {
                double xt = schedule.At(t).Alpha * x0 + schedule.At(t).Sigma * 0.4, output = 0.35, v = variance == ReverseVariance.Learned ? -2.5 : 0.3;
                PixelBound.Term term = bound.Of(x0, xt, output, v);
                const double H = 1e-5;
                double byOutput = (bound.Of(x0, xt, output + H, v).Bits - bound.Of(x0, xt, output - H, v).Bits) / (2 * H);
                double byVariance = (bound.Of(x0, xt, output, v + H).Bits - bound.Of(x0, xt, output, v - H).Bits) / (2 * H);
                Assert.Equal(byOutput, term.ByOutput, 1e-6 * Math.Max(1, Math.Abs(byOutput)));
                Assert.Equal(byVariance, term.ByVariance, 1e-6 * Math.Max(1, Math.Abs(byVariance)));
            }
        }
    }

    [Fact]
    public void Losses_of_a_pixel_are_the_textbook_ones()
    {
        Assert.Equal(4, Of(PixelLoss.Squared, -2));
        Assert.Equal(2, Of(PixelLoss.Absolute, -2));
        Assert.Equal(0.125, Of(PixelLoss.Huber(), 0.5f));
        Assert.Equal(1.5, Of(PixelLoss.Huber(), -2));
        Assert.Equal(Math.Sqrt(4 + 0.0009) - 0.03, Of(PixelLoss.PseudoHuber(), 2), 1e-6);
        Assert.Contains("above 0", Assert.Throws<ArgumentException>(() => PixelLoss.Huber(0)).Message, StringComparison.Ordinal);
        Assert.Contains("there are l2, l1, huber, pseudo_huber", Assert.Throws<ArgumentException>(() => Names.Named<LossOp>("mse", "loss")).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => LossWeighting.MinSnr(0));
        Assert.Throws<ArgumentException>(() => LossWeighting.SoftMinSnr(0));
        Assert.Throws<ArgumentException>(() => LossWeighting.P2(k: 0));

        double Of(PixelLoss loss, float difference) =>
            Tensor.Full(Shape.Of(1), difference, _device).MeanLoss(Tensor.Zeros(Shape.Of(1), _device), loss.Spec, [], out _).Item();
    }

    /// <summary>A forward pass is traced with whatever loss it has; there are no numbers, so each is 0.</summary>
    [Theory]
    [InlineData("l2", false), InlineData("l1", false), InlineData("huber", false), InlineData("l2", true)]
    public void Losses_can_be_traced(string loss, bool learns)
    {
        using TracingDevice device = new();
        Shape images = Shape.Of(2, 3, 2, 2);
        LeafNetwork network = new(Tensor.Empty(images.WithChannels(learns ? 4 : 2), device).WithGrad(), images, device);
        TrainingObjective objective = new(NoiseSchedule.Linear(), Parameterization.Epsilon, Seed: 1)
        {
            Compares = PixelLoss.Of(Names.Named<LossOp>(loss, "loss")),
            Bound = learns ? new() : null,
        };
        Assert.Equal(0, objective.Loss(network, Tensor.Empty(images, device), step: 0).Total.Item());
    }

    [Fact]
    public void Weights_have_their_limits_where_there_is_no_signal()
    {
        NoiseLevel noise = NoiseSchedule.Linear(10).RescaledToZeroTerminalSnr().At(9);
        Assert.Equal(1, LossWeighting.MinSnr().Of(Parameterization.Epsilon, noise));
        Assert.Equal(0, LossWeighting.MinSnr().Of(Parameterization.Velocity, noise));
        Assert.Equal(1, LossWeighting.SoftMinSnr().Of(Parameterization.Epsilon, noise));
        Assert.Equal(0, LossWeighting.SoftMinSnr().Of(Parameterization.Velocity, noise));
        Assert.Equal(4, LossWeighting.SoftMinSnr().Of(Parameterization.Sample, NoiseLevel.Clean));
        Assert.Equal(0, LossWeighting.P2().Of(Parameterization.Velocity, noise));
        Assert.Equal(1, LossWeighting.P2().Of(Parameterization.Epsilon, noise));
    }

    [Fact]
    public void Times_of_a_rectified_flow_follow_their_distribution()
    {
        RectifiedFlow flow = new();
        Philox random = new(1, 2);
        TrainingTime[] even = TimeDistribution.Uniform.Draw(flow, random, 8000, 0), middle = TimeDistribution.LogitNormal().Draw(flow, random, 8000, 0);
        Assert.Equal(0.5, even.Average(t => t.Level.Sigma), 0.015);
        Assert.Equal(1 / 12.0, even.Average(t => Math.Pow(t.Level.Sigma - 0.5, 2)), 0.003);
        Assert.Equal(0.5, middle.Average(t => t.Level.Sigma), 0.015);
        Assert.Equal(0.0433, middle.Average(t => Math.Pow(t.Level.Sigma - 0.5, 2)), 0.003);      // the variance of σ(z), z ~ N(0, 1)
        Assert.All(even.Concat(middle), t => Assert.True(t.Level.Sigma is > 0 and <= 1 && t.Timestep is >= 0 and < 1000));
        Assert.Equal(middle[5..], TimeDistribution.LogitNormal().Draw(flow, random, 7995, first: 5));
        TrainingTime[] sigmas = TimeDistribution.LogNormalSigma().Draw(new VarianceExploding(), random, 8000, 0);
        Assert.Equal(-1.2, sigmas.Average(t => Math.Log(t.Level.Sigma)), 0.06);
        Assert.Contains("LogNormalSigma", Assert.Throws<ArgumentException>(
            () => TimeDistribution.Uniform.Draw(new VarianceExploding(), random, 1, 0)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Timesteps_of_a_schedule_are_the_nearest_to_the_level_drawn()
    {
        NoiseSchedule schedule = NoiseSchedule.Linear();
        Philox random = new(1, 2);
        TrainingTime[] normal = TimeDistribution.LogNormalSigma().Draw(schedule, random, 8000, 0), laplace = TimeDistribution.Laplace().Draw(schedule, random, 8000, 0);
        Assert.All(normal.Concat(laplace), t => Assert.Equal(schedule.At(t.Timestep), t.Level));
        float[] z = new float[8000];
        random.Normal(z);
        double Nearness(int t, int n) => Math.Abs(Math.Log(schedule.At(t).Ratio) - (-1.2 + 1.2 * z[n]));
        for (int n = 0; n < 8000; n++)
        {
            int t = normal[n].Timestep;
            Assert.True((t == 0 || Nearness(t, n) <= Nearness(t - 1, n)) && (t == 999 || Nearness(t, n) <= Nearness(t + 1, n)), $"t = {t}");
        }
        Assert.Equal(laplace[5..], TimeDistribution.Laplace().Draw(schedule, random, 7995, first: 5));
    }

    [Fact]
    public void Laplace_times_have_the_moments_of_their_distribution()
    {
        double[] logSnr =
            [.. TimeDistribution.Laplace(0.3, 0.7).Draw(new VarianceExploding(), new(1, 2), 20_000, 0).Select(t => Math.Log(t.Level.SignalToNoise))];
        Assert.Equal(0.3, logSnr.Average(), 0.03);                                                      // 4 standard errors
        Assert.Equal(0.7, logSnr.Average(l => Math.Abs(l - 0.3)), 0.02);
        Assert.Equal(Math.Exp(-2) / 2, logSnr.Count(l => l > 0.3 + 2 * 0.7) / 20_000.0, 0.008);       // the tail
        Assert.Equal(Math.Exp(-2) / 2, logSnr.Count(l => l < 0.3 - 2 * 0.7) / 20_000.0, 0.008);
        foreach (INoiseProcess process in (INoiseProcess[])[new VarianceExploding(), new RectifiedFlow(), NoiseSchedule.Linear()])
        {
            TrainingTime[] times = [.. TimeDistribution.Laplace().Draw(process, new(1, 2), 8000, 0).OrderBy(t => t.Level.Ratio)];
            Assert.All(times, t => Assert.InRange(t.Timestep, 0, 999));
            Assert.Equal(times.Select(t => t.Timestep).Order(), times.Select(t => t.Timestep));         // more noise, later timestep
        }
        Assert.Throws<ArgumentException>(() => TimeDistribution.Laplace(0, 0));
    }

    /// <summary>k-diffusion's weighting "soft-min-snr" of the output of Karras et al. 2022: (σ·σ_d)²/(σ² + σ_d²)².</summary>
    [Fact]
    public void Soft_min_snr_is_that_of_k_diffusion()
    {
        foreach (double data in (double[])[0.5, 1, 0.3])
        {
            foreach (double sigma in (double[])[0.002, 0.1, 0.5, 2, 80])
            {
                double expected = Math.Pow(sigma * data, 2) / Math.Pow(sigma * sigma + data * data, 2);
                NoiseLevel level = new VarianceExploding().AtRatio(sigma);
                Assert.Equal(1, LossWeighting.SoftMinSnr(1 / (data * data)).Of(Parameterization.EdmOf(data), level) / expected, 1e-12);
            }
        }
    }

    [Fact]
    public void Flow_matching_shows_the_network_the_interpolation_and_compares_with_the_velocity()
    {
        TrainingObjective objective = new(new RectifiedFlow(), Parameterization.Flow, Seed: 9) { Times = TimeDistribution.LogitNormal(0.5, 0.8) };
        StubNetwork network = new(_device, Image, (x, t) => 0.5 * x + 1e-3 * t);
        Tensor x0 = Tensor.Full(Shape.Of(3, Image[0], Image[1], Image[2]), 0.25f, _device);
        TrainingLoss loss = objective.Loss(network, x0, step: 4);
        (TrainingTime[] times, Tensor noise) = objective.Draw(x0, step: 4);
        float[] eps = noise.ToArray();
        for (int n = 0; n < 3; n++)
        {
            double t = times[n].Level.Sigma, sum = 0;
            Assert.Equal((float)(1000 * t), network.TimestepsSeen[0][n]);
            for (int i = n * Image.Count; i < (n + 1) * Image.Count; i++)
                sum += Math.Pow(0.5 * ((1 - t) * 0.25 + t * eps[i]) + t - (eps[i] - 0.25), 2);
            Assert.Equal(sum / Image.Count, loss.PerImage.Value[n], 1e-5);
        }
    }

    [Fact]
    public void Labels_drop_out_by_seed_step_and_position_alone()
    {
        TrainingObjective objective = new(NoiseSchedule.Linear(), Parameterization.Epsilon, Seed: 1) { LabelDropout = 0.25 };
        int[] labels = new int[4000];
        int[] dropped = objective.DropLabels(labels, noLabel: 10, step: 3);
        Assert.Equal(1000, dropped.Count(l => l == 10), 150.0);      // 5 standard deviations
        Assert.All(dropped, l => Assert.True(l is 0 or 10));
        Assert.Equal(dropped[7..], objective.DropLabels(labels.AsSpan(7), 10, step: 3, firstImage: 7));
        Assert.NotEqual(dropped, objective.DropLabels(labels, 10, step: 4));
        Assert.Equal(labels, (objective with { LabelDropout = 0 }).DropLabels(labels, 10, step: 3));
        Assert.Throws<ArgumentException>(() => (objective with { LabelDropout = 1.5 }).DropLabels(labels, 10, step: 3));
    }

    [Fact]
    public void The_network_is_trained_with_the_labels_that_are_left()
    {
        StubNetwork network = new(_device, Image, StubNetwork.Analytic) { Classes = 5 };
        TrainingObjective objective = new(NoiseSchedule.Linear(), Parameterization.Epsilon, Seed: 1) { LabelDropout = 0.5 };
        Tensor x0 = Tensor.Zeros(Shape.Of(20, Image[0], Image[1], Image[2]), _device);
        int[] labels = [.. Enumerable.Range(0, 20).Select(i => i % 4)];
        objective.Loss(network, x0, step: 2, labels: labels);
        Assert.Equal(objective.DropLabels(labels, 4, step: 2), Assert.Single(network.LabelsSeen));
        Assert.Contains(4, network.LabelsSeen[0]);
    }

    [Fact]
    public void A_bound_that_does_not_fit_is_refused()
    {
        StubNetwork network = new(_device, Image, StubNetwork.Analytic);
        Tensor x0 = Tensor.Zeros(Shape.Of(1, Image[0], Image[1], Image[2]), _device);
        TrainingObjective objective = new(NoiseSchedule.Linear(), Parameterization.Epsilon, Seed: 1) { Bound = new() };
        Assert.Contains("needs 4 channels", Assert.Throws<ArgumentException>(() => objective.Loss(network, x0, 0)).Message, StringComparison.Ordinal);
        objective = new(new RectifiedFlow(), Parameterization.Flow, Seed: 1) { Bound = new() };
        Assert.Contains("a schedule of timesteps", Assert.Throws<ArgumentException>(() => objective.Loss(network, x0, 0)).Message, StringComparison.Ordinal);
    }
}
