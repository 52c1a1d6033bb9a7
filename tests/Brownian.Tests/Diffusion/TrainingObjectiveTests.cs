using Brownian.Tensors;

namespace Brownian.Tests;

public sealed class TrainingObjectiveTests : IDisposable
{
    static readonly Shape Image = Shape.Of(4, 3, 2);
    readonly Device _device = Device.Cpu(threads: 1);

    public static TheoryData<string> Predictions => ["epsilon", "sample", "v_prediction"];

    public void Dispose() => _device.Dispose();

    static Mix Noised(NoiseLevel level) => new(level.Alpha, level.Sigma);

    [Fact]
    public void Noising_and_velocity_agree_with_the_reference()
    {
        using SchedulerGolden golden = new("tables_scaled_linear");
        NoiseSchedule schedule = golden.Schedule;
        long[] s = golden.ShapeOf("add_noise.original");
        Shape shape = Shape.Of((int)s[0], (int)s[2], (int)s[3], (int)s[1]);
        Tensor x0 = Tensor.From(golden.Images("add_noise.original"), shape, _device);
        Tensor noise = Tensor.From(golden.Images("add_noise.noise"), shape, _device);
        NoiseLevel[] levels = Array.ConvertAll(golden.Integers("add_noise.timesteps"), schedule.At);
        Close.Relative(golden.Images("add_noise.result"), ForwardProcess.MixPerImage(levels, Noised, x0, noise).ToArray(), 1e-6, "x_t");
        float[] v = ForwardProcess.MixPerImage(levels, Parameterization.Velocity.Target, x0, noise).ToArray();
        Close.Relative(golden.Images("velocity.result"), v, 1e-6, "v");
    }

    [Fact]
    public void Noised_images_have_the_moments_of_the_forward_process()
    {
        const int Pixels = 1 << 16, T = 400;
        NoiseSchedule schedule = NoiseSchedule.Linear();
        Tensor x0 = Tensor.Full(Shape.Of(1, Pixels, 1, 1), 0.5f, _device);
        Tensor noise = TensorOps.Normal(x0.Shape, new Philox(1, 2), _device);
        float[] xt = ForwardProcess.MixPerImage([schedule.At(T)], Noised, x0, noise).ToArray();
        double mean = xt.Average(v => (double)v), variance = xt.Average(v => (v - mean) * (v - mean));
        NoiseLevel level = schedule.At(T);
        Assert.Equal(0.5 * level.Alpha, mean, 4 * level.Sigma / Math.Sqrt(Pixels));                 // 4 standard errors
        Assert.Equal(level.Sigma * level.Sigma, variance, 4 * level.Sigma * level.Sigma * Math.Sqrt(2.0 / Pixels));
    }

    [Theory, MemberData(nameof(Predictions))]
    public void X0_and_eps_are_recovered_from_the_target(string name)
    {
        Parameterization predicts = Parameterization.Of(Names.Named<PredictionType>(name, "prediction type"));
        NoiseSchedule schedule = NoiseSchedule.Linear();
        const double X0 = 0.7, Eps = -1.3;
        for (int t = 0; t < 1000; t += 37)
        {
            NoiseLevel level = schedule.At(t);
            double xt = level.Alpha * X0 + level.Sigma * Eps, target = predicts.Target(level).Of(X0, Eps);
            Assert.Equal(X0, predicts.X0(level).Of(xt, target), 1e-11);
            Assert.Equal(Eps, predicts.Eps(level).Of(xt, target), 1e-11);
        }
    }

    [Theory, MemberData(nameof(Predictions))]
    public void The_loss_is_the_mean_squared_distance_to_the_target(string name)
    {
        TrainingObjective objective = new(NoiseSchedule.Linear(), Parameterization.Of(Names.Named<PredictionType>(name, "prediction type")), Seed: 9);
        StubNetwork network = new(_device, Image, (x, t) => 0.5 * x + 1e-3 * t);
        Tensor x0 = Images(3);
        TrainingLoss loss = objective.Loss(network, x0, step: 4);
        (TrainingTime[] times, Tensor noise) = objective.Draw(x0, step: 4);
        int[] timesteps = Array.ConvertAll(times, t => t.Timestep);

        Assert.Equal(timesteps, loss.Timesteps);
        Assert.Equal(Array.ConvertAll(timesteps, t => (float)t), Assert.Single(network.TimestepsSeen));
        float[] clean = x0.ToArray(), eps = noise.ToArray();
        for (int n = 0; n < 3; n++)
        {
            NoiseLevel level = objective.Process.At(timesteps[n]);
            double sum = 0;
            for (int i = n * Image.Count; i < (n + 1) * Image.Count; i++)
            {
                double xt = level.Alpha * clean[i] + level.Sigma * eps[i];
                double target = objective.Predicts.Target(level).Of(clean[i], eps[i]);
                sum += Math.Pow(0.5 * xt + 1e-3 * timesteps[n] - target, 2);
            }
            Assert.Equal(sum / Image.Count, loss.PerImage.Value[n], 1e-5);
        }
        Assert.Equal(loss.PerImage.Value.Average(), loss.Total.Item(), 1e-6);
    }

    [Fact]
    public void Draws_do_not_depend_on_how_a_batch_is_split()
    {
        TrainingObjective objective = new(NoiseSchedule.Linear(), Parameterization.Epsilon, Seed: 1);
        (TrainingTime[] timesteps, Tensor noise) = objective.Draw(Images(7), step: 11);
        (TrainingTime[] firstTimesteps, Tensor firstNoise) = objective.Draw(Images(3), step: 11);
        (TrainingTime[] restTimesteps, Tensor restNoise) = objective.Draw(Images(4), step: 11, firstImage: 3);
        Assert.Equal(timesteps, firstTimesteps.Concat(restTimesteps));
        Assert.Equal(noise.ToArray(), firstNoise.ToArray().Concat(restNoise.ToArray()));
        Assert.NotEqual(timesteps, objective.Draw(Images(7), step: 12).Times);
        Assert.NotEqual(timesteps, (objective with { Seed = 2 }).Draw(Images(7), step: 11).Times);
    }

    [Fact]
    public void The_random_numbers_of_a_pass_in_training_differ_from_step_to_step()
    {
        TrainingObjective objective = new(NoiseSchedule.Linear(), Parameterization.Epsilon, Seed: 1);
        StubNetwork network = new(_device, Image, StubNetwork.Analytic);
        objective.Loss(network, Images(2), step: 0);
        objective.Loss(network, Images(2), step: 1);
        objective.Loss(network, Images(2), step: 1, firstImage: 2);
        objective.Loss(network, Images(2), step: 1);
        Assert.DoesNotContain(null, network.TrainingSeen);
        Assert.Equal(3, network.TrainingSeen.Distinct().Count());
        Assert.Equal(network.TrainingSeen[1], network.TrainingSeen[3]);
    }

    [Fact]
    public void A_loss_of_given_noise_is_no_pass_in_training()
    {
        TrainingObjective objective = new(NoiseSchedule.Linear(), Parameterization.Epsilon, Seed: 1);
        StubNetwork network = new(_device, Image, StubNetwork.Analytic);
        objective.Loss(network, Images(2), [1, 2], Images(2));
        Assert.Equal([null], network.TrainingSeen);
    }

    [Fact]
    public void Timesteps_are_drawn_from_the_whole_schedule_evenly()
    {
        TrainingObjective objective = new(NoiseSchedule.Linear(8), Parameterization.Epsilon, Seed: 1);
        int[] counts = new int[8];
        foreach (TrainingTime t in objective.Draw(Tensor.Zeros(Shape.Of(8000, 1, 1, 1), _device), step: 0).Times) counts[t.Timestep]++;
        Assert.All(counts, count => Assert.InRange(count, 1000 - 150, 1000 + 150));     // 5 standard deviations
    }

    [Fact]
    public void Losses_are_averaged_by_quartile_of_the_timestep()
    {
        QuartileLosses quartiles = new(10);
        Assert.Equal([0, 0, 0, 1, 1, 2, 2, 2, 3, 3], Enumerable.Range(0, 10).Select(quartiles.QuartileOf));
        Assert.Throws<ArgumentException>(() => quartiles.QuartileOf(10));
        Tensor total = Tensor.Zeros(Shape.Of(1), _device);
        quartiles.Add(new TrainingLoss(total, [At(0), At(2), At(9)], new([1, 2, 5])));
        quartiles.Add(new TrainingLoss(total, [At(1)], new([6])));
        Assert.Equal(3, quartiles.Mean(0));
        Assert.Equal(3, quartiles.Count(0));
        Assert.True(double.IsNaN(quartiles.Mean(1)));
        Assert.Equal(5, quartiles.Mean(3));
        quartiles.Clear();
        Assert.Equal(0, quartiles.Count(0));
        quartiles.Add(new TrainingLoss(total, [At(0) with { Weight = 0.5 }, At(1) with { Weight = 1.5 }], new([1, 2])));
        Assert.Equal((0.5 * 1 + 1.5 * 2) / 2, quartiles.Mean(0));

        TrainingTime At(int timestep) => new(NoiseSchedule.Linear(10).At(timestep), timestep);
    }

    Tensor Images(int count)
    {
        float[] pixels = new float[count * Image.Count];
        for (int i = 0; i < pixels.Length; i++) pixels[i] = MathF.Sin(i);
        return Tensor.From(pixels, Shape.Of(count, Image[0], Image[1], Image[2]), _device);
    }
}
