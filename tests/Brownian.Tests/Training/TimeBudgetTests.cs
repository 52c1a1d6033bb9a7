using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>From a pace, which is made up here, to a length.</summary>
public sealed class TimeBudgetTests
{
    static TrainPace Pace(double step) => new() { StepSeconds = step, ImageSeconds = step / 100, CheckpointSeconds = 0.1 };

    static BudgetedTraining Fit(TrainConfig config, double step, double minutes, double spent = 1) =>
        BudgetedTraining.Fit(config, Pace(step), TimeSpan.FromMinutes(minutes), TimeSpan.FromSeconds(spent));

    // What a machine of that pace would really take, counted step by step.
    static (double First, double All) Live(BudgetedTraining fitted, double spent = 1)
    {
        var plan = new TrainingPlan(fitted.Config.Train, batchesPerEpoch: 100);
        (double clock, double first, double grid) = (spent, 0, fitted.Pace.GridSeconds(fitted.Config));
        for (long step = 1; step <= plan.TotalSteps; step++)
        {
            clock += fitted.Pace.StepSeconds;
            if (plan.SavesAfter(step) || step == plan.TotalSteps) clock += fitted.Pace.CheckpointSeconds;
            if (!plan.SamplesAfter(step) && (step < plan.TotalSteps || !plan.SamplesAtEnd)) continue;
            clock += grid;
            if (first == 0) first = clock;
        }
        return (first, clock);
    }

    public static TheoryData<string, double, double> Trainings
    {
        get
        {
            var data = new TheoryData<string, double, double>();
            foreach (string preset in (string[])["default", "mnist-classes", "cifar10", "tutorial-mnist"])
            {
                foreach (double step in (double[])[0.01, 0.1, 0.5, 2])
                {
                    foreach (double minutes in (double[])[0.5, 1, 3, 60]) data.Add(preset, step, minutes);
                }
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Trainings))]
    public void A_training_fills_its_budget_and_shows_a_grid_within_thirty_seconds(string preset, double step, double minutes)
    {
        TrainConfig config = preset == "default" ? TrainConfig.Default : Presets.Load(preset);
        BudgetedTraining fitted = Fit(config, step, minutes);
        fitted.Config.Validate();
        (double first, double all) = Live(fitted);
        Assert.InRange(all, 0.85 * 60 * minutes - 2 * step, 60 * minutes);
        Assert.Equal(all, fitted.Expected.TotalSeconds, 1e-6 * all);
        Assert.InRange(first, 0, 30);
        Assert.Equal(first, fitted.FirstGrid!.Value.TotalSeconds, 1.0);
        Assert.InRange(fitted.Config.Train.WarmupSteps, 0, fitted.Steps / 10);
        Assert.Null(fitted.Config.Train.Epochs);
        Assert.Equal(config with { Train = fitted.Config.Train }, fitted.Config);
    }

    [Fact]
    public void A_fast_machine_draws_grids_as_configured_and_a_slow_one_draws_cheaper_ones()
    {
        TrainConfig ancestral = TrainConfig.Default with { Diffusion = new() { Timesteps = 200, ScaleBetas = true }, Sampling = new() };
        Assert.Equal((null, 36), Grid(Fit(TrainConfig.Default, 0.2, 3)));
        Assert.Equal((null, 36), Grid(Fit(ancestral, 0.01, 3)));
        (int? steps, int images) = Grid(Fit(ancestral, 0.2, 3));
        Assert.InRange(steps!.Value, 20, 100);
        Assert.Equal(36, images);
        (steps, images) = Grid(Fit(ancestral, 1.5, 3));
        Assert.Equal((20, 0), (steps!.Value, images % 6));
        Assert.InRange(images, 6, 30);

        static (int? Steps, int Images) Grid(BudgetedTraining fitted) => (fitted.Config.Train.SampleTimesteps, fitted.Config.Train.Samples);
    }

    [Fact]
    public void Checkpoints_do_not_use_up_the_budget()
    {
        BudgetedTraining fitted = Fit(TrainConfig.Default.With("train_params.checkpoint_steps=3"), 0.002, 1);
        Assert.InRange(fitted.Config.Train.CheckpointSteps, 500, 2000);
        Assert.InRange(Live(fitted).All, 0.85 * 60, 60);
        Assert.Equal(500, Fit(TrainConfig.Default, 0.1, 3).Config.Train.CheckpointSteps);
    }

    [Fact]
    public void Who_wants_no_grids_gets_none()
    {
        BudgetedTraining fitted = Fit(TrainConfig.Default.With("train_params.sample_steps=0"), 0.1, 1);
        Assert.False(fitted.Config.Train.HasGrids);
        Assert.Null(fitted.FirstGrid);
    }

    [Fact]
    public void A_budget_that_measuring_has_used_up_is_one_step()
    {
        BudgetedTraining fitted = Fit(TrainConfig.Default, 30, 0.1, spent: 60);
        fitted.Config.Validate();
        Assert.Equal(1, fitted.Steps);
    }

    [Theory]
    [InlineData(0.02, false)]
    [InlineData(0.1, false)]
    [InlineData(0.5, false)]
    [InlineData(0.7, true)]
    [InlineData(3, true)]
    [InlineData(170, true)]
    public void A_machine_too_slow_for_the_usual_network_gets_a_smaller_one(double step, bool smaller)
    {
        BudgetedTraining fitted = Spend(TrainConfig.Default, step);
        Assert.Equal(smaller, fitted.StepsOfUsualNetwork is not null);
        Assert.Equal(smaller ? TrainConfig.SmallModel : TrainConfig.Default.Model, fitted.Config.Model);
        if (smaller) Assert.InRange(fitted.StepsOfUsualNetwork!.Value, 1, TrainConfig.LeastSteps - 1);
        else Assert.InRange(fitted.Steps, TrainConfig.LeastSteps, long.MaxValue);
    }

    [Fact]
    public void A_network_that_was_chosen_is_not_replaced()
    {
        TrainConfig config = TrainConfig.Default.With("model_params.layers_per_block=2");
        Assert.Equal(config.Model, Spend(config, 3).Config.Model);
    }

    static BudgetedTraining Spend(TrainConfig config, double step) => TimeBudget.Default.Spend(
        config, asked => Pace(asked.Model == TrainConfig.SmallModel ? step / 4 : step), () => TimeSpan.FromSeconds(1));

    [Fact]
    public void A_real_machine_is_measured_and_the_result_repeats_as_a_file()
    {
        using Device device = Device.Cpu(1);
        BudgetedTraining fitted = new TimeBudget(0.1).Spend(
            TinyRun.Config.With("train_params.sample_steps=4"), device, cancel: TestContext.Current.CancellationToken);
        Assert.True(fitted.Steps > 1 && fitted.Pace.StepSeconds > 0 && fitted.Pace.ImageSeconds > 0);
        Assert.Equal(fitted.Config, TrainConfig.Parse(fitted.Config.ToYaml()));
    }

    [Fact]
    public void A_trainer_makes_steps_of_minutes_once_and_a_run_that_goes_on_keeps_them()
    {
        string folder = Directory.CreateTempSubdirectory("minutes-").FullName;
        try
        {
            using Device device = Device.Cpu(1);
            TrainConfig config = TinyRun.Config.With("train_params.num_minutes=0.1", "train_params.checkpoint_steps=5");
            var run = RunDirectory.Create(folder, config);
            using var stop = new CancellationTokenSource();
            new Trainer(config, device).Run(run, new StopAfter(7, stop), stop.Token);
            long? steps = run.Config.Train.Steps;
            Assert.True(steps > 7 && run.Config.Train.Minutes is null);
            TrainResult result = new Trainer(config, device).Run(run, cancel: TestContext.Current.CancellationToken);
            Assert.Equal((true, steps), (result.IsComplete, result.Step));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    sealed class StopAfter(long step, CancellationTokenSource stop) : IProgress<TrainProgress>
    {
        public void Report(TrainProgress value)
        {
            if (value is TrainProgress.Stepped stepped && stepped.Metrics.Step >= step) stop.Cancel();
        }
    }

    [Fact]
    public void Looking_at_images_is_a_part_of_the_budget()
    {
        TrainConfig config = Presets.Load("mnist-classes", ["train_params.evaluate_steps=500"]);
        TrainPace slow = Pace(0.1) with { LookingSeconds = 0.05, FirstLookSeconds = 90 };
        BudgetedTraining fitted = BudgetedTraining.Fit(config, slow, TimeSpan.FromMinutes(30), TimeSpan.FromSeconds(1));
        Assert.Equal(config.Train.EvaluateCount * 0.05, slow.EvaluationSeconds(config) - Pace(0.1).EvaluationSeconds(config), 1e-9);
        double steps = fitted.Steps * 0.1, left = 30 * 60 - steps;
        Assert.InRange(left, 90 + fitted.Steps / 500 * slow.EvaluationSeconds(config), 30 * 60);
        Assert.InRange(fitted.Expected.TotalSeconds, 0.9 * 30 * 60, 30 * 60);
    }

    [Fact]
    public void Looking_is_measured_where_a_training_is_evaluated()
    {
        using Device device = Device.Cpu(1);
        TrainConfig config = TinyRun.Config.With("train_params.evaluate_steps=5", "train_params.evaluate_count=8");
        TrainPace Measured(TrainConfig asked) => new TimeBudget(0.1).Spend(asked, device, cancel: TestContext.Current.CancellationToken).Pace;
        Assert.Equal((0, 0), (Measured(TinyRun.Config).LookingSeconds, Measured(TinyRun.Config).FirstLookSeconds));
        TrainPace pace = Measured(config);
        Assert.True(pace.LookingSeconds > 0 && pace.FirstLookSeconds > pace.LookingSeconds);
    }

    [Fact]
    public void Evaluations_are_a_part_of_the_budget()
    {
        BudgetedTraining without = Fit(Presets.Load("mnist-classes"), step: 0.1, minutes: 30);
        BudgetedTraining with = Fit(Presets.Load("mnist-classes", ["train_params.evaluate_steps=500"]), step: 0.1, minutes: 30);
        long times = new TrainingPlan(with.Config.Train, batchesPerEpoch: 100).EvaluationsAfter(0);
        double each = with.Pace.EvaluationSeconds(with.Config);
        Assert.Equal((without.Steps - with.Steps) * 0.1, times * each, each + 1);
        Assert.InRange(with.Expected.TotalSeconds, 0.9 * 30 * 60, 30 * 60);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(0.09)]
    [InlineData(10_001)]
    [InlineData(1_000_000)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Budgets_out_of_range_are_refused(double minutes) =>
        Assert.Contains("0.1 to 10,000 minutes", Assert.Throws<ArgumentException>(() => new TimeBudget(minutes)).Message, StringComparison.Ordinal);
}
