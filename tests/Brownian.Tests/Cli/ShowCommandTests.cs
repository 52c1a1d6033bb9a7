using Brownian.Cli;
using Brownian.Imaging;

namespace Brownian.Tests;

public sealed class ShowCommandTests : IDisposable
{
    readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Fact]
    public void Pictures_need_no_model_where_none_is_drawn_from()
    {
        Shows("data", "--config", _line.Config, "--count", "6", "--columns", "3");
        Shows("forward", "--config", _line.Config, "--image", "2", "--image", "5-6", "--timesteps", "0,9");
        Shows("schedule", "--timesteps", "20");
        Shows("time-embedding", "--size", "8", "--timesteps", "12");
    }

    [Fact]
    public void Charts_are_drawn_at_a_scale_or_as_svg()
    {
        string[] schedule = ["show", "schedule", "--timesteps", "9", "--out"];
        Assert.Equal(ExitCode.Success, CommandLine.Run([.. schedule, _line.At("one.png"), "--scale", "1"]).Code);
        Assert.Equal(ExitCode.Success, CommandLine.Run([.. schedule, _line.At("two.png")]).Code);
        Assert.Equal(2 * Png.Read(_line.At("one.png")).Width, Png.Read(_line.At("two.png")).Width);
        Assert.Equal(ExitCode.Success, CommandLine.Run([.. schedule, _line.At("a.svg")]).Code);
        Assert.Contains("<svg", File.ReadAllText(_line.At("a.svg")), StringComparison.Ordinal);
        Assert.Contains("exists already", CommandLine.Run([.. schedule, _line.At("a.svg")]).Error, StringComparison.Ordinal);
        Assert.Contains("leave it out", CommandLine.Run([.. schedule, _line.At("b.svg"), "--scale", "3"]).Error, StringComparison.Ordinal);
        Assert.Contains("give 1 to 8", CommandLine.Run([.. schedule, _line.At("b.png"), "--scale", "9"]).Error, StringComparison.Ordinal);
        Assert.Contains(".png, .jpg, .jpeg, .webp or .svg", CommandLine.Run([.. schedule, _line.At("b.pdf")]).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Runs_are_shown_from_noise_to_image_and_from_first_loss_to_last()
    {
        string run = _line.TrainedRun();
        Shows("reverse", "--model", run, "--seeds", "0-1", "--columns", "3");
        Shows("loss", run, run, "--x", "images");
        Shows("forward", "--model", run);
        Shows("data", run, "--count", "4");
        Shows("data", _line.At("runs", "00001-tiny", "samples"));
        Shows("data", _line.At("runs", "00001-tiny", "samples"), "--config", _line.Config, "--columns", "1");
    }

    [Fact]
    public void The_training_that_schedule_proposes_can_be_typed()
    {
        CommandLine.Run("show", "schedule", "--timesteps", "9", "--out", _line.At("schedule.webp"));
        Assert.True(ImageWriterTests.Read(_line.At("schedule.webp")).Width > 500);
        CommandResult result = CommandLine.Run("show", "schedule", "--timesteps", "9", "--out", _line.At("schedule.png"));
        string[] words = result.Out.Split((char[])[' ', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries);
        string[] overrides = [.. words.Where(word => word.StartsWith("diffusion_params.", StringComparison.Ordinal))];
        Assert.NotEmpty(overrides);
        TrainConfig.Load(null, overrides).Validate();
    }

    [Theory]
    [InlineData("flow")]
    [InlineData("edm")]
    public void Processes_without_timesteps_are_shown_too(string process)
    {
        string run = _line.TrainedRun("--set", $"diffusion_params.process={process}", "--set", "train_params.num_samples=1");
        Shows("forward", "--model", run, "--image", "1");
        Shows("reverse", "--model", run, "--seeds", "0", "--steps", "4");
    }

    [Theory]
    [InlineData("a.gif")]
    [InlineData("a.apng")]
    [InlineData("a.png", "--animate")]
    public void The_ending_of_the_name_decides_the_format(string name, params string[] options)
    {
        CommandResult result = CommandLine.Run(["show", "forward", "--config", _line.Config, "--out", _line.At(name), .. options]);
        Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
        byte[] file = File.ReadAllBytes(_line.At(name));
        Assert.Equal(10, name.EndsWith("gif", StringComparison.Ordinal) ? GifReader.Read(file).Frames.Count : ApngReader.Read(file).Frames.Count);
    }

    [Fact]
    public void A_picture_file_is_brought_to_the_networks_size()
    {
        var wide = new Image(40, 20, 3);
        for (int i = 0; i < wide.Pixels.Length; i++) wide.Pixels[i] = (byte)(i / 3 % 40 is >= 10 and < 30 ? 200 : 0);
        Png.Write(_line.At("wide.png"), wide);
        Image only = Assert.Single(PictureData.Choose(
            TrainConfig.Load(_line.Config), [_line.At("wide.png")], cancel: TestContext.Current.CancellationToken));
        Assert.Equal((8, 8, 1), (only.Width, only.Height, only.Channels));
        Assert.Equal(200, only.Pixels[4 * 8 + 4]);
        Shows("forward", "--config", _line.Config, "--image", _line.At("wide.png"));
    }

    [Fact]
    public void Nothing_is_overwritten_unless_asked()
    {
        string mine = _line.Write("a.png", "mine");
        foreach (string[] command in (string[][])[["schedule"], ["data"], ["forward"], ["time-embedding"], ["reverse", "--model", "x"], ["loss", "x"]])
            CommandLine.Run(["show", .. command, "--out", mine]).IsBadInput(mine, "--force");
        Assert.Equal("mine", File.ReadAllText(mine));
        Assert.Equal(ExitCode.Success, CommandLine.Run("show", "schedule", "--timesteps", "9", "--out", mine, "--force").Code);
        Assert.Equal(2640, Png.Read(mine).Width);
    }

    [Theory]
    [InlineData("name a command", "")]
    [InlineData("no command 'cat'", "cat")]
    [InlineData("show data --help", "data --stepz 3")]
    [InlineData("0 to 999", "forward --timesteps 0,1000")]
    [InlineData("--timesteps", "forward --timesteps 0,x")]
    [InlineData("--timesteps", "forward --timesteps 0 --animate")]
    [InlineData("there is no image 10000", "forward --image 9999-10000")]
    [InlineData("none.png: there is no such file", "forward --image none.png")]
    [InlineData("use one", "forward --model a --config b")]
    [InlineData("'cosne' is no noise schedule; did you mean 'cosine'?", "schedule --schedules linear,cosne")]
    [InlineData("5000 timesteps", "time-embedding --timesteps 5000")]
    [InlineData("--size 1", "time-embedding --size 1")]
    [InlineData("nowhere: there is no such folder", "loss nowhere")]
    [InlineData("nowhere: there is no such folder", "reverse --model nowhere")]
    [InlineData("5-3 runs backwards", "reverse --model nowhere --seeds 5-3")]
    [InlineData("steps or seconds or images", "loss nowhere --x hours")]
    [InlineData("an animation in .png, .apng, .gif or .mp4", "forward --out a.avi")]
    [InlineData("end in .png, .jpg, .jpeg or .webp", "forward --out a.tiff")]
    [InlineData("end in .png, .apng, .gif or .mp4", "forward --animate --out a.jpg")]
    [InlineData(".png, .jpg, .jpeg, .webp or .svg", "schedule --out a.gif")]
    [InlineData("nowhere", "data nowhere")]
    [InlineData("use one", "data --preset mnist --config b")]
    [InlineData("did you mean 'mnist'", "forward --preset mnits")]
    public void Wrong_usage_is_one_line_that_names_what_is_wrong(string named, string arguments)
    {
        string[] args = ["show", .. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        string[] outside = args.Contains("--out") || args.Length < 2 ? [] : ["--out", _line.At("a.png")];
        CommandLine.Run(args is ["show"] or ["show", "cat"] ? args : [.. args, .. outside]).IsBadInput(named);
        Assert.False(File.Exists(_line.At("a.png")));
    }

    [Theory]
    [InlineData("data")]
    [InlineData("forward")]
    [InlineData("reverse")]
    [InlineData("schedule")]
    [InlineData("time-embedding")]
    [InlineData("loss")]
    public void Every_picture_explains_itself_with_an_example(string command)
    {
        CommandResult result = CommandLine.Run("show", command, "--help");
        Assert.Equal((ExitCode.Success, ""), (result.Code, result.Error));
        Assert.Contains($"Example: brownian show {command} ", result.Out, StringComparison.Ordinal);
    }

    void Shows(string command, params string[] options)
    {
        string path = _line.At($"{command}-{Guid.NewGuid():N}.png");
        CommandResult result = CommandLine.Run(["show", command, .. options, "--out", path]);
        Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
        string[] lines = result.Out.TrimEnd().Split('\n');
        Assert.Contains(lines, line => line.StartsWith("drawing ", StringComparison.Ordinal));
        Assert.Equal($"picture {path}", lines[^2]);
        Assert.StartsWith("next    ", lines[^1], StringComparison.Ordinal);
        Assert.True(Png.Read(path).Width > 50);
    }
}
