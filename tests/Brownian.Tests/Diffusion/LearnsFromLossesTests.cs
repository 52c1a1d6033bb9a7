using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>What objectives learn beside the network: the uncertainty of noise levels, and how often to train each.</summary>
public sealed class LearnsFromLossesTests : IDisposable
{
    static readonly Shape Image = Shape.Of(3, 2, 2);
    static readonly NoiseSchedule Schedule = NoiseSchedule.Linear(10, scaledToTimesteps: false);

    readonly Device _device = Device.Cpu(threads: 1);

    public void Dispose() => _device.Dispose();

    /// <summary>A loss of 0.01 to 1.6 that depends on the level alone.</summary>
    static double LossAt(int timestep) => 0.01 * Math.Pow(1.75, timestep);

    TrainingLoss Losses(params IEnumerable<TrainingTime> times) =>
        new(Tensor.Zeros(Shape.Of(1), _device), [.. times], new([.. times.Select(time => LossAt(time.Timestep))]));

    static TrainingTime At(int timestep) => new(Schedule.At(timestep), timestep);

    [Fact]
    public void Uncertainty_tends_to_the_logarithm_of_the_expected_loss()
    {
        NoiseSchedule schedule = NoiseSchedule.Linear();
        LearnedUncertainty uncertainty = new(seed: 3, new AdamOptions());
        Assert.Equal(0, uncertainty.Of(schedule.At(4)));
        // Losses of 1/2 and 3/2 of their mean, which is what counts.
        TrainingTime[] times = [.. Enumerable.Range(0, 100).Select(i => new TrainingTime(schedule.At(10 * i), 10 * i))];
        double Mean(TrainingTime time) => 0.01 + Math.Pow(time.Level.Alpha, 2);
        for (int step = 0; step < 3000; step++)
        {
            uncertainty.Add(new(Tensor.Zeros(Shape.Of(1), _device), times, new([.. times.Select((time, i) => Mean(time) * ((step + i) % 2 + 0.5))])));
            uncertainty.Step(2e-3);
        }
        foreach (TrainingTime time in times) Assert.Equal(Math.Log(Mean(time)), uncertainty.Of(time.Level), 0.15);
        Assert.True(double.IsFinite(uncertainty.Of(NoiseLevel.Clean)) && double.IsFinite(uncertainty.Of(new(0, 1, 999))));
    }

    /// <summary>The first step of Adam goes against the sign of the gradient, which is that of Σ e^{−u}·L + u by each weight.</summary>
    [Fact]
    public void The_gradient_of_uncertainty_is_the_slope_of_its_loss()
    {
        LearnedUncertainty uncertainty = new(seed: 3, new AdamOptions { Beta1 = 0 });
        for (int step = 0; step < 20; step++)        // away from u = 0
        {
            uncertainty.Add(Losses(At(1), At(7)));
            uncertainty.Step(1e-2);
        }
        TrainingTime[] times = [At(2) with { Weight = 0.5 }, At(5), At(8) with { Weight = 2 }];
        double Total() => times.Sum(time => time.Weight * (Math.Exp(-uncertainty.Of(time.Level)) * LossAt(time.Timestep) + uncertainty.Of(time.Level))) / times.Length;
        double[] weights = uncertainty.State[0].Values, slopes = new double[weights.Length];
        const double H = 1e-5;
        for (int i = 0; i < weights.Length; i++)
        {
            double was = weights[i];
            weights[i] = was + H;
            double above = Total();
            weights[i] = was - H;
            slopes[i] = (above - Total()) / (2 * H);
            weights[i] = was;
        }
        uncertainty.Add(Losses(times[..2]));           // in two parts, as under gradient accumulation
        uncertainty.Add(Losses(times[2]));
        uncertainty.Step(0);
        double[] first = uncertainty.State[1].Values;  // with β_1 = 0 the gradient itself
        for (int i = 0; i < weights.Length; i++) Assert.Equal(slopes[i], first[i], 1e-7);
    }

    [Fact]
    public void The_network_learns_the_loss_divided_and_is_told_of_the_loss_itself()
    {
        LearnedUncertainty uncertainty = new(seed: 3, new AdamOptions());
        for (int step = 0; step < 300; step++)
        {
            uncertainty.Add(Losses(Enumerable.Range(0, 10).Select(At)));
            uncertainty.Step(1e-2);
        }
        TrainingObjective plain = new(Schedule, Parameterization.Epsilon, Seed: 1), learned = plain with { Uncertainty = uncertainty };
        Tensor x0 = Tensor.Full(Shape.Of(4, Image[0], Image[1], Image[2]), 0.25f, _device);
        (TrainingLoss simple, float[] gradient) = Of(plain);
        (TrainingLoss divided, float[] scaled) = Of(learned);
        Assert.Equal(simple.PerImage.Value.Average(), divided.PerImage.Value.Average(), 1e-12);
        Assert.Equal(simple.Mean, divided.Mean, 1e-6f);
        double[] factors = [.. simple.Times.Select(time => Math.Exp(-uncertainty.Of(time.Level)))];
        Assert.Equal(simple.PerImage.Value.Zip(factors, (loss, factor) => loss * factor).Average(), divided.Total.Item(), 1e-5);
        Assert.All(factors, factor => Assert.True(Math.Abs(factor - 1) > 0.1));
        for (int i = 0; i < gradient.Length; i++) Assert.Equal(gradient[i] * factors[i / Image.Count], scaled[i], 1e-5);
        Assert.Throws<ArgumentException>(() => Of(learned with { Bound = new() { Variance = ReverseVariance.Large } }));

        (TrainingLoss Loss, float[] Gradient) Of(TrainingObjective objective)
        {
            Tensor leaf = Tensor.From([.. Enumerable.Range(0, x0.Shape.Count).Select(i => MathF.Sin(3.7f * i))], x0.Shape, _device).WithGrad();
            TrainingLoss loss = objective.Loss(new LeafNetwork(leaf, x0.Shape, _device), x0, step: 2);
            loss.Total.Backward();
            return (loss, leaf.Grad!.ToArray());
        }
    }

    [Fact]
    public void Timesteps_are_uniform_until_each_has_its_history_and_then_go_by_the_root_of_the_second_moment()
    {
        LossResampler resampler = new(10);
        for (int i = 0; i < LossResampler.History; i++)
        {
            resampler.Add(Losses(Enumerable.Range(0, 9).Select(At)));
            resampler.Step(0.1);
            Assert.All(Enumerable.Range(0, 10), t => Assert.Equal(0.1, resampler.ProbabilityOf(t), 1e-12));
        }
        // Timestep 9 has losses of 0 … 19, of which the last ten are remembered.
        for (int i = 0; i < 20; i++) resampler.Add(new(Tensor.Zeros(Shape.Of(1), _device), [At(9)], new([i])));
        Assert.Equal(0.1, resampler.ProbabilityOf(9), 1e-12);           // until the step ends
        resampler.Step(0.1);
        double[] roots = [.. Enumerable.Range(0, 9).Select(LossAt), Math.Sqrt(Enumerable.Range(10, 10).Average(i => (double)i * i))];
        for (int t = 0; t < 10; t++) Assert.Equal(0.999 * roots[t] / roots.Sum() + 0.0001, resampler.ProbabilityOf(t), 1e-12);

        LossResampler resumed = new(10);
        foreach (((string name, double[] from), (string, double[] Values) to) in resampler.State.Zip(resumed.State)) from.CopyTo(to.Values, 0);
        resumed.Prepare();
        Assert.Equal(resampler.Draw(Schedule, new(1, 2), 100, 0), resumed.Draw(Schedule, new(1, 2), 100, 0));
        Assert.Equal(resampler.Draw(Schedule, new(1, 2), 100, 0)[30..], resampler.Draw(Schedule, new(1, 2), 70, first: 30));
        Assert.Throws<ArgumentException>(() => resampler.Draw(new RectifiedFlow(), new(1, 2), 1, 0));
        Assert.Throws<ArgumentException>(() => resampler.Draw(NoiseSchedule.Linear(), new(1, 2), 1, 0));
    }

    [Fact]
    public void The_mean_stays_that_of_uniform_timesteps_and_varies_less()
    {
        LossResampler resampler = new(10);
        for (int i = 0; i < LossResampler.History; i++) resampler.Add(Losses(Enumerable.Range(0, 10).Select(At)));
        resampler.Step(0.1);
        const int Count = 20_000;
        TrainingTime[] times = resampler.Draw(Schedule, new(1, 2), Count, 0);
        Assert.All(times, time => Assert.Equal(0.1 / resampler.ProbabilityOf(time.Timestep), time.Weight, 1e-12));
        for (int t = 0; t < 10; t++) Assert.Equal(resampler.ProbabilityOf(t), times.Count(time => time.Timestep == t) / (double)Count, 0.015);
        double mean = Enumerable.Range(0, 10).Average(LossAt);
        double[] weighted = [.. times.Select(time => time.Weight * LossAt(time.Timestep))];
        // Losses that depend on the timestep alone are weighted to one value, but for the share that is uniform.
        Assert.Equal(mean, weighted.Average(), 1e-3 * mean);
        Assert.True(weighted.Average(w => Math.Pow(w - mean, 2)) < 0.01 * Enumerable.Range(0, 10).Average(t => Math.Pow(LossAt(t) - mean, 2)));
    }

    /// <summary>Weights reach the gradient and the mean that is told, of the simple loss and of the bound; those told of each image are without.</summary>
    [Theory]
    [InlineData(false), InlineData(true)]
    public void Weights_of_times_scale_the_loss(bool bound)
    {
        TrainingObjective objective = new(Schedule, Parameterization.Epsilon, Seed: 1) { Bound = bound ? new() { Variance = ReverseVariance.Learned } : null };
        Shape images = Shape.Of(3, Image[0], Image[1], Image[2]), answers = images.WithChannels(bound ? 4 : 2);
        Tensor x0 = Tensor.Full(images, 0.25f, _device), noise = TensorOps.Normal(images, new(1, 2), _device);
        double[] weights = [0.5, 2, 3];
        (TrainingLoss one, float[] gradient) = Of([1, 1, 1]);
        (TrainingLoss loss, float[] scaled) = Of(weights);
        Assert.Equal(one.PerImage.Value.Zip(weights, (l, w) => l * w).Average(), loss.Mean, 1e-5);
        for (int n = 0; n < 3; n++) Assert.Equal(one.PerImage.Value[n], loss.PerImage.Value[n], 1e-9);
        int size = answers.Count / 3;
        for (int i = 0; i < gradient.Length; i++) Assert.Equal(gradient[i] * weights[i / size], scaled[i], 1e-5);

        (TrainingLoss Loss, float[] Gradient) Of(double[] weights)
        {
            Tensor leaf = Tensor.From([.. Enumerable.Range(0, answers.Count).Select(i => MathF.Sin(3.7f * i))], answers, _device).WithGrad();
            TrainingTime[] times = [At(0) with { Weight = weights[0] }, At(4) with { Weight = weights[1] }, At(9) with { Weight = weights[2] }];
            TrainingLoss loss = objective.Loss(new LeafNetwork(leaf, images, _device), x0, times, noise);
            loss.Total.Backward();
            return (loss, leaf.Grad!.ToArray());
        }
    }
}
