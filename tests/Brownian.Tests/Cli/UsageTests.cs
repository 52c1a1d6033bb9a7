using Brownian.Cli;

namespace Brownian.Tests;

public sealed class UsageTests
{
    [Theory]
    [InlineData("name a command")]
    [InlineData("no command 'trian'", "trian")]
    [InlineData("--stepz", "train", "--stepz", "3")]
    [InlineData("--steps abc", "train", "--steps", "abc")]
    [InlineData("--steps 0", "train", "--steps", "0")]
    [InlineData("--threads -1", "sample", "--threads", "-1")]
    [InlineData("--count 99999999999", "sample", "--count", "99999999999")]
    [InlineData("--variance huge", "sample", "--variance", "huge")]
    [InlineData("--seeds", "sample", "--count", "3", "--seeds", "0-2")]
    [InlineData("--no-clip", "sample", "--clip", "--no-clip")]
    [InlineData("--thresholding", "sample", "--clip", "--thresholding", "2")]
    [InlineData("--eta x", "sample", "--eta", "x")]
    [InlineData("--guidance -1", "sample", "--guidance", "-1")]
    [InlineData("--spacing even", "sample", "--spacing", "even")]
    [InlineData("--epochs", "train", "--steps", "3", "--epochs", "3")]
    [InlineData("--minutes 0", "train", "--minutes", "0")]
    [InlineData("0.1 to 10,000", "train", "--minutes", "-2")]
    [InlineData("0.1 to 10,000", "train", "--minutes", "1000000")]
    [InlineData("--minutes NaN", "train", "--minutes", "NaN")]
    [InlineData("--minutes soon", "train", "--minutes", "soon")]
    [InlineData("--minutes and --steps", "train", "--minutes", "1", "--steps", "3")]
    [InlineData("--minutes and --epochs", "train", "--minutes", "1", "--epochs", "3")]
    [InlineData("--minutes and --set", "train", "--minutes", "1", "--set", "train_params.num_steps=3", "--set", "dataset_params.count=64")]
    [InlineData("--steps and --set", "train", "--steps", "1", "--set", "num_steps=3")]
    [InlineData("--input", "predict", "--model", "m", "--output", "o")]
    [InlineData("--weights", "import", "--config", "c", "--out", "o")]
    [InlineData("'fly'", "bench", "fly")]
    [InlineData("brownian data", "data", "grid", "--count", "0")]
    [InlineData("'brownian data inspect --help'", "data", "inspect")]
    [InlineData("did you mean 'mnist'", "train", "--preset", "mnits")]
    [InlineData("--config", "train", "--preset", "mnist", "--config", "c")]
    [InlineData("--threads 5000", "bench", "forward", "--threads", "5000")]
    [InlineData("--threads 0", "bench", "forward", "--threads", "0")]
    [InlineData("--threads 0", "train", "--threads", "0")]
    [InlineData("--threads two", "sample", "--threads", "two")]
    [InlineData("--device cpu:2", "sample", "--device", "cpu:2", "--threads", "2")]
    [InlineData("no device 'gpu'; there is cpu", "bench", "forward", "--device", "gpu")]
    [InlineData("'cpu:no'", "bench", "forward", "--device", "cpu:no")]
    public void Wrong_usage_is_one_line_that_names_what_is_wrong(string named, params string[] args) =>
        CommandLine.Run(args).IsBadInput(named);

    [Theory]
    [InlineData("train")]
    [InlineData("sample")]
    [InlineData("evaluate")]
    [InlineData("predict")]
    [InlineData("import")]
    [InlineData("export")]
    [InlineData("bench")]
    [InlineData("data")]
    [InlineData("show")]
    [InlineData("data", "inspect")]
    [InlineData("data", "grid")]
    public void Every_command_explains_itself_with_an_example(params string[] command)
    {
        CommandResult result = CommandLine.Run([.. command, "--help"]);
        Assert.Equal((ExitCode.Success, ""), (result.Code, result.Error));
        Assert.Contains($"Example: brownian {string.Join(' ', command)} ", result.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void The_version_is_a_number()
    {
        CommandResult result = CommandLine.Run("--version");
        Assert.Equal(ExitCode.Success, result.Code);
        Assert.True(Version.TryParse(result.Out.Trim().Split('+')[0], out _), result.Out);
    }
}
