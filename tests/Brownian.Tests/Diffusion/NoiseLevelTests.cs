namespace Brownian.Tests;

public sealed class NoiseLevelTests
{
    public static TheoryData<string> Predictions => ["epsilon", "sample", "v_prediction", "flow_prediction", "edm"];

    [Theory, MemberData(nameof(Predictions))]
    public void X0_and_eps_are_recovered_from_the_target_in_any_coordinates(string name)
    {
        Parameterization predicts = Parameterization.Of(Names.Named<PredictionType>(name, "prediction type"));
        const double X0 = 0.7, Eps = -1.3;
        foreach (double ratio in (double[])[0.01, 0.5, 1, 30])
        {
            foreach (double alpha in (double[])[1, 0.2, 1 / Math.Sqrt(1 + ratio * ratio), 1 / (1 + ratio)])
            {
                NoiseLevel level = new(alpha, alpha * ratio, 0);
                double xt = level.Alpha * X0 + level.Sigma * Eps, target = predicts.Target(level).Of(X0, Eps);
                Assert.Equal(X0, predicts.X0(level).Of(xt, target), 1e-11);
                Assert.Equal(Eps, predicts.Eps(level).Of(xt, target), 1e-11);
                // What the network sees and should say does not depend on the coordinates.
                NoiseLevel other = level.Scaled(3);
                Assert.Equal(predicts.InputScale(level) * xt, predicts.InputScale(other) * 3 * xt, 1e-12);
                Assert.Equal(target, predicts.Target(other).Of(X0, Eps), 1e-11);
            }
        }
    }

    public static TheoryData<INoiseProcess> Processes => [NoiseSchedule.Linear(), NoiseSchedule.Cosine(100), new VarianceExploding(), new RectifiedFlow()];

    [Theory, MemberData(nameof(Processes))]
    public void A_level_is_found_again_by_its_ratio_and_by_its_timestep(INoiseProcess process)
    {
        foreach (double ratio in (double[])[0.05, 0.3, 1, 7.5])
        {
            NoiseLevel level = process.AtRatio(ratio);
            Assert.Equal(ratio, level.Ratio, 1e-12 * ratio);
            Assert.Equal(1, process.At(level.Timestep).Ratio / ratio, 0.02);      // a schedule interpolates σ there, and log σ back
            Assert.Equal(ratio, process.Straight(level).Ratio, 1e-12 * ratio);
        }
        NoiseLevel[] levels = [.. process.Levels(new())];
        Assert.Equal(51, levels.Length);
        Assert.Equal((1, 0), (levels[^1].Alpha, levels[^1].Sigma));
    }

    [Fact]
    public void Whole_timesteps_are_found_exactly()
    {
        NoiseSchedule schedule = NoiseSchedule.Linear();
        for (int t = 0; t < 1000; t += 111)
        {
            Assert.Equal(schedule.At(t), schedule.At((double)t));
            Assert.Equal(t, schedule.AtRatio(schedule.At(t).Ratio).Timestep, 1e-9);
        }
        Assert.Equal(5.5, schedule.At(5.5).Timestep);
        Assert.InRange(schedule.At(5.5).Ratio, schedule.At(5).Ratio, schedule.At(6).Ratio);
    }

    [Theory]
    [InlineData("linear", 4.035829765e-05), InlineData("quadratic", 7.334124596e-04), InlineData("cosine", 2.428766907e-09)]
    [InlineData("sigmoid", 3.968181991e-05), InlineData("sigmoid_signal", 3.002791997e-07), InlineData("exponential", 6.14421235332821e-06)]
    public void Named_schedules_end_where_they_are_published_to(string name, double last) =>
        Assert.Equal(1, NoiseSchedule.Of(Names.Named<BetaSchedule>(name, "noise schedule")).AlphasCumprod[^1] / last, 1e-9);

    [Fact]
    public void The_sigmoid_of_the_signal_is_the_published_one()
    {
        NoiseSchedule schedule = NoiseSchedule.SigmoidSignal();
        Assert.Equal(3.002791997e-04, schedule.Betas[0], 1e-12);
        Assert.Equal(.8508535479, schedule.AlphasCumprod[249], 1e-10);
        Assert.Equal(.5, schedule.AlphasCumprod[499], 1e-10);
        Assert.Equal(.1491464521, schedule.AlphasCumprod[749], 1e-10);
        Assert.Contains("'lin' is no noise schedule; did you mean 'linear'?", Assert.Throws<ArgumentException>(() => Names.Named<BetaSchedule>("lin", "noise schedule")).Message, StringComparison.Ordinal);
        Assert.All(Names.All(typeof(BetaSchedule)).Where(name => name != "custom"), name => Assert.Equal(20, NoiseSchedule.Of(Names.Named<BetaSchedule>(name, "noise schedule"), 20, 1e-3, 0.2).Timesteps));
    }

    [Fact]
    public void Karras_sigmas_are_the_published_ones()
    {
        double[] published =
        [
            80, 57.586, 40.7856, 28.3746, 19.3525, 12.9101, 8.40094, 5.31519, 3.25682, 1.92334, 1.08817, 0.585348, 0.296442, 0.139516, 0.0599473,
            0.0229345, 0.00752802, 0.002,
        ];
        double[] actual = SigmaCurves.Karras(18, 80, 0.002);
        for (int i = 0; i < 18; i++) Assert.Equal(1, actual[i] / published[i], 1e-5);
        Assert.Equal([80.0], SigmaCurves.Karras(1, 80, 0.002));
        Assert.Throws<ArgumentException>(() => SigmaCurves.Exponential(0, 80, 0.002));
    }

    [Theory]
    [InlineData(0.1), InlineData(0.5), InlineData(0.93)]
    public void Quantiles_of_the_arcsine_distribution_have_a_closed_form(double p) =>
        Assert.Equal(Math.Pow(Math.Sin(Math.PI * p / 2), 2), SymmetricBeta.Quantile(p, 0.5), 1e-14);
}
