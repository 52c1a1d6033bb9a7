using System.Globalization;
using Brownian.Cli;
using Brownian.Imaging;

namespace Brownian.Tests;

public sealed class SampleCommandTests : IDisposable
{
    static readonly string[][] AllOptions = [["--steps", "4"], ["--variance", "large"], ["--variance", "small"], ["--no-clip"], ["--clip"]];

    readonly CommandLine _line = new();
    readonly string _run;

    public SampleCommandTests() => _run = _line.TrainedRun();

    public void Dispose() => _line.Dispose();

    [Fact]
    public void A_grid_single_images_and_an_array_show_the_same_pixels()
    {
        CommandResult result =
            Sample("a.png", "--seeds", "3,5-6", "--columns", "2", "--scale", "1", "--singles", _line.At("each"), "--npy", _line.At("a.npy"));
        Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
        Assert.Contains($"grid    {_line.At("a.png")}{Environment.NewLine}next    ", result.Out, StringComparison.Ordinal);
        Image grid = Png.Read(_line.At("a.png"));
        Assert.Equal((2 * 8 + 6, 2 * 8 + 6), (grid.Width, grid.Height));
        Assert.Equal("3,5-6", grid.Text["Seeds"]);
        Assert.Equal(
            ["seed-3.png", "seed-5.png", "seed-6.png"],
            Directory.EnumerateFiles(_line.At("each")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        byte[] array = File.ReadAllBytes(_line.At("a.npy"));
        Assert.Equal(Png.Read(_line.At("each", "seed-5.png")).Pixels, array[^128..^64]);
    }

    [Fact]
    public void Targets_that_are_one_are_refused_before_anything_is_drawn()
    {
        void Refuse(params string[] targets) =>
            CommandLine.Run(["sample", "--model", _run, "--seeds", "0-3", "--force", .. targets]).IsBadInput("--singles", "choose another name");
        Refuse("--out", _line.At("same", "seed-0.png"), "--singles", _line.At("same"));
        Refuse("--out", _line.At("same", "x", "..", "SEED-0.png"), "--singles", _line.At("same") + "/");
        Refuse("--out", _line.At("sub.jpg"), "--singles", _line.At("sub.jpg"));
        Refuse("--npy", _line.At("sub.npy"), "--singles", _line.At("sub.npy", "each"));
        Assert.False(Directory.Exists(_line.At("same")) || Directory.Exists(_line.At("sub.jpg")) || Directory.Exists(_line.At("sub.npy")));
        Assert.Equal(ExitCode.Success, Sample("same/seed-9.png", "--seeds", "0-1", "--singles", _line.At("same")).Code);
    }

    [Fact]
    public void Every_step_leaves_two_grids()
    {
        string folder = _line.At("steps");
        CommandResult result = Sample("a.png", "--count", "3", "--steps", "4", "--every-step", folder);
        Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
        Assert.Equal(
            [.. Enumerable.Range(1, 4).SelectMany(step => new[] { $"000{step}-x0.png", $"000{step}-xt.png" })],
            Directory.EnumerateFiles(folder).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal));
        Image last = Png.Read(Path.Combine(folder, "0004-xt.png")), drawn = Png.Read(_line.At("a.png"));
        Assert.Equal(drawn.Pixels, last.Pixels);
        Assert.NotEqual(last.Pixels, Png.Read(Path.Combine(folder, "0001-xt.png")).Pixels);
        double[] times = [.. Enumerable.Range(1, 4).Select(step => double.Parse(Png.Read(Path.Combine(folder, $"000{step}-x0.png")).Text["Timestep"], CultureInfo.InvariantCulture))];
        Assert.Equal(times.OrderDescending(), times);
        Sample("b.png", "--count", "3", "--every-step", folder).IsBadInput("steps", "not empty", "--force");
        Sample("b.png", "--count", "3", "--batch", "2", "--every-step", _line.At("other")).IsBadInput("--every-step", "--batch");
        Assert.Equal(ExitCode.Success, Sample("b.png", "--count", "3", "--steps", "4", "--every-step", folder, "--force").Code);
    }

    [Theory]
    [InlineData("--threads", "5000")]
    [InlineData("--device", "cpu:5000")]
    public void More_threads_than_the_machine_has_are_as_many_as_it_has(string option, string value)
    {
        CommandResult result = Sample("a.png", "--count", "1", "--steps", "2", option, value);
        Assert.Equal(ExitCode.Success, result.Code);
        Assert.Contains($"5000 threads were asked for; {Environment.ProcessorCount} compute", result.Out + result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_that_would_change_nothing_are_refused()
    {
        Sample("a.png", "--bit-depth", "16").IsBadInput("--bit-depth 16", "--singles or --npy");
        Sample("a.png", "--sampler", "euler", "--rho", "3").IsBadInput("rho bends the curves karras and polyexponential, not native");
        Sample("a.png", "--sampler", "euler", "--rho", "3", "--curve", "exponential").IsBadInput("not exponential");
        Assert.Equal(ExitCode.Success, Sample("a.png", "--count", "1", "--sampler", "edm", "--steps", "2", "--rho", "3").Code);
        Assert.Equal(ExitCode.Success, Sample("b.png", "--count", "1", "--sampler", "euler", "--steps", "2", "--rho", "3", "--curve", "polyexponential").Code);
    }

    [Fact]
    public void A_run_without_a_whole_checkpoint_is_sampled_from_its_averages_or_points_to_its_model()
    {
        foreach (string moments in Directory.EnumerateFiles(Path.Combine(_run, "checkpoints"), "optimizer.safetensors", SearchOption.AllDirectories)) File.WriteAllText(moments, "");
        CommandResult drawn = Sample("a.png", "--count", "1");
        Assert.Equal(("", ExitCode.Success), (drawn.Error, drawn.Code));
        foreach (string averages in Directory.EnumerateFiles(Path.Combine(_run, "checkpoints"), "ema.safetensors", SearchOption.AllDirectories)) File.WriteAllText(averages, "");
        Assert.Contains($"sample from {Path.Combine(_run, "model")}", Sample("b.png", "--count", "1").Error, StringComparison.Ordinal);
        CommandLine.Run("sample", "--model", Path.GetDirectoryName(_run)!).IsBadInput("a folder of one is in it", $"give {_run}");
    }

    [Theory, InlineData("a.jpg", "image/jpeg"), InlineData("a.JPEG", "image/jpeg"), InlineData("a.webp", "image/webp")]
    public void A_grid_is_in_the_format_that_its_name_ends_with(string name, string kind)
    {
        Assert.Equal(ExitCode.Success, Sample("a.png", "--count", "4").Code);
        Assert.Equal(ExitCode.Success, Sample(name, "--count", "4").Code);
        byte[] file = File.ReadAllBytes(_line.At(name));
        Assert.Equal(kind, KindOf(file));
        Image exact = Png.Read(_line.At("a.png")), read = ImageWriterTests.Read(_line.At(name)).ConvertTo(1);
        Assert.Equal((exact.Width, exact.Height), (read.Width, read.Height));
        Assert.True(exact.Pixels.Zip(read.Pixels, (a, b) => Math.Abs(a - b)).Average() < 4);
        Assert.Contains("Sampler: ddpm", System.Text.Encoding.UTF8.GetString(file), StringComparison.Ordinal);
        Assert.Equal(ExitCode.Success, Sample($"low-{name}", "--count", "4", "--quality", "20").Code);
        Assert.True(new FileInfo(_line.At($"low-{name}")).Length < file.Length);
    }

    [Theory]
    [InlineData("a.gif", ".gif")]
    [InlineData("a.tiff", ".tiff")]
    [InlineData("a.bmp", ".bmp")]
    [InlineData("a.png.txt", ".txt")]
    [InlineData("a", "without an ending")]
    [InlineData("png", "without an ending")]
    public void Other_endings_are_refused_before_sampling(string name, string named)
    {
        CommandResult result = Sample(name, "--count", "4");
        result.IsBadInput(named, ".png, .jpg, .jpeg or .webp");
        Assert.DoesNotContain("sampler", result.Out, StringComparison.Ordinal);
        Assert.False(File.Exists(_line.At(name)));
        Sample("a.png", "--count", "4", "--npy", _line.At("a.png")).IsBadInput("a.png", ".npy");
        Sample("a.png", "--count", "4", "--quality", "90").IsBadInput("--quality 90", ".jpg or .webp");
        Sample("a.jpg", "--count", "4", "--quality", "101").IsBadInput("--quality 101", "1 to 100");
        Assert.Empty(Directory.EnumerateFiles(_line.Root, "a.*"));
    }

    [Fact]
    public void Targets_that_cannot_be_written_are_refused_before_sampling()
    {
        Directory.CreateDirectory(_line.At("folder.png"));
        File.WriteAllText(_line.At("file"), "");
        File.WriteAllText(_line.At("kept.png"), "kept");
        File.SetAttributes(_line.At("kept.png"), FileAttributes.ReadOnly);
        string longName = new string('n', 300) + ".png";
        foreach ((string name, string named) in ((string, string)[])[
            ("folder.png", "a folder"), ("below/", "a folder"), ("file/a.png", "a file; give the name of a folder"), ("kept.png", "exists already"), (longName, "cannot be written")])
        {
            CommandResult result = CommandLine.Run("sample", "--model", _run, "--out", Path.Combine(_line.Root, name), "--count", "4");
            result.IsBadInput(named);
            Assert.DoesNotContain("sampler", result.Out, StringComparison.Ordinal);
        }
        Sample("kept.png", "--count", "4", "--force").IsBadInput("kept.png", "read-only");
        Assert.Equal("kept", File.ReadAllText(_line.At("kept.png")));
        File.SetAttributes(_line.At("kept.png"), FileAttributes.Normal);
    }

    [Fact]
    public void A_grid_that_its_format_cannot_hold_is_refused_before_sampling()
    {
        CommandResult result = Sample("a.webp", "--count", "2000", "--columns", "2000");
        result.IsBadInput("WebP", "16,383 pixels a side", "20002×12");
        Assert.DoesNotContain("sampler", result.Out, StringComparison.Ordinal);
    }

    static string KindOf(ReadOnlySpan<byte> file) =>
        file.StartsWith((byte[])[0xFF, 0xD8, 0xFF]) ? "image/jpeg" : file.StartsWith("RIFF"u8) && file[8..].StartsWith("WEBP"u8) ? "image/webp" : "else";

    [Fact]
    public void An_image_depends_on_its_seed_alone()
    {
        Sample("a.png", "--seeds", "0-6", "--npy", _line.At("a.npy"), "--batch", "7", "--device", "cpu:1");
        Sample("b.png", "--seeds", "0-6", "--npy", _line.At("b.npy"), "--batch", "2", "--threads", "2");
        Sample("c.png", "--seeds", "6", "--npy", _line.At("c.npy"));
        byte[] a = File.ReadAllBytes(_line.At("a.npy")), c = File.ReadAllBytes(_line.At("c.npy"));
        Assert.Equal(a, File.ReadAllBytes(_line.At("b.npy")));
        Assert.Equal(a[^64..], c[^64..]);
        Assert.NotEqual(a[^128..^64], c[^64..]);
    }

    [Fact]
    public void Options_change_the_images_and_are_noted()
    {
        foreach (string[] options in AllOptions)
            Assert.Equal(ExitCode.Success, Sample($"{string.Join("", options)}.png", ["--count", "1", .. options]).Code);
        Assert.Equal("4", Notes("--steps4")["Steps"]);
        Assert.Equal(("large", "small"), (Notes("--variancelarge")["Variance"], Notes("--variancesmall")["Variance"]));
        Assert.Equal(("false", "true"), (Notes("--no-clip")["Clip sample"], Notes("--clip")["Clip sample"]));
    }

    [Fact]
    public void Any_sampler_can_be_asked_for_and_is_named_in_the_picture()
    {
        string[] options = ["--count", "2", "--sampler", "dpmpp_2m", "--steps", "4", "--curve", "karras", "--thresholding", "1.5"];
        CommandResult result = Sample("a.png", options);
        Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
        Assert.Contains("sampler dpmpp_2m, 4 steps, thresholding 0.995, at most 1.5, sigma curve karras", result.Out, StringComparison.Ordinal);
        Assert.Equal(("dpmpp_2m", "4", "karras"), (Notes("a")["Sampler"], Notes("a")["Steps"], Notes("a")["Sigma curve"]));
        Assert.Equal(ExitCode.Success, Sample("b.png", "--count", "1", "--sampler", "ddim", "--eta", "0.5", "--spacing", "trailing").Code);
        Assert.Equal(("0.5", "trailing"), (Notes("b")["Eta"], Notes("b")["Timestep spacing"]));
        Assert.Equal(ExitCode.Success, Sample("c.png", "--count", "1", "--sampler", "unipc", "--order", "3", "--steps", "5").Code);
        Assert.Contains("sampler edm, 5 steps, churn 3", Sample("d.png", "--count", "1", "--sampler", "edm", "--churn", "3", "--steps", "5").Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("eulr", "euler", "--sampler", "eulr")]
    [InlineData("ddpm has no eta", "ddim", "--eta", "1")]
    [InlineData("ddpm has no s_churn", "heun", "--churn", "1")]
    [InlineData("ddpm has no sigma_curve", "euler", "--curve", "karras")]
    [InlineData("twice the channels", "small or large", "--variance", "learned_range")]
    [InlineData("--class 3", "without classes", "--class", "3")]
    [InlineData("without classes", "guided by 2", "--guidance", "2")]
    public void What_the_sampler_or_the_model_cannot_do_is_refused(string named, string mend, params string[] options) =>
        Sample("a.png", options).IsBadInput(named, mend);

    [Fact]
    public void Help_lists_the_samplers()
    {
        string help = CommandLine.Run("sample", "--help").Out;
        foreach (SamplerType type in SamplerType.All)
            Assert.Matches($@"(?m)^ +{type.Name} +{(type.Initial.Steps is { } steps ? steps : "all")}  ", help);
    }

    [Fact]
    public void Nothing_is_overwritten_unless_asked()
    {
        string grid = _line.Write("a.png", "mine"), single = _line.Write("each/seed-1.png", "mine"), npy = _line.Write("a.npy", "mine");
        Sample("a.png", "--count", "2").IsBadInput(grid, "--force");
        Sample("b.png", "--count", "2", "--singles", _line.At("each")).IsBadInput(single, "--force");
        Sample("b.png", "--count", "2", "--npy", npy).IsBadInput(npy, "--force");
        Assert.All([grid, single, npy], path => Assert.Equal("mine", File.ReadAllText(path)));
        Assert.False(File.Exists(_line.At("b.png")));
        Assert.Equal(ExitCode.Success, Sample("a.png", "--count", "2", "--scale", "1", "--force").Code);
        Assert.Equal((22, 12), (Png.Read(grid).Width, Png.Read(grid).Height));
    }

    [Theory]
    [InlineData("5-3", "backwards")]
    [InlineData("a", "'a'")]
    [InlineData("1,,2", "''")]
    [InlineData("0-99999999", "1000000")]
    [InlineData("-1", "''")]
    public void Seeds_that_are_none_are_named(string seeds, string named) => Sample("a.png", "--seeds", seeds).IsBadInput(named);

    [Fact]
    public void Seeds_named_twice_have_no_file_each() =>
        Sample("a.png", "--seeds", "1,1", "--singles", _line.At("each")).IsBadInput("--seeds", "1");

    [Fact]
    public void More_steps_than_timesteps_are_refused() => Sample("a.png", "--steps", "11").IsBadInput("11", "10");

    [Fact]
    public void A_damaged_checkpoint_is_passed_over_with_a_warning()
    {
        string newest = Path.Combine(_run, "checkpoints", "step-00000006", "ema.safetensors");
        byte[] bytes = File.ReadAllBytes(newest);
        bytes[^1] ^= 1;
        File.WriteAllBytes(newest, bytes);
        CommandResult result = Sample("a.png", "--count", "1");
        Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
        Assert.Contains("warning", result.Out, StringComparison.Ordinal);
        Assert.Contains(newest, result.Out, StringComparison.Ordinal);
        Assert.Equal("3", Notes("a")["Trained steps"]);
    }

    [Fact]
    public void Grids_are_enlarged_unless_another_scale_is_given()
    {
        Assert.Equal("", Sample("a.png", "--count", "4").Error);
        Assert.Equal("", Sample("b.png", "--count", "4", "--scale", "3", "--every-step", _line.At("steps")).Error);
        Assert.Equal((806, 54), (Png.Read(_line.At("a.png")).Width, Png.Read(_line.At("b.png")).Width));
        Assert.Equal(54, Png.Read(_line.At("steps", "0001-xt.png")).Width);
        Sample("c.png", "--scale", "0").IsBadInput("--scale 0", "1 to 256");
        Sample("c.webp", "--scale", "256").IsBadInput("WebP", "134,217,728", "draw fewer images");
    }

    [Fact]
    public void Cancelled_sampling_writes_nothing()
    {
        using var cancel = new CancellationTokenSource();
        cancel.Cancel();
        CommandResult result = CommandLine.Run(["sample", "--model", _run, "--out", _line.At("a.png")], new StringWriter(), cancel.Token);
        Assert.Equal(ExitCode.Interrupted, result.Code);
        Assert.Equal($"stopping; another Ctrl-C ends at once{Environment.NewLine}interrupted{Environment.NewLine}", result.Error);
        Assert.False(File.Exists(_line.At("a.png")));
    }

    CommandResult Sample(string grid, params string[] options) =>
        CommandLine.Run(["sample", "--model", _run, "--out", _line.At(grid), .. options]);

    IReadOnlyDictionary<string, string> Notes(string grid) => Png.Read(_line.At($"{grid}.png")).Text;
}
