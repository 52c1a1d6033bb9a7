using System.Text.RegularExpressions;
using Brownian.Cli;
using Brownian.Imaging;

namespace Brownian.Tests;

/// <summary>"1 image", never "1 images".</summary>
public sealed partial class CountsOfOneTests : IDisposable
{
    readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Fact]
    public void One_is_singular_and_others_are_not()
    {
        Assert.Equal(("1 image", "0 images", "12345 images"), (Counted.Of(1, "image"), Counted.Of(0, "image"), Counted.Of(12_345, "image")));
        Assert.Equal(("1 class", "2 classes"), (Counted.Of(1, "class", "classes"), Counted.Of(2, "class", "classes")));
        Assert.Equal(("1 step", "12,345 steps"), (Phrases.Count(1, "step"), Phrases.Count(12_345, "step")));
    }

    [Fact]
    public void Commands_say_one_of_a_thing_as_people_do()
    {
        string data = _line.At("photos");
        Directory.CreateDirectory(Path.Combine(data, "cat"));
        Png.Write(Path.Combine(data, "cat", "a.png"), new Image(8, 8, 3));
        Says("data", "inspect", data);
        Says("show", "data", data, "--count", "1", "--out", _line.At("d.png"));
        Says("train", "--config", _line.Config, "--runs", _line.At("runs"), "--steps", "1", "--batch-size", "1", "--set", "dataset_params.count=1",
            "--set", "train_params.num_samples=1", "--set", "train_params.num_grid_rows=1", "--set", "train_params.sample_steps=1");
        string run = _line.At("runs", "00001-tiny");
        Says("sample", "--model", run, "--count", "1", "--steps", "1", "--out", _line.At("s.png"), "--every-step", _line.At("steps"));
        Says("show", "reverse", "--model", run, "--seeds", "0", "--columns", "1", "--out", _line.At("r.png"));
        Says("show", "forward", "--model", run, "--image", "0", "--timesteps", "0", "--out", _line.At("f.png"));
        Says("bench", "forward", "--model-config", _line.Config, "--batch", "1", "--steps", "1");
        Says("runs", _line.At("runs"));
        Assert.DoesNotMatch(Ones(), CommandLine.Run("sample", "--model", run, "--count", "2", "--batch", "1", "--every-step", _line.At("e"), "--out", _line.At("e.png")).Error);
        Assert.DoesNotMatch(Ones(), CommandLine.Run("train", "--config", _line.Config, "--runs", _line.At("runs"), "--set", "dataset_params.count=1").Error);
    }

    static void Says(params string[] args)
    {
        CommandResult result = CommandLine.Run(args);
        Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
        Assert.DoesNotMatch(Ones(), result.Out);
    }

    // "1/1 images" is not one of a thing; "11 images" and "0.1 seconds" are many.
    [GeneratedRegex(@"(?<![\d.,/])1 (training |managed |logical |real )?(images|steps|epochs|samples|classes|rows|seconds|parameters|timesteps|moments|grids|files|channels|snapshots|are|have)\b")]
    private static partial Regex Ones();
}
