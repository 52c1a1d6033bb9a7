using System.Diagnostics;
using System.Text.Json;
using Brownian.Tensors;

namespace Brownian.Tests;

public sealed class ResumeTests : IDisposable
{
    const string ChildVariable = "BROWNIAN_TEST_RUN";

    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    RunDirectory NewRun(TrainConfig config) => RunDirectory.Create(_folder.Path("runs"), config);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Resuming_continues_bit_for_bit(int accumulation)
    {
        TrainConfig config =
            TinyRun.Config.With($"train_params.gradient_accumulation={accumulation}", "dataset_params.horizontal_flip=true");
        RunDirectory straight = NewRun(config), broken = NewRun(config);
        TrainResult whole = TinyRun.Train(straight, config);
        Assert.Equal((true, 12L), (whole.IsComplete, whole.Step));

        TrainResult part = TinyRun.Train(broken, config, stopAfter: 5);
        Assert.Equal((false, 5L, null), (part.IsComplete, part.Step, part.ModelPath));
        RunDirectory again = RunDirectory.Open(broken.FullPath);
        TrainResult rest = TinyRun.Train(again, again.Config, threads: 2);
        Assert.Equal((true, 12L), (rest.IsComplete, rest.Step));

        Assert.Equal(TinyRun.StateAfter(straight, 12), TinyRun.StateAfter(broken, 12));
        Assert.Equal(whole.SmoothedLoss, rest.SmoothedLoss, 1e-12);
        Assert.Equal(Losses(straight), Losses(broken));
    }

    [Theory]
    [InlineData("muon", "train_params.muon_lr=3e-3", "train_params.weight_decay=0.01")]
    [InlineData("schedule_free", "train_params.lr_schedule=constant", "train_params.weight_decay=0.01")]
    public void Every_optimiser_resumes_bit_for_bit_and_refuses_the_state_of_another(string optimizer, params string[] settings)
    {
        TrainConfig config = TinyRun.Config.With([$"train_params.optimizer={optimizer}", .. settings]);
        RunDirectory straight = NewRun(config), broken = NewRun(config);
        List<TrainProgress> told = [];
        TinyRun.Train(straight, config, tell: told.Add);
        Assert.Contains(optimizer, Assert.Single(told.OfType<TrainProgress.Started>()).Optimizer, StringComparison.Ordinal);
        TinyRun.Train(broken, config, stopAfter: 5);
        RunDirectory again = RunDirectory.Open(broken.FullPath);
        Assert.Equal(config, again.Config);
        TinyRun.Train(again, again.Config, threads: 2);
        Assert.Equal(TinyRun.StateAfter(straight, 12), TinyRun.StateAfter(broken, 12));
        Assert.Equal(Losses(straight), Losses(broken));

        RunDirectory other = NewRun(TinyRun.Config);
        TinyRun.Train(other, TinyRun.Config, stopAfter: 2);
        AssertRefused(other, config, optimizer);
        AssertRefused(broken, TinyRun.Config.With("train_params.num_steps=13"), "adam");

        static void AssertRefused(RunDirectory run, TrainConfig config, string optimizer) => Assert.EndsWith(
            $"another optimizer wrote it than train_params.optimizer, {optimizer}; set that back, or begin a new run.",
            Assert.Throws<InvalidDataException>(() => TinyRun.Train(run, config)).Message, StringComparison.Ordinal);
    }

    /// <summary>Every network, with dropout and batch norm where it has them, and gradients of two batches.</summary>
    [Theory]
    [InlineData("tutorial_unet", "model_params.dropout=0.2")]
    [InlineData("unet2d")]
    [InlineData("plain_unet")]
    [InlineData("residual_unet")]
    [InlineData("simple_unet")]
    public void Gradient_checkpointing_changes_no_bit(string network, params string[] settings)
    {
        TrainConfig config = TrainConfig.Load(EarlierFilesTests.At("configurations", $"{network}.yaml")).With(
            ["train_params.num_steps=2", "train_params.gradient_accumulation=2", .. settings]);
        RunDirectory usual = NewRun(config), sparing = NewRun(config.With("train_params.gradient_checkpointing=true"));
        TinyRun.Train(usual, config);
        TinyRun.Train(sparing, sparing.Config);
        Assert.Equal(TinyRun.StateAfter(usual, 2), TinyRun.StateAfter(sparing, 2));
        Assert.Equal(Losses(usual), Losses(sparing));
        Assert.Equal(usual.Config.Hash(), sparing.Config.Hash());
        Assert.NotEqual(usual.Config.ToYaml(), sparing.Config.ToYaml());
    }

    /// <summary>What is sampled and saved is not where gradients are taken, but the average of the steps.</summary>
    [Fact]
    public void The_model_of_schedule_free_is_its_average()
    {
        TrainConfig config = TinyRun.Config.With("train_params.optimizer=schedule_free", "train_params.lr_schedule=constant", "train_params.ema_decay=0.5");
        RunDirectory run = NewRun(config), others = NewRun(config.With("train_params.ema_decay=0.9"));
        TinyRun.Train(run, config);
        TinyRun.Train(others, others.Config);
        Assert.Equal(TinyRun.StateAfter(run, 12), TinyRun.StateAfter(others, 12));
        string last = Path.Combine(run.CheckpointsPath, "step-00000012");
        Assert.Equal(File.ReadAllBytes(Path.Combine(last, "ema.safetensors")), File.ReadAllBytes(Path.Combine(run.ModelPath, "model.safetensors")));
        Assert.NotEqual(File.ReadAllBytes(Path.Combine(last, "ema.safetensors")), File.ReadAllBytes(Path.Combine(last, "weights.safetensors")));
    }

    [Fact]
    public void A_damaged_checkpoint_costs_its_steps_and_nothing_else()
    {
        RunDirectory straight = NewRun(TinyRun.Config), broken = NewRun(TinyRun.Config);
        TinyRun.Train(straight, TinyRun.Config);
        TinyRun.Train(broken, TinyRun.Config, stopAfter: 9);
        string weights = Path.Combine(broken.CheckpointsPath, "step-00000009", "weights.safetensors");
        using (FileStream file = File.OpenWrite(weights)) file.SetLength(file.Length / 2);

        List<TrainProgress> told = [];
        TinyRun.Train(broken, TinyRun.Config, tell: told.Add);
        Assert.StartsWith(weights, Assert.Single(told.OfType<TrainProgress.Warning>()).Message, StringComparison.Ordinal);
        Assert.Equal(8, Assert.Single(told.OfType<TrainProgress.Started>()).Step);
        Assert.Equal(TinyRun.StateAfter(straight, 12), TinyRun.StateAfter(broken, 12));
        Assert.Equal(Losses(straight), Losses(broken));
    }

    [Fact]
    public void Other_images_than_those_trained_on_are_refused_unless_they_are_allowed()
    {
        for (int i = 0; i < 6; i++) _folder.Write($"images/{i}.png", PngBytes.File(8, 1, [.. Enumerable.Repeat((byte)(40 * i), 64)]));
        TrainConfig config = TinyRun.Config.With($"dataset_params.im_path={_folder.Path("images")}");
        RunDirectory run = NewRun(config);
        TinyRun.Train(run, config, stopAfter: 4);
        TinyRun.Train(run, config, stopAfter: 6);       // nothing has changed

        _folder.Write("images/2.png", PngBytes.File(8, 1, [.. Enumerable.Repeat((byte)81, 64)]));
        Refuse("the pixels or labels of the images are not those that it was trained on");
        _folder.Write("images/7.png", PngBytes.File(8, 1, new byte[64]));
        Refuse("it was trained on 6 images, and now there are 7");

        List<TrainProgress> told = [];
        using Device device = Device.Cpu(1);
        new Trainer(config, device) { AllowChangedData = true }.Run(run, new Tell(told.Add), TestContext.Current.CancellationToken);
        Assert.Contains("now there are 7", told.OfType<TrainProgress.Warning>().First().Message, StringComparison.Ordinal);
        Assert.Equal(12, told.OfType<TrainProgress.Stepped>().Last().Metrics.Step);

        void Refuse(string why)
        {
            string message = Assert.Throws<InvalidDataException>(() => TinyRun.Train(run, config)).Message;
            Assert.Contains($"step-00000006: {why}", message, StringComparison.Ordinal);
            Assert.EndsWith("bring them back, or continue on these with --allow-changed-data.", message, StringComparison.Ordinal);
        }
    }

    /// <summary>By another path, copied with other times, or noted by a version that counted the path: the same images.</summary>
    [Fact]
    public void Images_may_move()
    {
        foreach (string folder in (string[])["images", "copy"])
        {
            for (int i = 0; i < 6; i++) _folder.Write($"{folder}/{i}.png", PngBytes.File(8, 1, [.. Enumerable.Repeat((byte)(40 * i), 64)]));
        }
        File.SetLastWriteTimeUtc(_folder.Path("copy/2.png"), DateTime.UnixEpoch);
        string relative = Path.GetRelativePath(Directory.GetCurrentDirectory(), _folder.Path("images"));
        TrainConfig config = TinyRun.Config.With($"dataset_params.im_path={relative}"), moved = config.With($"dataset_params.im_path={_folder.Path("copy")}");
        RunDirectory straight = NewRun(config), run = NewRun(config);
        Assert.Equal(_folder.Path("images"), RunDirectory.Open(run.FullPath).Config.Dataset.ImagePath);
        Assert.Equal(config.Hash(), moved.Hash());
        TinyRun.Train(straight, config);
        TinyRun.Train(run, config, stopAfter: 5);
        string folderOfFive = Path.Combine(run.CheckpointsPath, "step-00000005");
        (CheckpointManifest.Read(folderOfFive) with { ConfigHash = config.HashWith(run.Config.Dataset.ImagePath) }).Write(folderOfFive);

        List<TrainProgress> told = [];
        TinyRun.Train(run, moved, stopAfter: 6, tell: told.Add);
        TinyRun.Train(run, moved, tell: told.Add);
        Assert.Empty(told.OfType<TrainProgress.Warning>());
        Assert.Equal(TinyRun.StateAfter(straight, 12), TinyRun.StateAfter(run, 12));
    }

    sealed class Tell(Action<TrainProgress> tell) : IProgress<TrainProgress>
    {
        public void Report(TrainProgress value) => tell(value);
    }

    [Fact]
    public void Training_longer_than_first_asked_continues()
    {
        TrainConfig config = TinyRun.Config.With("train_params.lr_schedule=constant");
        RunDirectory straight = NewRun(config), longer = NewRun(config.With("train_params.num_steps=6"));
        TinyRun.Train(straight, config);
        TinyRun.Train(longer, longer.Config);
        longer.Reconfigure(longer.Config.With("train_params.num_steps=12"));
        List<TrainProgress> told = [];
        TinyRun.Train(longer, longer.Config, tell: told.Add);
        Assert.Empty(told.OfType<TrainProgress.Warning>());
        Assert.Equal(TinyRun.StateAfter(straight, 12), TinyRun.StateAfter(longer, 12));
    }

    [Fact]
    public void Resuming_with_another_configuration_is_possible_and_told()
    {
        RunDirectory run = NewRun(TinyRun.Config);
        TinyRun.Train(run, TinyRun.Config, stopAfter: 2);
        run.Reconfigure(TinyRun.Config.With("train_params.lr=1e-3"));
        List<TrainProgress> told = [];
        Assert.True(TinyRun.Train(run, RunDirectory.Open(run.FullPath).Config, tell: told.Add).IsComplete);
        Assert.Contains("another configuration", Assert.Single(told.OfType<TrainProgress.Warning>()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_is_complete_stays_as_it_is()
    {
        RunDirectory run = NewRun(TinyRun.Config);
        TinyRun.Train(run, TinyRun.Config);
        byte[] before = TinyRun.StateAfter(run, 12);
        double[] losses = Losses(run);
        TrainResult again = TinyRun.Train(run, TinyRun.Config);
        Assert.Equal((true, 12L), (again.IsComplete, again.Step));
        Assert.Equal(before, TinyRun.StateAfter(run, 12));
        Assert.Equal(losses, Losses(run));
    }

    /// <summary>Whatever a step has changed until it is abandoned, statistics of batch norms and what learns from losses: whoever resumes takes all of it.</summary>
    [Theory]
    [InlineData("plain_unet", "train_params.gradient_accumulation=2")]
    [InlineData("tutorial_unet", "train_params.time_distribution=loss_second_moment", "train_params.gradient_accumulation=3")]
    public void A_step_that_is_abandoned_leaves_no_trace(string network, params string[] settings)
    {
        TrainConfig config = TrainConfig.Load(EarlierFilesTests.At("configurations", $"{network}.yaml")).With(["train_params.num_steps=6", .. settings]);
        RunDirectory straight = NewRun(config), broken = NewRun(config);
        TinyRun.Train(straight, config);
        var random = new Random(1);
        TrainResult? result = null;
        for (int attempt = 0; attempt < 100 && result is not { IsComplete: true }; attempt++)
        {
            using Device device = Device.Cpu(1);
            using var cancel = new CancellationTokenSource();
            // From a step's end on, so that time goes on in a later one.
            var tell = new Tell(told =>
            {
                if (told is TrainProgress.Started or TrainProgress.Stepped) cancel.CancelAfter(TimeSpan.FromMilliseconds(random.Next(1, 60)));
            });
            result = new Trainer(config, device).Run(broken, tell, cancel.Token);
        }
        result = TinyRun.Train(broken, config);
        Assert.Equal((true, 6L), (result.IsComplete, result.Step));
        Assert.Equal(TinyRun.StateAfter(straight, 6), TinyRun.StateAfter(broken, 6));
        Assert.Equal(Losses(straight), Losses(broken));
    }

    /// <summary>It needs no images, and no file of it changes.</summary>
    [Fact]
    public void A_finished_run_is_left_alone()
    {
        for (int i = 0; i < 6; i++) _folder.Write($"images/{i}.png", PngBytes.File(8, 1, [.. Enumerable.Repeat((byte)(40 * i), 64)]));
        TrainConfig config = TinyRun.Config.With($"dataset_params.im_path={_folder.Path("images")}", "train_params.sample_steps=6");
        RunDirectory run = NewRun(config);
        TrainResult first = TinyRun.Train(run, config);
        Directory.Delete(_folder.Path("images"), recursive: true);
        string[] before = Files();
        TrainResult again = TinyRun.Train(run, run.Config);
        Assert.Equal((true, 12L, first.ModelPath, first.SampleGrid), (again.IsComplete, again.Step, again.ModelPath, again.SampleGrid));
        Assert.Equal(before, Files());
        Assert.ThrowsAny<IOException>(() => TinyRun.Train(run, run.Config.With("train_params.num_steps=13")));
        Assert.Equal(before, Files());

        string[] Files() => [.. new DirectoryInfo(run.FullPath).EnumerateFiles("*", SearchOption.AllDirectories).Where(file => file.Name != ".lock").OrderBy(file => file.FullName)
            .Select(file => $"{file.FullName} {file.LastWriteTimeUtc.Ticks} {IO.Files.Sha256(file.FullName)}")];
    }

    [Fact]
    public void A_checkpoint_of_another_network_is_an_error_that_names_the_tensor_and_both_shapes()
    {
        RunDirectory run = NewRun(TinyRun.Config);
        TinyRun.Train(run, TinyRun.Config, stopAfter: 2);
        TrainConfig wider = TinyRun.Config.With("model_params.down_channels=[16,16]", "model_params.mid_channels=[16,16]");
        string message = Assert.Throws<InvalidDataException>(() => TinyRun.Train(run, wider)).Message;
        Assert.Contains("weights.safetensors: tensor 'conv_in.weight' is [8, 1, 3, 3], but the model has it as [16, 1, 3, 3]", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Killing_the_process_at_random_moments_changes_nothing()
    {
        // A checkpoint after every step, so that many a kill hits one half-written.
        TrainConfig config = TinyRun.Config.With("train_params.num_steps=40", "train_params.checkpoint_steps=1", "train_params.validation_fraction=0.2");
        RunDirectory straight = NewRun(config), killed = NewRun(config);
        TinyRun.Train(straight, config);

        var random = new Random(3);
        int kills = 0;
        for (int attempt = 0; attempt < 4; attempt++)
        {
            long before = NewestStep(killed);
            using Process child = StartChild(killed);
            while (!child.HasExited && NewestStep(killed) == before) await Task.Delay(5, TestContext.Current.CancellationToken);
            await Task.Delay(random.Next(200), TestContext.Current.CancellationToken);
            if (!child.HasExited) kills++;
            child.Kill();
            await child.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
        Assert.True(kills >= 2, $"only {kills} of 4 processes were killed while they trained");

        TrainResult result = TinyRun.Train(killed, config);
        Assert.Equal((true, 40L), (result.IsComplete, result.Step));
        Assert.Equal(TinyRun.StateAfter(straight, 40), TinyRun.StateAfter(killed, 40));
        Assert.Equal(Losses(straight), Losses(killed));
        Assert.Equal(Losses(straight, "validation_loss"), Losses(killed, "validation_loss"));
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(killed.CheckpointsPath), path => Path.GetFileName(path)[0] == '.');
    }

    /// <summary>What the process that is killed runs; the test above starts it.</summary>
    [Fact(Explicit = true)]
    public void Child_that_trains_the_run_it_is_given()
    {
        string path = Environment.GetEnvironmentVariable(ChildVariable)!;
        RunDirectory run = RunDirectory.Open(path);
        TinyRun.Train(run, run.Config);
    }

    static Process StartChild(RunDirectory run)
    {
        string host = Environment.ProcessPath!, tests = typeof(ResumeTests).Assembly.Location;
        bool isDotnet = Path.GetFileNameWithoutExtension(host) == "dotnet";
        string[] arguments = ["--explicit", "only", "--filter-method", $"*{nameof(Child_that_trains_the_run_it_is_given)}", "--results-directory", run.FullPath];
        var start = new ProcessStartInfo(host, isDotnet ? [tests, .. arguments] : arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { [ChildVariable] = run.FullPath },
        };
        Process child = Process.Start(start)!;
        child.BeginOutputReadLine();
        child.BeginErrorReadLine();
        return child;
    }

    static long NewestStep(RunDirectory run) => new CheckpointStore(run.CheckpointsPath).Steps() is [long step, ..] ? step : 0;

    static double[] Losses(RunDirectory run, string name = "loss")
    {
        string[] lines = File.ReadAllLines(run.MetricsPath);
        for (int i = 0; i < lines.Length; i++)
        {
            using var json = JsonDocument.Parse(lines[i]);
            Assert.Equal(i + 1, json.RootElement.GetProperty("step").GetInt64());
        }
        return Array.ConvertAll(lines, line => JsonDocument.Parse(line).RootElement.GetProperty(name).GetDouble());
    }
}
