using System.Text.Json;
using Brownian.Cli;

namespace Brownian.Tests;

public sealed class BenchCommandTests : IDisposable
{
    readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Theory]
    [InlineData("train")]
    [InlineData("forward")]
    [InlineData("sample")]
    public void Speed_and_memory_are_reported_under_the_promised_keys(string what)
    {
        CommandResult result = CommandLine.Run(
            "bench", what, "--model-config", _line.Config, "--batch", "2", "--steps", "3", "--threads", "2", "--json");
        Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
        using JsonDocument json = JsonDocument.Parse(result.Out);
        JsonElement report = json.RootElement;
        Assert.True(report.GetProperty("imgPerSec").GetDouble() > 0);
        Assert.True(report.GetProperty("imgPerSecBest").GetDouble() >= report.GetProperty("imgPerSec").GetDouble());
        Assert.True(report.GetProperty("gflops").GetDouble() > 0);
        Assert.True(report.GetProperty("peakMemoryMB").GetDouble() > 10);
        Assert.InRange(report.GetProperty("managedBytesPerStep").GetInt64(), 0, 1_000_000_000);
        Assert.Equal(2, report.GetProperty("threads").GetInt32());
        Assert.NotEqual("", report.GetProperty("isa").GetString());
    }

    [Fact]
    public void Several_numbers_of_threads_are_measured_in_turn_and_a_training_step_in_parts()
    {
        CommandResult result = CommandLine.Run(
            "bench", "train", "--model-config", _line.Config, "--batch", "2", "--steps", "3", "--threads", "1,2", "--json");
        Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
        string[] lines = result.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal([1, 2], lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("threads").GetInt32()));
        foreach (string line in lines)
        {
            JsonElement report = JsonDocument.Parse(line).RootElement;
            foreach (string part in (string[])["dataMs", "forwardMs", "backwardMs", "optimiserMs"])
                Assert.True(report.GetProperty(part).GetDouble() > 0, part);
        }
        Assert.Contains("backward", CommandLine.Run("bench", "--model-config", _line.Config, "--batch", "1", "--steps", "1").Out, StringComparison.Ordinal);
        CommandLine.Run("bench", "--threads", "1,x").IsBadInput("--threads 1,x");
        CommandLine.Run("bench", "--threads", "1,,2").IsBadInput("--threads 1,,2");
        CommandLine.Run("bench", "--threads", "1,0").IsBadInput("--threads 1,0");
    }

    [Theory]
    [InlineData("type: unet2d, sample_size: 8, block_out_channels: [8], down_block_types: [DownBlock2D], up_block_types: [UpBlock2D], norm_num_groups: 4")]
    [InlineData("type: tutorial_unet, im_size: 8, down_channels: [8, 16], mid_channels: [16, 8], down_sample: [true]")]
    public void Every_type_of_model_can_be_measured(string model)
    {
        string path = _line.Write("typed.yaml", $"model_params: {{{model}}}");
        CommandResult result = CommandLine.Run("bench", "train", "--model-config", path, "--batch", "2", "--steps", "1", "--json");
        Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
        using JsonDocument json = JsonDocument.Parse(result.Out);
        Assert.True(json.RootElement.GetProperty("imgPerSec").GetDouble() > 0);
    }

    [Fact]
    public void A_preset_is_measured_with_its_own_model_and_excludes_another()
    {
        CommandResult result = CommandLine.Run("bench", "train", "--preset", "mnist-classes", "--batch", "1", "--steps", "1", "--json");
        Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
        using JsonDocument json = JsonDocument.Parse(result.Out);
        Assert.Equal(NetworkSummary.Of(device => Presets.Load("mnist-classes").Model.CreateNetwork(device)).Parameters,
            json.RootElement.GetProperty("parameters").GetInt64());
        Assert.Equal(PixelLoss.Absolute, BenchTask.Of(Presets.Load("simple-cars")).Objective.Compares);
        CommandLine.Run("bench", "--preset", "mnist", "--model-config", _line.Config).IsBadInput("--preset", "--model-config");
        CommandLine.Run("bench", "--preset", "minst").IsBadInput("minst", "mnist");
    }

    /// <summary>A learned variance, classes and dropout: what a step trains, it also measures.</summary>
    [Fact]
    public void Any_network_that_can_be_trained_can_be_measured()
    {
        string path = _line.Write("learned.yaml", "model_params: {type: unet2d, sample_size: 8, in_channels: 1, out_channels: 2, "
            + "block_out_channels: [8], down_block_types: [DownBlock2D], up_block_types: [UpBlock2D], norm_num_groups: 4, num_class_embeds: 3, dropout: 0.1}");
        foreach (string what in (string[])["train", "forward", "sample"])
        {
            CommandResult result = CommandLine.Run("bench", what, "--model-config", path, "--batch", "4", "--steps", "1", "--json");
            Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
        }
    }

    [Fact]
    public void Without_json_there_is_a_table()
    {
        CommandResult result =
            CommandLine.Run("bench", "forward", "--model-config", _line.Config, "--batch", "2", "--steps", "1", "--threads", "1");
        Assert.Contains("img/s", result.Out, StringComparison.Ordinal);
        Assert.Contains("CPU, 1 thread", result.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_with_the_model_alone_is_enough()
    {
        string yaml = CommandLine.TinyYaml;
        string model = yaml[yaml.IndexOf("model_params", StringComparison.Ordinal)..yaml.IndexOf("train_params", StringComparison.Ordinal)];
        string path = _line.Write("model.yaml", model);
        Assert.Equal(ExitCode.Success, CommandLine.Run("bench", "forward", "--model-config", path, "--batch", "1", "--steps", "1").Code);
    }
}
