using System.Text.Json;
using Brownian.Tensors;

namespace Brownian.Tests;

public sealed class RehearsalTests : IDisposable
{
    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    RunDirectory NewRun(TrainConfig config) => RunDirectory.Create(_folder.Path("runs"), config);

    [Fact]
    public void A_run_tells_its_plan_once_after_its_own_first_steps()
    {
        List<TrainProgress> told = [];
        TrainResult result = TinyRun.Train(NewRun(TinyRun.Config), TinyRun.Config, tell: told.Add);
        int plan = told.FindIndex(p => p is TrainProgress.Planned), steps = told.Take(plan).Count(p => p is TrainProgress.Stepped);
        Assert.Single(told.OfType<TrainProgress.Planned>());
        Assert.InRange(steps, 2, 12);
        Assert.Equal(12, told.Count(p => p is TrainProgress.Stepped));
        Assert.Same(((TrainProgress.Planned)told[plan]).Forecast, result.Forecast);
        Assert.Equal((12 - steps) * 4 / result.Forecast!.ImagesPerSecond, result.Forecast.Steps.TotalSeconds, 1e-6);
    }

    [Fact]
    public void A_run_of_one_step_has_a_plan_too()
    {
        TrainConfig config = TinyRun.Config.With("train_params.num_steps=1");
        Assert.Equal(TimeSpan.Zero, TinyRun.Train(NewRun(config), config).Forecast!.Steps);
    }

    // What a rehearsal takes is thrown away with its job; it must not diverge meanwhile, whatever the learning rate.
    [Fact]
    public void A_rehearsal_moves_no_weight()
    {
        using Device device = Device.Cpu(1);
        TrainConfig config = TinyRun.Config.With(
            "train_params.gradient_accumulation=2", "train_params.lr=50", "train_params.optimizer=adamw", "train_params.weight_decay=0.5");
        using var job = new TrainingJob(config, device, new DrawnDigits(20, 5, 8), begun: null, progress: null);
        float[] before = job.State.Parameters.Values.ToArray();
        StepCost cost = Rehearsal.Run(job, TestContext.Current.CancellationToken);
        Assert.Equal(before, job.State.Parameters.Values.ToArray());
        Assert.True(cost.Seconds > 2 * cost.ForwardSeconds && cost.ForwardBytes > 0);
    }

    [Fact]
    public void A_few_images_tell_the_memory_of_a_step_and_change_nothing()
    {
        using Device device = Device.Cpu(1);
        TrainConfig config = TrainConfig.Load(EarlierFilesTests.At("configurations", "plain_unet.yaml")).With("train_params.batch_size=16");
        using IImageDataset images = ConfiguredDataset.Open(config, cancel: TestContext.Current.CancellationToken);
        using var job = new TrainingJob(config, device, images, begun: null, progress: null);
        float[] before = job.State.Parameters.Values.ToArray();
        StepCost few = Rehearsal.OfFewImages(job, TestContext.Current.CancellationToken);
        Assert.Equal(before, job.State.Parameters.Values.ToArray());
        double told = few.UntakenBytes + device.Memory.Pooled;
        Rehearsal.OfWholeSteps(job, TestContext.Current.CancellationToken);
        Assert.InRange(told, 0.8 * device.Memory.Pooled, 1.3 * device.Memory.Pooled);
    }

    [Fact]
    public void What_the_machine_has_not_is_refused_before_the_first_step_and_what_others_use_is_told()
    {
        TrainConfig config = TinyRun.Config.With("train_params.num_steps=2");
        RunDirectory run = NewRun(config);
        try
        {
            MachineMemory.Pretend(new(Total: 1000, Available: 1000));
            string message = Assert.Throws<ArgumentException>(() => TinyRun.Train(run, config)).Message;
            Assert.Matches("^Training a network of [0-9,]+ parameters takes 0.1 GB of memory for its weights alone, and there are 0 GB; choose a smaller one.$", message);
            MachineMemory.Pretend(new(Total: 102_000_000, Available: 1000));
            message = Assert.Throws<ArgumentException>(() => TinyRun.Train(run, config)).Message;
            Assert.Matches(
                "^Training would take about [0-9.]+ GB of memory, and there are 0.1 GB; lower train_params.batch_size, now 4 .*, or set train_params.gradient_checkpointing=true.$", message);
            MachineMemory.Pretend(new(Total: 1L << 50, Available: 1000));
            List<TrainProgress> told = [];
            Assert.True(TinyRun.Train(run, config, tell: told.Add).IsComplete);
            Assert.Contains("but 0 GB are available; close other programs", Assert.Single(told.OfType<TrainProgress.Warning>()).Message, StringComparison.Ordinal);
        }
        finally
        {
            MachineMemory.Pretend(null);
        }
        MachineMemory now = MachineMemory.Now;
        Assert.InRange(now.Available, 1, now.Total);
    }

    [Theory]
    [InlineData(2, 1.0, 1.0)]                       // agree at once
    [InlineData(4, 1.0, 0.5, 0.2, 0.19)]            // after compiling
    [InlineData(1, 12.0)]                           // mostly work, not compiling
    [InlineData(2, 5.0, 3.0)]                       // seconds each: nobody waits for a third
    [InlineData(4, 0.9, 0.7, 0.5, 0.3, 0.2)]        // two seconds are over before the fourth
    [InlineData(20, 0.01, 0.02, 0.01, 0.02, 0.01, 0.02, 0.01, 0.02, 0.01, 0.02, 0.01, 0.02, 0.01, 0.02, 0.01, 0.02, 0.01, 0.02, 0.01, 0.02)]
    public void The_pace_is_settled_when_two_steps_agree_or_there_was_time_to_compile(int settledAfter, params double[] seconds)
    {
        var meter = new PaceMeter();
        for (int i = 0; i < settledAfter; i++)
        {
            Assert.False(meter.IsSettled);
            meter.Add(new StepCost(seconds[i], 0, 0));
        }
        Assert.True(meter.IsSettled);
        Assert.Equal(seconds[Math.Max(0, settledAfter - 2)..settledAfter].Min(), meter.Pace.Seconds);
    }

    [Fact]
    public void The_plan_of_a_trainer_is_what_its_run_begins_with()
    {
        using Device device = Device.Cpu(1);
        var trainer = new Trainer(TinyRun.Config.With("train_params.num_steps=1000000", "train_params.sample_steps=10"), device);
        TrainForecast plan = trainer.Plan(cancel: TestContext.Current.CancellationToken);
        Assert.True(plan.ImagesPerSecond > 0 && plan.Gflops > 0 && plan.PeakMemory > 1e7);
        Assert.Equal(1_000_000 * 4 / plan.ImagesPerSecond, plan.Steps.TotalSeconds, 1e-3 * plan.Steps.TotalSeconds);
        Assert.InRange(plan.Grids.TotalSeconds, 0.01 * plan.Steps.TotalSeconds, 100 * plan.Steps.TotalSeconds);
    }

    [Fact]
    public void The_speed_of_a_step_is_told_in_images_and_in_operations()
    {
        RunDirectory run = NewRun(TinyRun.Config);
        TinyRun.Train(run, TinyRun.Config);
        double perImage = 3 * 2e-9 * NetworkSummary.Of(device => TinyRun.Config.Model.CreateNetwork(device)).MultiplyAdds;
        foreach (string line in File.ReadLines(run.MetricsPath))
        {
            JsonElement step = JsonDocument.Parse(line).RootElement;
            Assert.Equal(step.GetProperty("img_per_sec").GetDouble() * perImage, step.GetProperty("gflops").GetDouble(), 0.02);
        }
    }

    [Theory]
    [InlineData(0, 0, 0, 7, 1, 40)]
    [InlineData(0, 9, 0, 10, 1, 40)]
    [InlineData(0, 0, 2, 10, 3, 40)]
    [InlineData(0, 0, 1, 50, 1, 41)]
    [InlineData(0, 40, 0, 40, 1, 40)]
    [InlineData(3, 9, 0, 10, 1, 40)]
    [InlineData(18, 9, 0, 10, 1, 40)]
    [InlineData(40, 0, 0, 10, 1, 40)]
    public void Grids_and_checkpoints_that_are_left_are_counted(
        int firstSample, int sampleSteps, int sampleEpochs, int checkpointSteps, int accumulation, int steps)
    {
        var plan = new TrainingPlan(
            new TrainParams
            {
                FirstSampleStep = firstSample,
                SampleSteps = sampleSteps,
                SampleEpochs = sampleEpochs,
                CheckpointSteps = checkpointSteps,
                GradientAccumulation = accumulation,
                Steps = steps,
            },
            batchesPerEpoch: 7);
        for (int from = 0; from < steps; from++)
        {
            int[] left = [.. Enumerable.Range(from + 1, steps - from)];
            Assert.Equal(
                (left.Count(step => plan.SamplesAfter(step)) + (plan.SamplesAtEnd ? 1 : 0), left.Count(step => plan.SavesAfter(step)) + 1),
                plan.After(from));
        }
    }
}
