using Brownian.Cli;
using Brownian.Imaging;

namespace Brownian.Tests;

public sealed class RunsCommandTests : IDisposable
{
    readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    string List()
    {
        CommandResult result = CommandLine.Run("runs", _line.At("runs"));
        Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
        return result.Out;
    }

    string RowOf(string run) => Assert.Single(List().Split('\n'), line => line.Contains(Path.GetFileName(run) + " ", StringComparison.Ordinal));

    [Fact]
    public void Every_run_is_a_line_with_its_state()
    {
        string finished = _line.TrainedRun("--name", "finished"), stopped = _line.TrainedRun("--name", "stopped");
        string empty = _line.TrainedRun("--name", "void"), damaged = _line.TrainedRun("--name", "damaged"), busy = _line.TrainedRun("--name", "zzz");
        foreach (string run in new[] { stopped, empty, damaged }) Directory.Delete(Path.Combine(run, "model"), recursive: true);
        Directory.Delete(Path.Combine(empty, "checkpoints"), recursive: true);
        foreach (string manifest in Directory.EnumerateFiles(Path.Combine(damaged, "checkpoints"), "manifest.json", SearchOption.AllDirectories)) File.WriteAllText(manifest, "{");
        Assert.Contains("finished  6 of 6", RowOf(finished), StringComparison.Ordinal);
        Assert.Contains("stopped   6 of 6", RowOf(stopped), StringComparison.Ordinal);
        Assert.Matches(@"void +empty +0 of 6 +- +-", RowOf(empty));
        Assert.Contains("damaged   0 of 6", RowOf(damaged), StringComparison.Ordinal);
        using (new FileStream(Path.Combine(busy, ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None))
            Assert.Contains("training  6 of 6", RowOf(busy), StringComparison.Ordinal);
        Assert.Contains($"sample --model {busy}", List(), StringComparison.Ordinal);
    }

    [Fact]
    public void No_runs_are_no_error_and_no_folder_is()
    {
        Directory.CreateDirectory(_line.At("runs"));
        Assert.Contains("there are no runs", List(), StringComparison.Ordinal);
        CommandLine.Run("runs", _line.At("nowhere")).IsBadInput("nowhere");
    }

    [Fact]
    public void Any_checkpoint_can_be_sampled_from_averaged_or_raw()
    {
        string run = _line.TrainedRun("--set", "train_params.checkpoint_steps=2", "--set", "train_params.keep_checkpoints=9", "--set", "train_params.ema_warmup=false", "--set", "train_params.ema_decay=0.9");
        byte[] last = Drawn(), second = Drawn("--checkpoint", "2"), raw = Drawn("--raw");
        Assert.Equal(last, Drawn("--checkpoint", "last"));
        Assert.Equal(last, Drawn("--checkpoint", "6"));
        Assert.Contains(Drawn("--checkpoint", "best"), new[] { second, Drawn("--checkpoint", "4"), last });
        Assert.NotEqual(last, second);
        Assert.NotEqual(last, raw);
        Assert.NotEqual(raw, Drawn("--checkpoint", "2", "--raw"));

        Bad("--checkpoint", "3").IsBadInput("step 3", "2, 4, 6");
        Bad("--checkpoint", "newest").IsBadInput("'newest'", "best or last");
        Bad("--raw", "--ema-std", "0.1").IsBadInput("--ema-std", "--raw");
        CommandLine.Run("sample", "--model", "digits", "--raw").IsBadInput("--raw", "for a run");
        File.WriteAllBytes(Path.Combine(run, "checkpoints", "step-00000002", "ema.safetensors"), []);
        Bad("--checkpoint", "2").IsBadInput("ema.safetensors");

        byte[] Drawn(params string[] options)
        {
            string path = _line.At(Guid.NewGuid().ToString("N") + ".png");
            CommandResult result = CommandLine.Run(["sample", "--model", run, "--count", "1", "--steps", "3", "--out", path, .. options]);
            Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
            return Png.Read(path).Pixels;
        }

        CommandResult Bad(params string[] options) => CommandLine.Run(["sample", "--model", run, "--count", "1", "--out", _line.At("bad.png"), .. options]);
    }
}
