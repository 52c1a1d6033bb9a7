namespace Brownian.Tests;

public sealed class RunDirectoryTests : IDisposable
{
    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    string Runs => _folder.Path("runs");

    [Fact]
    public void Runs_are_numbered_on_and_never_overwritten()
    {
        Assert.Equal("00001-digits", Path.GetFileName(RunDirectory.Create(Runs, TrainConfig.Default).FullPath));
        Directory.CreateDirectory(Path.Combine(Runs, "00041-older"));
        RunDirectory run = RunDirectory.Create(Runs, TrainConfig.Default.With("train_params.task_name=faces"));
        Assert.Equal("00042-faces", Path.GetFileName(run.FullPath));
        Assert.True(Directory.Exists(run.SamplesPath) && Directory.Exists(run.CheckpointsPath));
        Assert.Equal(run.Config, RunDirectory.Open(run.FullPath).Config);
    }

    [Fact]
    public void Runs_made_at_the_same_time_get_numbers_of_their_own()
    {
        string[] names = new string[12];
        Parallel.For(0, names.Length, i =>
            names[i] = RunDirectory.Create(Runs, TrainConfig.Default.With($"train_params.task_name=t{i}")).FullPath);
        Assert.Equal(Enumerable.Range(1, 12), names.Select(name => int.Parse(Path.GetFileName(name)[..5], null)).Order());
        Assert.DoesNotContain(Directory.EnumerateDirectories(Runs), path => Path.GetFileName(path)[0] == '.');
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_named()
    {
        string file = _folder.Write("file", "");
        Assert.Contains(file, Assert.ThrowsAny<IOException>(() => RunDirectory.Create(Path.Combine(file, "runs"), TrainConfig.Default)).Message, StringComparison.Ordinal);
        if (Directory.Exists("/proc/self"))
        {
            string message = Assert.ThrowsAny<IOException>(() => RunDirectory.Create("/proc/self/runs", TrainConfig.Default)).Message;
            Assert.Contains("/proc/self/runs", message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', message);
        }
    }

    [Fact]
    public void What_is_no_run_is_refused()
    {
        Assert.Throws<DirectoryNotFoundException>(() => RunDirectory.Open(_folder.Path("nothing")));
        Assert.Throws<InvalidDataException>(() => RunDirectory.Open(_folder.Root));
        RunDirectory run = RunDirectory.Create(Runs, TrainConfig.Default);
        File.AppendAllText(run.ConfigPath, "  lrr: 3\n");
        Assert.StartsWith(run.ConfigPath,
            Assert.Throws<InvalidDataException>(() => RunDirectory.Open(run.FullPath)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_configuration_that_a_run_had_is_kept()
    {
        RunDirectory run = RunDirectory.Create(Runs, TrainConfig.Default);
        string first = File.ReadAllText(run.ConfigPath);
        run.Reconfigure(Longer(2));
        run.Reconfigure(Longer(3));
        Directory.CreateDirectory(Path.Combine(run.CheckpointsPath, "step-00000300"));
        run.Reconfigure(Longer(4));
        // A kill between the copy and the replacement leaves the copy of what is still in force.
        File.Copy(run.ConfigPath, Path.Combine(run.FullPath, "config-step-00000300-2.yaml"));
        run.Reconfigure(Longer(5));

        Assert.Equal(first, Kept("step-00000000"));
        Assert.Equal(Longer(2).ToYaml(), Kept("step-00000000-2"));
        Assert.Equal(Longer(3).ToYaml(), Kept("step-00000300"));
        Assert.Equal(Longer(4).ToYaml(), Kept("step-00000300-2"));
        Assert.Equal(4, Directory.GetFiles(run.FullPath, "config-*").Length);
        Assert.Equal(Longer(5), RunDirectory.Open(run.FullPath).Config);

        string Kept(string name) => File.ReadAllText(Path.Combine(run.FullPath, $"config-{name}.yaml"));
        static TrainConfig Longer(int epochs) => TrainConfig.Default.With($"train_params.num_epochs={epochs}");
    }

    [Fact]
    public void One_process_trains_a_run_at_a_time()
    {
        RunDirectory run = RunDirectory.Create(Runs, TrainConfig.Default);
        using (run.Lock())
            Assert.Contains("another process is training",
                Assert.Throws<IOException>(() => run.Lock().Dispose()).Message, StringComparison.Ordinal);
        run.Lock().Dispose();
    }

    [Fact]
    public void Metrics_of_repeated_steps_and_half_lines_are_dropped()
    {
        string path = _folder.Path("metrics.jsonl");
        using (var metrics = new MetricsFile(path, 0))
        {
            for (int step = 1; step <= 9; step++) metrics.Append(Step(step));
        }
        File.AppendAllText(path, "{\"step\": 10, \"lo");
        using (var metrics = new MetricsFile(path, 6)) metrics.Append(Step(7));
        string[] lines = File.ReadAllLines(path);
        Assert.Equal(7, lines.Length);
        Assert.Equal(
            """{"step":7,"epoch":2,"loss":0.25,"loss_q0":1,"loss_q1":null,"loss_q2":0.5,"loss_q3":0.125,"lr":0.001,"grad_norm":3.5,"img_per_sec":12.34,"gflops":41.23,"seconds":1.5,"memory_mb":99}""",
            lines[^1]);
        using (new MetricsFile(path, 0)) { }
        Assert.Empty(File.ReadAllText(path));
    }

    static TrainMetrics Step(long step) => new(step, 2, 0.25, new(1, double.NaN, 0.5, 0.125), 1e-3, 3.5, 12.341, 41.234, 1.5, 99);
}
