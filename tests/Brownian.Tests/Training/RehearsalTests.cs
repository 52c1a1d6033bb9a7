using System.Text.Json;
using Brownian.Diffusion;
using Brownian.Tensors;
using Brownian.Training;

namespace Brownian.Tests;

public sealed class RehearsalTests : IDisposable
{
    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    RunDirectory NewRun(TrainConfig config) => RunDirectory.Create(_folder.Path("runs"), config);

    public static TheoryData<string> Models => ["tutorial_unet", "unet2d"];

    // Dropout, mirrored images, several batches a step and an epoch that ends in between: all that draws random numbers.
    static TrainConfig Config(string type)
    {
        TrainConfig config = TinyRun.Config.With(
            "train_params.gradient_accumulation=2", "dataset_params.horizontal_flip=true", "train_params.checkpoint_steps=1");
        return type == "tutorial_unet" ? config : config.With(
            "model_params.type=unet2d", "model_params.sample_size=8", "model_params.in_channels=1", "model_params.out_channels=1",
            "model_params.block_out_channels=[8,8]", "model_params.norm_num_groups=4", "model_params.dropout=0.3",
            "model_params.down_block_types=[DownBlock2D,DownBlock2D]", "model_params.up_block_types=[UpBlock2D,AttnUpBlock2D]");
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void A_rehearsal_leaves_no_trace_in_the_weights_the_moments_the_average_or_the_losses(string type)
    {
        TrainConfig config = Config(type);
        RunDirectory with = NewRun(config), without = NewRun(config), resumed = NewRun(config);
        List<TrainProgress> told = [], toldWithout = [];
        TinyRun.Train(with, config, tell: told.Add);
        TinyRun.Train(without, config, tell: toldWithout.Add, rehearsals: 0);
        TinyRun.Train(resumed, config, stopAfter: 5, rehearsals: 0);
        TinyRun.Train(resumed, config);

        Assert.Single(told.OfType<TrainProgress.Planned>());
        Assert.Empty(toldWithout.OfType<TrainProgress.Planned>());
        Assert.Equal(TinyRun.StateAfter(without, 12), TinyRun.StateAfter(with, 12));
        Assert.Equal(TinyRun.StateAfter(without, 12), TinyRun.StateAfter(resumed, 12));
        Assert.Equal(Losses(without), Losses(with));
        Assert.Equal(Losses(without), Losses(resumed));
    }

    static List<double> Losses(RunDirectory run) =>
        [.. File.ReadLines(run.MetricsPath).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("loss").GetDouble())];

    [Fact]
    public void A_rehearsal_can_be_cancelled_and_leaves_a_run_that_begins_anew()
    {
        RunDirectory run = NewRun(TinyRun.Config);
        using (Device device = Device.Cpu(1))
        {
            TrainResult cancelled = new Trainer(TinyRun.Config, device).Run(run, cancel: new CancellationToken(canceled: true));
            Assert.Equal((false, 0L), (cancelled.IsComplete, cancelled.Step));
        }
        Assert.Empty(Directory.GetFileSystemEntries(run.CheckpointsPath));
        Assert.Equal(12, TinyRun.Train(run, TinyRun.Config).Step);
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
    [InlineData(0, 0, 7, 1, 40)]
    [InlineData(9, 0, 10, 1, 40)]
    [InlineData(0, 2, 10, 3, 40)]
    [InlineData(0, 1, 50, 1, 41)]
    [InlineData(40, 0, 40, 1, 40)]
    public void Grids_and_checkpoints_that_are_left_are_counted(int sampleSteps, int sampleEpochs, int checkpointSteps, int accumulation, int steps)
    {
        var plan = new TrainingPlan(
            new TrainParams
            {
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
