namespace Brownian.Tests;

public sealed class NoiseScheduleTests
{
    public static TheoryData<string> Tables =>
    [
        "tables_linear", "tables_linear_zero_snr", "tables_linear_short", "tables_scaled_linear", "tables_scaled_linear_zero_snr",
        "tables_squaredcos_cap_v2", "tables_squaredcos_cap_v2_zero_snr", "tables_cosine_short", "tables_sigmoid", "tables_sigmoid_short",
        "tables_laplace", "tables_trained_betas",
    ];

    [Theory, MemberData(nameof(Tables))]
    public void Tables_agree_with_the_reference_entry_by_entry(string name)
    {
        using SchedulerGolden golden = new(name);
        NoiseSchedule schedule = golden.Schedule;
        // A β near 1e-4 is 1 minus a ratio of cosines or products: 2⁻⁵³ of that 1 is 1e-12 of β, whoever computes it.
        EntryByEntry(golden.Doubles("betas_f64"), schedule.Betas, relative: 1e-12, absolute: 4e-16);
        EntryByEntry(golden.Doubles("alphas_cumprod_f64"), schedule.AlphasCumprod, relative: 1e-12, absolute: 0);
    }

    [Theory, MemberData(nameof(Tables))]
    public void Reverse_variances_agree_with_the_reference_for_all_and_for_few_steps(string name)
    {
        using SchedulerGolden golden = new(name);
        NoiseSchedule schedule = golden.Schedule;
        string[] recorded = [.. golden.Names.Where(n => n.StartsWith("variance.", StringComparison.Ordinal))];
        Assert.Equal(8, recorded.Length);
        foreach (string entry in recorded)
        {
            string kind = entry.Split('.')[1];
            int steps = int.Parse(entry.Split('.')[2].Replace("steps", "", StringComparison.Ordinal));
            int[] timesteps = new TimestepSelection { Count = steps }.Of(schedule.Timesteps);
            Posterior[] posteriors = [.. timesteps.Zip(timesteps.Skip(1), schedule.PosteriorOf)];
            double[] actual = [.. posteriors.Select(posterior => InTheReferenceSense(kind, posterior))];
            EntryByEntry(golden.Doubles(entry), actual, relative: 1e-12, absolute: 4e-16 * (kind == "fixed_large_log" ? 1e4 : 1));
        }

        // The reference calls four different quantities a variance.
        static double InTheReferenceSense(string kind, Posterior posterior) => kind switch
        {
            "fixed_small" => posterior.Variance,
            "fixed_small_log" => posterior.Deviation(ReverseVariance.SmallLog),
            "fixed_large" => posterior.Beta,
            _ => Math.Log(posterior.Beta),
        };
    }

    [Fact]
    public void Single_precision_tables_of_the_tutorial_agree()
    {
        using var file = Nn.SafetensorsFile.Read(Fixtures.Golden("seed_unet/scheduler.safetensors"));
        NoiseSchedule schedule = NoiseSchedule.Linear();
        EntryByEntry([.. file.ReadFloats("betas")], schedule.Betas, relative: 1e-6, absolute: 0);
        EntryByEntry([.. file.ReadFloats("alpha_cum_prod")], schedule.AlphasCumprod, relative: 2e-5, absolute: 0);
    }

    [Theory]
    [InlineData("linear_100")]
    [InlineData("cosine_60")]
    public void Posterior_tables_agree_with_the_reference(string name)
    {
        using var file = Nn.SafetensorsFile.Read(Fixtures.Golden($"losses/gaussian_tables_{name}.safetensors"));
        NoiseSchedule schedule = NoiseSchedule.FromBetas(file.ReadDoubles("betas"));
        EntryByEntry(file.ReadDoubles("posterior_mean_coef1"), schedule.PosteriorMeanX0, 1e-12, 0);
        EntryByEntry(file.ReadDoubles("posterior_mean_coef2"), schedule.PosteriorMeanXt, 1e-12, 0);
        EntryByEntry(file.ReadDoubles("posterior_variance"), schedule.PosteriorVariance, 1e-12, 0);
        EntryByEntry(file.ReadDoubles("posterior_log_variance_clipped"), schedule.PosteriorLogVarianceClipped, 1e-12, 0);
    }

    [Fact]
    public void Published_numbers_of_the_linear_schedule()
    {
        NoiseSchedule schedule = NoiseSchedule.Linear();
        Assert.Equal(1e-4, schedule.Betas[0]);
        Assert.Equal(0.02, schedule.Betas[999]);
        Assert.Equal(0.07858724288, schedule.AlphasCumprod[499], 1e-11);
        Assert.Equal(4.035829765e-05, schedule.AlphasCumprod[999], 1e-14);
        Assert.Equal(5.453187661e-05, schedule.PosteriorVariance[1], 1e-14);
        Assert.Equal(-9.8167251, schedule.PosteriorLogVarianceClipped[0], 1e-7);
        Assert.Equal(1.2835149e-04, schedule.PosteriorMeanX0[999], 1e-11);
        Assert.Equal(0.98994868, schedule.PosteriorMeanXt[999], 1e-8);
        Assert.Equal(9999, schedule.SignalToNoise[0], 1e-8);
        Assert.Equal(4.2466523e-05, NoiseSchedule.Linear(4000, scaledToTimesteps: true).AlphasCumprod[^1], 1e-12);
    }

    [Fact]
    public void The_posterior_of_one_step_is_that_of_the_tables()
    {
        NoiseSchedule schedule = NoiseSchedule.Cosine(50);
        for (int t = 0; t < 50; t++)
        {
            Posterior posterior = schedule.PosteriorOf(t, t - 1);
            Assert.Equal(schedule.Betas[t], posterior.Beta, 1e-14);
            Assert.Equal(schedule.PosteriorVariance[t], posterior.Variance, 1e-14);
            Assert.Equal(schedule.PosteriorMeanX0[t], posterior.X0, 1e-12);
            Assert.Equal(schedule.PosteriorMeanXt[t], posterior.Xt, 1e-12);
        }
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(999, 998)]
    [InlineData(900, 300)]
    public void Stepping_back_with_the_posterior_restores_the_marginal(int t, int s)
    {
        // Bayes: if x_t ~ q(x_t | x_0) and x_s ~ q(x_s | x_t, x_0) then x_s ~ q(x_s | x_0), in mean and in variance.
        NoiseSchedule schedule = NoiseSchedule.Linear();
        Posterior posterior = schedule.PosteriorOf(t, s);
        (NoiseLevel now, NoiseLevel before) = (schedule.At(t), schedule.At(s));
        Assert.Equal(before.Alpha, posterior.X0 + posterior.Xt * now.Alpha, 1e-12);
        Assert.Equal(before.Sigma * before.Sigma, Math.Pow(posterior.Xt * now.Sigma, 2) + posterior.Variance, 1e-12);
    }

    [Fact]
    public void The_last_step_back_leads_to_x0_itself()
    {
        Posterior posterior = NoiseSchedule.Linear().PosteriorOf(0, -1);
        Assert.Equal((1, 0, 0), (posterior.X0, posterior.Xt, posterior.Variance));
    }

    [Fact]
    public void The_learned_deviation_runs_from_the_smaller_variance_to_the_larger()
    {
        Posterior posterior = NoiseSchedule.Linear().PosteriorOf(20, 19);
        Assert.Equal(posterior.Deviation(ReverseVariance.Small), posterior.LearnedDeviation(-1), 1e-15);
        Assert.Equal(posterior.Deviation(ReverseVariance.Large), posterior.LearnedDeviation(1), 1e-15);
        Assert.Throws<ArgumentException>(() => posterior.Deviation(ReverseVariance.LearnedRange));
    }

    [Fact]
    public void A_zero_snr_schedule_ends_in_noise_alone_and_keeps_its_start()
    {
        NoiseSchedule plain = NoiseSchedule.ScaledLinear(), rescaled = plain.RescaledToZeroTerminalSnr();
        Assert.Equal(new NoiseLevel(0, 1, 999), rescaled.At(999));
        Assert.Equal(plain.AlphasCumprod[0], rescaled.AlphasCumprod[0], 1e-15);
        Assert.Equal(1, rescaled.Betas[999]);
    }

    [Fact]
    public void Bad_schedules_are_refused_with_the_number_and_its_place()
    {
        Refuses("not 0", () => NoiseSchedule.Linear(0));
        Refuses("at timestep 5 of 10; it must lie between 0 and 1", () => NoiseSchedule.Linear(10, scaledToTimesteps: true));
        Refuses("beta is NaN at timestep 1 of 2", () => NoiseSchedule.FromBetas([0.1, double.NaN]));
        Refuses("beta is 1 at timestep 0 of 2", () => NoiseSchedule.FromBetas([1, 0.5]));
        Refuses("at least 1 timestep", () => NoiseSchedule.FromBetas([]));
        Refuses("2 or more", () => NoiseSchedule.Linear(1).RescaledToZeroTerminalSnr());
        Refuses("Timestep 10 is outside this schedule's 0 to 9", () => NoiseSchedule.Cosine(10).At(10));
        Refuses("not to 5", () => NoiseSchedule.Cosine(10).PosteriorOf(5, 5));

        static void Refuses(string message, Func<object> act) =>
            Assert.Contains(message, Assert.Throws<ArgumentException>(act).Message, StringComparison.Ordinal);
    }

    static void EntryByEntry(ReadOnlySpan<double> expected, ReadOnlySpan<double> actual, double relative, double absolute)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            double error = Math.Abs(expected[i] - actual[i]);
            Assert.True(error <= relative * Math.Abs(expected[i]) + absolute, $"entry {i}: expected {expected[i]:r}, got {actual[i]:r}");
        }
    }
}
