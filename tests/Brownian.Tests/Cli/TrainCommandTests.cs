using System.Text.Json;
using System.Text.RegularExpressions;
using Brownian.Cli;
using Brownian.Tensors;

namespace Brownian.Tests;

public sealed class TrainCommandTests : IDisposable
{
    readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Fact]
    public void Lines_come_after_so_many_steps_and_every_epoch()
    {
        CommandResult result = CommandLine.Run("train", "--config", _line.Config, "--runs", _line.At("runs"), "--set", "log_steps=2");
        Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
        string[] lines = result.Out.Split('\n');
        Assert.Contains(lines, line => line.StartsWith("step 2/6  loss ", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("step 4/6  loss ", StringComparison.Ordinal));
        double[] losses = [.. File.ReadLines(_line.At("runs", "00001-tiny", "metrics.jsonl")).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("loss").GetDouble())];
        Assert.Contains(lines, line => line.StartsWith(FormattableString.Invariant($"epoch 1  loss {losses[..5].Average():0.0000} on average"), StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith(FormattableString.Invariant($"epoch 2  loss {losses[5]:0.0000} on average"), StringComparison.Ordinal));
        CommandLine.Run("train", "--config", _line.Config, "--set", "log_steps=-1").IsBadInput("log_steps", "at least 0");
    }

    [Fact]
    public void A_program_reads_JSON_and_nothing_else()
    {
        CommandResult result = CommandLine.Run("train", "--config", _line.Config, "--runs", _line.At("runs"), "--log-format", "json");
        Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
        JsonElement[] events = [.. result.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
        string[] names = [.. events.Select(one => one.GetProperty("event").GetString()!)];
        Assert.Equal("started", names[0]);
        Assert.Equal(["planned", "sampled", "saved", "step"], [.. names[1..^1].Distinct().Order(StringComparer.Ordinal)]);
        Assert.Equal(6, names.Count(name => name == "step"));
        Assert.Equal("finished", names[^1]);
        Assert.Equal(_line.At("runs", "00001-tiny"), events[^1].GetProperty("run").GetString());
        Assert.True(File.Exists(events[^1].GetProperty("samples").GetString()));
        CommandResult plan = CommandLine.Run("train", "--config", _line.Config, "--dry-run", "--log-format", "json");
        Assert.All(plan.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => JsonDocument.Parse(line));
        CommandLine.Run("train", "--log-format", "xml").IsBadInput("--log-format xml", "text or json");
    }

    [Fact]
    public void What_a_file_does_not_mention_is_told()
    {
        CommandResult plain = CommandLine.Run("train", "--config", _line.Config, "--dry-run");
        Assert.Contains($"adds    an average of the weights (train_params.ema_decay) and a limit on x̂_0 (diffusion_params.clip_sample), which {_line.Config} does not mention", plain.Out, StringComparison.Ordinal);
        CommandResult said = CommandLine.Run("train", "--config", _line.Config, "--dry-run", "--set", "ema_decay=0", "--set", "clip_sample=true");
        Assert.DoesNotContain("adds ", said.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("adds ", CommandLine.Run("train", "--preset", "digits", "--set", "model_params.block_out_channels=[8,8,8]", "--set", "attention_head_dim=8", "--steps", "1", "--dry-run").Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Training_says_what_it_does_and_where_everything_is()
    {
        CommandResult result = CommandLine.Run("train", "--config", _line.Config, "--runs", _line.At("runs"));
        Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
        string run = _line.At("runs", "00001-tiny");
        string[] lines = result.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains("20 images", lines[0], StringComparison.Ordinal);
        Assert.Equal("augment none", lines[1]);
        Assert.Matches("^model   tutorial_unet, [0-9,]+ parameters, [0-9.]+ GFLOP per image forward$", lines[2]);
        Assert.StartsWith("device  CPU, 1 thread", lines[3], StringComparison.Ordinal);
        Assert.Equal("length  6 steps of 4 images, 1.2 epochs", lines[4]);
        Assert.StartsWith("adds    an average of the weights", lines[5], StringComparison.Ordinal);
        Assert.Equal($"run     {run}", lines[6]);
        int speed = Array.FindIndex(lines, line => Regex.IsMatch(line, "^speed   [0-9.,]+ img/s, [0-9.,]+ GFLOP/s$"));
        Assert.Matches("^memory  [0-9,]+ MB at most, predicted$", lines[speed + 1]);
        Assert.StartsWith("time    about ", lines[speed + 2], StringComparison.Ordinal);
        Assert.Contains(lines, line => Regex.IsMatch(line, "^100% step 6/6  loss [0-9.]+  [0-9.,]+ img/s, [0-9.,]+ GFLOP/s"));
        Assert.Contains(lines, line => Regex.IsMatch(line, "^memory  [0-9,]+ MB at most \\(predicted [0-9,]+ MB\\)$"));
        Assert.Equal(Path.Combine(run, "samples", "step-00000006.png"), lines[^4].Split(' ')[^1]);
        Assert.Equal($"loss    {Path.Combine(run, "loss.png")}", lines[^3]);
        Assert.Equal($"model   {Path.Combine(run, "model")}", lines[^2]);
        Assert.EndsWith($"sample --model {run}", lines[^1], StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(run, "samples", "step-00000006.png")));
        Assert.True(File.Exists(Path.Combine(run, "model", "model.safetensors")));
    }

    [Fact]
    public void A_dry_run_tells_the_plan_and_the_next_command_and_writes_nothing()
    {
        string runs = _line.At("runs");
        CommandResult result = CommandLine.Run("train", "--dry-run", "--config", _line.Config, "--runs", runs, "--set", "train_params.lr=0.5");
        Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
        foreach (string line in (string[])["data ", "augment", "model ", "device", "length", "speed", "memory", "time "])
            Assert.Contains($"\n{line}", "\n" + result.Out, StringComparison.Ordinal);
        Assert.EndsWith($"train --config {_line.Config} --runs {runs} --set train_params.lr=0.5", result.Out.TrimEnd(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(runs));
    }

    [Fact]
    public void A_dry_run_of_a_run_plans_what_is_left_and_changes_nothing()
    {
        string run = _line.TrainedRun();
        Directory.CreateDirectory(Path.Combine(run, "checkpoints", ".new-left"));
        Dictionary<string, byte[]> before = Content(run);
        CommandResult result = CommandLine.Run("train", "--resume", run, "--steps", "1000000", "--dry-run");
        Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
        Assert.Contains("length  1,000,000 steps of 4 images, 200000 epochs, continuing after step 6", result.Out, StringComparison.Ordinal);
        Assert.EndsWith($"train --resume {run} --steps 1000000", result.Out.TrimEnd(), StringComparison.Ordinal);
        Assert.Equal(before, Content(run));
        Assert.True(Directory.Exists(Path.Combine(run, "checkpoints", ".new-left")));
    }

    [Fact]
    public void A_budget_becomes_a_length_that_the_run_keeps()
    {
        CommandResult result = CommandLine.Run(
            "train", "--config", _line.Config, "--runs", _line.At("runs"), "--minutes", "0.1", "--set", "train_params.num_samples=3");
        Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
        string run = _line.At("runs", "00001-tiny");
        TrainConfig config = RunDirectory.Open(run).Config;
        Match told = Regex.Match(result.Out, @"^budget  6 s, enough for ([\d,]+) steps: one takes \d+ ms here$", RegexOptions.Multiline);
        Assert.True(told.Success, result.Out);
        Assert.Equal(told.Groups[1].Value, config.Train.Steps!.Value.ToString("N0", System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal((null, 3), (config.Train.Epochs, config.Train.Samples));
        Assert.Matches(@"(?m)^grids   of 3 samples, \d+ ms each; the first after about \d+ s$", result.Out);
        Assert.Equal(config.Train.Steps, File.ReadLines(Path.Combine(run, "metrics.jsonl")).Count());
        CommandLine.Run("train", "--resume", run, "--minutes", "1").IsBadInput("--minutes", "--resume");
        CommandLine.Run("train", "--resume", run, "--set", "train_params.num_minutes=1").IsBadInput("num_minutes", "keeps its length");
    }

    [Theory]
    [InlineData("--minutes", "1", "train_params.num_steps=4")]
    [InlineData("--steps", "4", "train_params.num_minutes=1")]
    [InlineData("--epochs", "1", "train_params.num_epochs=2")]
    public void One_length_is_enough(string option, string value, string set) =>
        CommandLine.Run("train", "--dry-run", option, value, "--set", set).IsBadInput($"{option} and --set both give the length; use one.");

    [Fact]
    public void A_configuration_may_say_how_many_minutes()
    {
        CommandResult result = CommandLine.Run(
            "train", "--dry-run", "--config", _line.Config, "--set", "train_params.num_minutes=0.5", "--set", "train_params.num_samples=3");
        Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
        Assert.Contains("\nbudget  30 s, enough for ", result.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(true, "--set", "train_params.lr=1e-3")]
    [InlineData(false, "--set", "train_params.num_steps=4")]
    [InlineData(false, "--set", "train_params.num_epochs=1")]
    [InlineData(false, "--steps", "4")]
    [InlineData(false, "--preset", "mnist-classes")]
    public void Who_says_nothing_of_the_length_gets_a_budget(bool budget, params string[] options)
    {
        CommandResult result = CommandLine.Run(
            ["train", "--dry-run", "--set", "dataset_params.im_path=digits", "--set", "dataset_params.count=64", .. options]);
        Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
        Assert.Equal(budget, result.Out.Contains("\nbudget  3 min 00 s, enough for ", StringComparison.Ordinal));
    }

    [Fact]
    public void Flips_are_part_of_the_plan() => Assert.Contains(
        "augment horizontal flips",
        CommandLine.Run("train", "--dry-run", "--config", _line.Config, "--set", "dataset_params.horizontal_flip=true").Out, StringComparison.Ordinal);

    [Fact]
    public void Shortcuts_are_keys_of_the_configuration()
    {
        string run = _line.TrainedRun(
            "--name", "other", "--seed", "7", "--epochs", "1", "--set", "train_params.lr=0.5", "--set", "dataset_params.count=8");
        TrainConfig config = RunDirectory.Open(run).Config;
        Assert.EndsWith("00001-other", run, StringComparison.Ordinal);
        Assert.Equal((7ul, 1, 0.5, 8), (config.Train.Seed, config.Train.Epochs, config.Train.LearningRate, config.Dataset.Count));
        Assert.Null(config.Train.Steps);
    }

    [Fact]
    public void The_log_level_says_how_much_is_printed()
    {
        string[] train = ["train", "--config", _line.Config, "--runs", _line.At("runs"), "--set", "train_params.sample_steps=0"];
        CommandResult quiet = CommandLine.Run([.. train, "--log-level", "quiet"]);
        Assert.Equal(("", "", ExitCode.Success), (quiet.Out, quiet.Error, quiet.Code));
        CommandResult warned = CommandLine.Run([.. train, "--log-level", "quiet", "--threads", "1000"]);
        Assert.StartsWith("warning 1000 threads", Assert.Single(warned.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        CommandResult verbose = CommandLine.Run([.. train, "--log-level", "verbose"]);
        for (int step = 1; step <= 6; step++) Assert.Contains($"% step {step}/6 ", verbose.Out, StringComparison.Ordinal);
        CommandLine.Run([.. train, "--log-level", "loud"]).IsBadInput("--log-level loud", "quiet or normal or verbose");
        CommandLine.Run([.. train, "--log-level", "quiet", "--log-format", "json"]).IsBadInput("--log-level", "--log-format");
    }

    [Fact]
    public void An_interrupted_training_resumes_to_the_same_bits()
    {
        string whole = _line.TrainedRun("--name", "whole");
        using var cancel = new CancellationTokenSource();
        CommandResult cut = CommandLine.Run(
            ["train", "--config", _line.Config, "--runs", _line.At("runs"), "--name", "cut"], new CancelOnFirstStep(cancel), cancel.Token);
        Assert.Equal(("", ExitCode.Interrupted), (cut.Error, cut.Code));
        string run = _line.At("runs", "00002-cut");
        Assert.False(Directory.Exists(Path.Combine(run, "model")));
        Assert.EndsWith($"train --resume {run}", cut.Out.TrimEnd(), StringComparison.Ordinal);

        CommandResult resumed = CommandLine.Run("train", "--resume", run, "--threads", "2");
        Assert.Equal(("", ExitCode.Success), (resumed.Error, resumed.Code));
        Assert.Contains("continuing after step 1", resumed.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("warning", resumed.Out, StringComparison.Ordinal);
        Assert.Equal(Weights(whole), Weights(run));
    }

    [Fact]
    public void A_run_that_another_process_trains_keeps_its_configuration()
    {
        string run = _line.TrainedRun(), file = Path.Combine(run, "config.yaml"), before = File.ReadAllText(file);
        using (RunDirectory.Open(run).Lock())
            Assert.Contains("another process is training", CommandLine.Run("train", "--resume", run, "--steps", "8").Error, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllText(file));
    }

    [Fact]
    public void A_finished_run_can_be_made_longer_but_not_into_another()
    {
        string run = _line.TrainedRun();
        CommandLine.Run("train", "--resume", run, "--seed", "3").IsBadInput("--seed", "--resume");
        CommandLine.Run("train", "--resume", run, "--config", _line.Config).IsBadInput("--config", "--resume");
        CommandLine.Run("train", "--resume", run, "--set", "model_params.time_emb_dim=16").IsBadInput(run, "model_params");
        Assert.Equal(ExitCode.Success, CommandLine.Run("train", "--resume", run, "--steps", "8").Code);
        Assert.Equal(8, File.ReadLines(Path.Combine(run, "metrics.jsonl")).Count());
    }

    [Fact]
    public void A_loss_that_is_not_finite_ends_with_exit_code_2_and_one_line()
    {
        string run = _line.TrainedRun();
        TrainConfig config = RunDirectory.Open(run).Config.With("train_params.num_steps=20");
        RunDirectory.Open(run).Reconfigure(config);
        using (Device device = Device.Cpu(1))
        {
            var state = new TrainState(config, device);
            for (int i = 0; i < 7; i++) state.Advance(1);
            float[] values = state.Parameters["conv_out.bias"].ToTorch();
            values[0] = 1e25f;
            state.Parameters["conv_out.bias"].FromTorch(values);
            state.Save(new CheckpointStore(Path.Combine(run, "checkpoints")), config.Hash(), 28, 1);
        }
        CommandResult result = CommandLine.Run("train", "--resume", run);
        Assert.Equal(ExitCode.Failed, result.Code);
        string line = Assert.Single(result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("step 8", line, StringComparison.Ordinal);
        Assert.Contains("first bad tensor: loss", line, StringComparison.Ordinal);
    }

    static Dictionary<string, byte[]> Content(string folder) =>
        Directory.GetFiles(folder, "*", SearchOption.AllDirectories).ToDictionary(path => path, File.ReadAllBytes);

    static byte[] Weights(string run) => File.ReadAllBytes(Path.Combine(run, "model", "model.safetensors"));

    /// <summary>Presses Ctrl-C when the first step is shown.</summary>
    sealed class CancelOnFirstStep(CancellationTokenSource cancel) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (value!.Contains("% step", StringComparison.Ordinal)) cancel.Cancel();
        }
    }
}
