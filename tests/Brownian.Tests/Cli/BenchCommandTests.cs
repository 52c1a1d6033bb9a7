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
