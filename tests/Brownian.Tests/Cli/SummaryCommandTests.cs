using System.Globalization;
using Brownian.Cli;
using Brownian.Tensors;

namespace Brownian.Tests;

public sealed class SummaryCommandTests : IDisposable
{
    readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Fact]
    public void Without_options_it_shows_the_network_that_train_would_begin_with_in_100_columns()
    {
        CommandResult result = CommandLine.Run("summary");
        Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
        string[] lines = result.Out.Split('\n');
        Assert.All(lines, line => Assert.InRange(line.Length, 0, 100));
        using Device device = Device.Cpu(1);
        long parameters = TrainConfig.Default.Model.CreateNetwork(device).Parameters.Count;
        Assert.Contains($"parameters  {parameters.ToString("N0", CultureInfo.InvariantCulture)}", lines);
    }

    [Fact]
    public void Each_layer_has_a_line_under_its_block_and_the_blocks_add_up()
    {
        CommandResult result = CommandLine.Run("summary", "--config", _line.Config);
        string[] lines = result.Out.Split('\n');
        Assert.Contains(Line("conv_in", "conv 3×3", "8×8×8", "80", "0.009"), lines);
        Assert.Contains(Line("  down_sample_conv", "conv 4×4, stride 2", "4×4×16", "4,112", "0.131"), lines);
        Assert.Contains(Line("  attentions.0", "attention, 4 heads", "8×8×16", "", "0.262"), lines);
        long blocks = lines.Skip(1).TakeWhile(line => line != "").Where(line => line[0] != ' ')
            .Sum(line => long.Parse(line[78..89], NumberStyles.AllowThousands | NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture));
        Assert.Contains($"parameters  {blocks.ToString("N0", CultureInfo.InvariantCulture)}", lines);
    }

    [Fact]
    public void A_key_that_is_set_changes_the_network()
    {
        CommandResult result = CommandLine.Run("summary", "--config", _line.Write("bare.yaml", "train_params:\n  lr: 1e-4"), "--set", "model_params.type=unet2d");
        Assert.Contains("parameters  35,746,307", result.Out.Split('\n'));
    }

    [Fact]
    public void A_run_shows_what_its_configuration_does()
    {
        string run = _line.TrainedRun();
        Assert.Equal(CommandLine.Run("summary", "--config", _line.Config).Out, CommandLine.Run("summary", "--model", run).Out);
    }

    [Fact]
    public void What_cannot_be_shown_is_told_in_one_line()
    {
        CommandLine.Run("summary", "--config", _line.At("none.yaml")).IsBadInput("none.yaml");
        CommandLine.Run("summary", "--model", _line.At("none")).IsBadInput("none");
        CommandLine.Run("summary", "--model", "x", "--config", _line.Config).IsBadInput("--model", "--config");
        CommandLine.Run("summary", "--set", "model_params.im_size=0").IsBadInput("im_size");
    }

    static string Line(string name, string kind, string shape, string parameters, string work) =>
        $"{name,-38} {kind,-24} {shape,13} {parameters,11} {work,9}";
}
