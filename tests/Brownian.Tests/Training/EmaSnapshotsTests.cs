using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Tests;

public sealed class EmaSnapshotsTests : IDisposable
{
    readonly ScratchFolder _folder = new();
    readonly Device _device = Device.Cpu(1);

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    static TrainConfig Config { get; } = TinyRun.Config.With("train_params.ema_snapshots=4");

    RunDirectory Trained(TrainConfig config, long? stopAfter = null)
    {
        RunDirectory run = RunDirectory.Create(_folder.Path("runs"), config);
        TinyRun.Train(run, config, stopAfter);
        return run;
    }

    static float[] Weights(DiffusionModel model) => model.Network.Parameters.Values.ToArray();

    float[] Read(string path)
    {
        ParameterSet parameters = Config.Model.CreateNetwork(_device).Parameters;
        ParameterFile.Read(path, parameters, ("", parameters.Values));
        return parameters.Values.ToArray();
    }

    [Fact]
    public void A_tracked_width_comes_back_bit_for_bit()
    {
        RunDirectory run = Trained(Config);
        var snapshots = new SnapshotStore(run);
        Assert.Equal([3L, 6L, 9L, 12L], snapshots.Steps);
        foreach ((double width, long step) in ((double, long)[])[(0.05, 12), (0.1, 12), (0.1, 6)])
        {
            ReconstructedEma made = snapshots.Open(width, step, _device);
            Assert.Equal((step, step, 1), (made.Step, made.Model.Description.Step, made.Used));
            Assert.Equal(Read(Path.Combine(run.SnapshotsPath, CheckpointStore.NameOf(step), SnapshotStore.NameOf(width))), Weights(made.Model));
        }
        Assert.Equal(Weights(snapshots.Open(0.1, 12, _device).Model), Weights(snapshots.Open(0.1, null, _device).Model));
    }

    // Against the sum over the weights after every step, which a checkpoint of each keeps.
    [Theory]
    [InlineData(0.07)]
    [InlineData(0.15)]
    [InlineData(0.2)]
    public void Another_width_is_near_the_sum_over_all_steps(double width)
    {
        const int Steps = 24;
        TrainConfig config = Config.With(
            $"train_params.num_steps={Steps}", "train_params.ema_snapshots=12", "train_params.checkpoint_steps=1", "train_params.keep_checkpoints=100");
        RunDirectory run = Trained(config);
        double exponent = PowerProfile.ExponentOf(width);
        float[][] weights = [.. Enumerable.Range(1, Steps).Select(step => Read(Path.Combine(new CheckpointStore(run.CheckpointsPath).PathOf(step), CheckpointStore.WeightsName)))];
        ReconstructedEma made = new SnapshotStore(run).Open(width, null, _device);
        float[] reconstructed = Weights(made.Model);
        double square = 0, spread = 0, moved = 0;
        for (int i = 0; i < reconstructed.Length; i++)
        {
            double average = 0;
            for (int step = 1; step <= Steps; step++)
            {
                double share = Math.Pow((double)step / Steps, exponent + 1) - Math.Pow((step - 1.0) / Steps, exponent + 1);
                average += share * weights[step - 1][i];
                spread += Math.Pow(weights[step - 1][i] - weights[^1][i], 2);
            }
            square += Math.Pow(reconstructed[i] - average, 2);
            moved += Math.Pow(weights[^1][i] - average, 2);
        }
        double norm = Math.Sqrt(new PowerProfile(Steps, exponent).Dot(new PowerProfile(Steps, exponent)));
        Assert.InRange(Math.Sqrt(square), 0, made.Error * norm * Math.Sqrt(spread) + 1e-4);
        Assert.InRange(Math.Sqrt(square / moved), 0, 0.1);      // and it is not merely near because nothing moved
    }

    [Fact]
    public void Tracking_changes_no_bit_of_the_training_and_no_hash()
    {
        RunDirectory plain = Trained(TinyRun.Config), tracked = Trained(Config);
        string[] files = [.. Directory.EnumerateFiles(new CheckpointStore(plain.CheckpointsPath).PathOf(12), "*.safetensors").Select(path => Path.GetFileName(path)!)];
        Assert.Equal(3, files.Length);
        foreach (string file in files)
        {
            Assert.Equal(File.ReadAllBytes(Path.Combine(new CheckpointStore(plain.CheckpointsPath).PathOf(12), file)),
                File.ReadAllBytes(Path.Combine(new CheckpointStore(tracked.CheckpointsPath).PathOf(12), file)));
        }
        Assert.Equal(TinyRun.Config.Hash(), Config.Hash());
        Assert.DoesNotContain("ema_snapshots", TinyRun.Config.ToYaml(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(plain.SnapshotsPath));
    }

    [Fact]
    public void Resuming_continues_bit_for_bit_and_forgets_what_came_after_the_checkpoint()
    {
        RunDirectory straight = Trained(Config), broken = Trained(Config, stopAfter: 7);
        Assert.Equal([3L, 6L], new SnapshotStore(broken).Steps);
        // As if it had been killed after step 9, and damaged so that nobody takes it for one of the new ones.
        Directory.CreateDirectory(Path.Combine(broken.SnapshotsPath, CheckpointStore.NameOf(11)));
        TinyRun.Train(broken, broken.Config);
        Assert.Equal(TinyRun.StateAfter(straight, 12), TinyRun.StateAfter(broken, 12));
        Assert.Equal(Snapshots(straight), Snapshots(broken));
    }

    [Fact]
    public void A_run_that_stopped_between_two_snapshots_has_the_averages_of_its_checkpoint()
    {
        RunDirectory run = Trained(Config, stopAfter: 7);
        ReconstructedEma made = new SnapshotStore(run).Open(0.05, null, _device);
        Assert.Equal((7L, 6), (made.Step, made.Kept));
        Assert.Equal(Read(Path.Combine(new CheckpointStore(run.CheckpointsPath).PathOf(7), SnapshotStore.NameOf(0.05))), Weights(made.Model));
    }

    [Fact]
    public void A_run_that_is_continued_keeps_no_more_snapshots_than_were_asked_for()
    {
        TrainConfig config = Config.With("train_params.lr_schedule=constant");
        RunDirectory run = Trained(config);
        TinyRun.Train(run, config.With("train_params.num_steps=24"));
        Assert.Equal([6L, 12L, 18L, 24L], new SnapshotStore(run).Steps);
    }

    [Fact]
    public void Averages_cannot_be_tracked_from_the_middle_of_a_run()
    {
        RunDirectory run = Trained(TinyRun.Config, stopAfter: 5);
        string message = Assert.Throws<InvalidDataException>(() => TinyRun.Train(run, Config)).Message;
        Assert.Contains("step-00000005: no ema-0.05.safetensors: averages of train_params.ema_widths are tracked from the first step on", message, StringComparison.Ordinal);
        Assert.True(TinyRun.Train(run, TinyRun.Config).IsComplete);
        // But they may be given up.
        RunDirectory tracked = Trained(Config, stopAfter: 5);
        Assert.True(TinyRun.Train(tracked, TinyRun.Config).IsComplete);
    }

    [Fact]
    public void A_damaged_snapshot_is_passed_over_with_a_warning()
    {
        RunDirectory run = Trained(Config);
        string file = Path.Combine(run.SnapshotsPath, CheckpointStore.NameOf(6), SnapshotStore.NameOf(0.1));
        byte[] bytes = File.ReadAllBytes(file);
        bytes[^1] ^= 1;
        File.WriteAllBytes(file, bytes);
        List<string> warnings = [];
        Assert.Equal(6, new SnapshotStore(run).Open(0.08, null, _device, warnings.Add).Kept);
        Assert.StartsWith($"{file}: its SHA-256 is not the manifest's", Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_snapshots_do_not_allow_is_said_with_what_they_do()
    {
        var snapshots = new SnapshotStore(Trained(Config));
        foreach (double width in (double[])[0.5, 0.288, 0.002, 0, double.NaN])
        {
            string message = Assert.Throws<ArgumentException>(() => snapshots.Open(width, null, _device)).Message;
            Assert.Matches($"a width of {width} is not what the 8 averages kept up to step 12 allow: give 0\\.0[34][0-9]* to 0\\.1[0-9]*; more snapshots", message);
        }
        Assert.EndsWith("no averages of step 5 were kept; give one of 3, 6, 9, 12.", Assert.Throws<ArgumentException>(() => snapshots.Open(0.1, 5, _device)).Message, StringComparison.Ordinal);
        Assert.Contains("no snapshots of averages, which train_params.ema_snapshots=16 keeps",
            Assert.Throws<InvalidDataException>(() => new SnapshotStore(Trained(TinyRun.Config)).Open(0.1, null, _device)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_widths_can_be_tracked()
    {
        RunDirectory run = Trained(Config.With("train_params.ema_widths=[0.03, 0.2]"));
        Assert.Equal(1, new SnapshotStore(run).Open(0.2, null, _device).Used);
        foreach (string widths in (string[])["[]", "[0.1, 0.1]", "[0.3]", "[0]"])
        {
            Assert.Contains("train_params.ema_widths is", Assert.Throws<InvalidDataException>(
                () => Config.With($"train_params.ema_widths={widths}")).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_plan_says_how_many_there_will_be_and_what_they_take()
    {
        List<TrainProgress> told = [];
        RunDirectory run = RunDirectory.Create(_folder.Path("runs"), Config);
        TinyRun.Train(run, Config, tell: told.Add);
        SnapshotPlan plan = Assert.Single(told.OfType<TrainProgress.Started>()).Snapshots!;
        Assert.Equal((3L, 4L), (plan.Steps, plan.Count));
        Assert.Equal([0.05, 0.1], plan.Widths);
        long onDisk = Directory.EnumerateFiles(run.SnapshotsPath, "*.safetensors", SearchOption.AllDirectories).Sum(path => new FileInfo(path).Length);
        Assert.InRange(onDisk - plan.Bytes, 0, 4 * 2 * 10_000);     // the names
        Assert.Equal(1, new TrainingPlan(Config.Train with { EmaSnapshots = 100 }, 5).SnapshotSteps);
    }

    static byte[] Snapshots(RunDirectory run) =>
    [
        .. Directory.EnumerateFiles(run.SnapshotsPath, "*.safetensors", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal).SelectMany(path => System.Text.Encoding.UTF8.GetBytes(Path.GetRelativePath(run.SnapshotsPath, path)).Concat(File.ReadAllBytes(path))),
    ];
}
