using Brownian.Cli;

namespace Brownian.Tests;

/// <summary><c>train --from</c> and <c>ema</c> as they are typed.</summary>
public sealed class FineTuneCommandTests : IDisposable
{
    readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    CommandResult Train(params string[] args) => CommandLine.Run(["train", "--runs", _line.At("runs"), .. args]);

    static void IsGood(CommandResult result) => Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));

    [Fact]
    public void A_run_starts_from_another_and_says_so()
    {
        string source = _line.TrainedRun();
        CommandResult plan = Train("--from", source, "--steps", "4", "--dry-run");
        IsGood(plan);
        Assert.Contains($"config  all that of {source}, its images too\n", plan.Out, StringComparison.Ordinal);
        Assert.Contains($"\nstarts  from {source} (step 6, averaged weights)\n", plan.Out, StringComparison.Ordinal);
        Assert.EndsWith($"--from {source} --steps 4", plan.Out.TrimEnd(), StringComparison.Ordinal);

        IsGood(Train("--from", source, "--steps", "4", "--name", "tuned"));
        string run = _line.At("runs", "00002-tuned");
        TrainConfig config = RunDirectory.Open(run).Config;
        Assert.Equal((source, 4L), (config.Train.From, config.Train.Steps));
        Assert.Single(Directory.EnumerateFiles(run, "config*"));
        Directory.Delete(source, recursive: true);
        IsGood(CommandLine.Run("train", "--resume", run, "--steps", "8"));
    }

    [Fact]
    public void A_budget_fits_a_training_from_a_model()
    {
        CommandResult result = Train("--from", Path.Combine(_line.TrainedRun(), "model"), "--data", "digits", "--minutes", "0.1", "--dry-run");
        IsGood(result);
        Assert.Contains("; training as preset default, as the images are small and gray as digits are (8×8)\n", result.Out, StringComparison.Ordinal);
        Assert.Contains("budget  6 s", result.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_started_from_is_one_line_and_leaves_no_run()
    {
        string source = _line.TrainedRun();
        CommandLine.Run("train", "--from", source, "--resume", source).IsBadInput("--from cannot be combined with --resume");
        CommandLine.Run("train", "--resume", source, "--set", $"train_params.from={source}").IsBadInput("what a run started from cannot change");
        Train("--from", "", "--data", "digits").IsBadInput("--from is empty");
        Train("--from", _line.At("nowhere"), "--data", "digits").IsBadInput("nowhere: there is no such folder");
        Train("--from", _line.Root, "--data", "digits").IsBadInput(_line.Root, "neither a model folder");
        Train("--from", Path.Combine(source, "model")).IsBadInput("a model without images to train on; add --data PATH");
        Train("--from", source, "--preset", "mnist", "--data", "digits").IsBadInput("none of its weights fit the network");
        Train("--config", _line.Config, "--set", "train_params.from_hash=abc").IsBadInput("train_params.from_hash is given, but from is not");
        Assert.Single(Directory.EnumerateDirectories(_line.At("runs")));
    }

    [Fact]
    public void An_average_is_made_after_the_training_and_sampled_from()
    {
        string run = _line.TrainedRun("--set", "train_params.ema_snapshots=3");
        CommandResult made = CommandLine.Run("ema", run, "--std", "0.1");
        IsGood(made);
        Assert.StartsWith("average width 0.1 after step 6, made of 1 of the 6 kept averages, 0 % off the wanted profile\n", made.Out, StringComparison.Ordinal);
        string model = Path.Combine(run, "model-ema-0.10");
        Assert.EndsWith($"sample --model {model}", made.Out.TrimEnd(), StringComparison.Ordinal);
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(run, "snapshots", "step-00000006", "ema-0.1.safetensors")), File.ReadAllBytes(Path.Combine(model, "model.safetensors")));
        IsGood(CommandLine.Run("sample", "--model", model, "--count", "2", "--npy", _line.At("model.npy"), "--out", _line.At("model.png")));
        IsGood(CommandLine.Run("sample", "--model", run, "--ema-std", "0.1", "--count", "2", "--npy", _line.At("std.npy"), "--out", _line.At("std.png")));
        Assert.Equal(File.ReadAllBytes(_line.At("model.npy")), File.ReadAllBytes(_line.At("std.npy")));

        CommandLine.Run("ema", run, "--std", "0.1").IsBadInput(model, "exists already");
        IsGood(CommandLine.Run("ema", run, "--std", "0.1", "--force"));
        IsGood(CommandLine.Run("ema", run, "--std", "0.05", "--step", "4"));
        Assert.True(File.Exists(Path.Combine(run, "model-ema-0.05-step-4", "model.json")));
    }

    [Fact]
    public void What_no_average_can_be_made_of_is_one_line()
    {
        string plain = _line.TrainedRun(), run = _line.TrainedRun("--set", "train_params.ema_snapshots=3");
        CommandLine.Run("ema", plain, "--std", "0.1").IsBadInput(plain, "no snapshots of averages", "ema_snapshots=16");
        CommandLine.Run("sample", "--model", plain, "--ema-std", "0.1").IsBadInput(plain, "no snapshots of averages");
        CommandLine.Run("ema", run, "--std", "0.9").IsBadInput("a width of 0.9 is not what the 6 averages kept up to step 6 allow: give 0.0");
        CommandLine.Run("ema", run, "--std", "0.1", "--step", "5").IsBadInput("no averages of step 5 were kept; give one of 2, 4, 6.");
        CommandLine.Run("ema", run, "--std", "x").IsBadInput("--std x: give a number");
        CommandLine.Run("ema", run).IsBadInput("--std");
        CommandLine.Run("ema", _line.At("nowhere"), "--std", "0.1").IsBadInput("nowhere: there is no such folder");
        CommandLine.Run("ema", Path.Combine(run, "model"), "--std", "0.1").IsBadInput("not the folder of a run");
    }
}
