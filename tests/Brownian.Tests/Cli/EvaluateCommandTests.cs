using System.Text.Json;
using Brownian.Cli;
using Brownian.Imaging;

namespace Brownian.Tests;

public sealed class EvaluateCommandTests : IDisposable
{
    readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    CommandResult Evaluate(params string[] options) =>
        CommandLine.Run(["evaluate", "--features", "pixels", "--no-cache", "--bootstrap", "20", "--out", _line.At("evaluations"), .. options]);

    CommandResult Good(params string[] options)
    {
        CommandResult result = Evaluate(options);
        Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
        return result;
    }

    JsonElement Report(string folder) => JsonDocument.Parse(File.ReadAllBytes(_line.At("evaluations", folder, "report.json"))).RootElement;

    string Folder(string name, int images, Func<int, byte> shade, int side = 6, int channels = 1)
    {
        for (int i = 0; i < images; i++)
        {
            var image = new Image(side, side, channels);
            for (int p = 0; p < image.Pixels.Length; p++) image.Pixels[p] = (byte)(shade(i) + 3 * (p / channels % 7));
            _line.Write(Path.Combine(name, $"{i:000}.png"), Png.Encode(image));
        }
        return _line.At(name);
    }

    [Fact]
    public void A_run_is_judged_against_the_images_that_it_learned_from()
    {
        string run = _line.TrainedRun();
        CommandResult result = Good("--model", run, "--count", "12", "--seed", "5", "--json", _line.At("numbers.json"));
        foreach (string part in (string[])["sampler ddpm", "real    drawn digits", "plan    12 images", "Fréchet distance", "kernel distance", "precision", "next    "])
            Assert.Contains(part, result.Out, StringComparison.Ordinal);
        JsonElement report = Report("00001-00001-tiny");
        Assert.Equal(File.ReadAllText(_line.At("evaluations", "00001-00001-tiny", "report.json")), File.ReadAllText(_line.At("numbers.json")));
        Assert.Equal("pixels", report.GetProperty("features").GetString());
        Assert.Equal(20, report.GetProperty("real").GetProperty("count").GetInt32());
        JsonElement one = Assert.Single(report.GetProperty("results").EnumerateArray());
        Assert.Equal((5, 10), (one.GetProperty("seed").GetInt32(), one.GetProperty("network_calls").GetInt32()));
        Assert.True(one.GetProperty("comparison").GetProperty("frechet").GetProperty("value").GetDouble() > 0);
        Assert.True(File.Exists(_line.At("evaluations", "00001-00001-tiny", "samples.png")));
    }

    [Fact]
    public void The_same_seeds_give_the_same_numbers_whatever_the_batch()
    {
        string run = _line.TrainedRun();
        Good("--model", run, "--count", "12", "--batch", "5");
        Good("--model", run, "--count", "12", "--batch", "64", "--threads", "1");
        string Comparison(string folder) => Report(folder).GetProperty("results")[0].GetProperty("comparison").GetRawText();
        Assert.Equal(Comparison("00001-00001-tiny"), Comparison("00002-00001-tiny"));
    }

    [Fact]
    public void Several_sets_of_seeds_have_a_mean_and_a_spread()
    {
        string run = _line.TrainedRun();
        CommandResult result = Good("--model", run, "--count", "8", "--repeat", "3");
        Assert.Contains("mean of 3", result.Out, StringComparison.Ordinal);
        JsonElement report = Report("00001-00001-tiny");
        JsonElement[] results = [.. report.GetProperty("results").EnumerateArray()];
        Assert.Equal([0, 8, 16], results.Select(one => one.GetProperty("seed").GetInt32()));
        double[] values = [.. results.Select(one => one.GetProperty("comparison").GetProperty("frechet").GetProperty("value").GetDouble())];
        JsonElement spread = report.GetProperty("spread").EnumerateArray().First(one => one.GetProperty("name").GetString() == "frechet");
        Assert.Equal(values.Average(), spread.GetProperty("mean").GetDouble(), 1e-9);
        Assert.True(spread.GetProperty("deviation").GetDouble() > 0);
    }

    [Fact]
    public void Samples_as_single_files_are_judged_as_the_model_is()
    {
        string run = _line.TrainedRun();
        CommandLine.Run("sample", "--model", run, "--seeds", "0-11", "--singles", _line.At("singles"), "--out", _line.At("grid.png"));
        string real = Folder("real", 30, i => (byte)(5 * i), side: 8);
        Good("--model", run, "--data", real, "--count", "12");
        Good(_line.At("singles"), real);
        static double Frechet(JsonElement report) => report.GetProperty("results")[0].GetProperty("comparison").GetProperty("frechet").GetProperty("value").GetDouble();
        Assert.Equal(Frechet(Report("00001-00001-tiny")), Frechet(Report("00002-singles")), 1e-6);
    }

    [Fact]
    public void Images_of_another_size_or_colour_are_brought_to_one_and_that_is_said()
    {
        string small = Folder("small", 12, i => (byte)(9 * i)), large = Folder("large", 12, i => (byte)(9 * i), side: 12, channels: 3);
        CommandResult result = Good(small, large);
        Assert.Contains($"{large}: images of 12×12 are resized to cover 6×6 (bicubic) and center-cropped; none shows a colour", result.Out, StringComparison.Ordinal);
        Assert.DoesNotContain($"note    {small}", result.Out, StringComparison.Ordinal);
        Assert.Contains("are resized to cover 9×9", Good(small, large, "--size", "9").Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_set_is_at_no_distance_from_itself()
    {
        string set = Folder("set", 12, i => (byte)(9 * i));
        Good(set, set);
        JsonElement found = Report("00001-set").GetProperty("results")[0].GetProperty("comparison");
        Assert.Equal(0, found.GetProperty("frechet").GetProperty("value").GetDouble(), 1e-6);
        Assert.Equal(1, found.GetProperty("neighbourhoods").GetProperty("precision").GetDouble());
    }

    [Fact]
    public void A_sweep_of_the_built_in_model_leaves_a_table_a_chart_and_a_sheet()
    {
        CommandResult result = Good("--model", "digits", "--count", "8", "--real-count", "100", "--sweep", "sampler=euler,unipc", "steps=2,3");
        Assert.Contains("best    ", result.Out, StringComparison.Ordinal);
        string[] table = File.ReadAllLines(_line.At("evaluations", "00001-digits", "table.csv"));
        Assert.StartsWith("sampler,steps,calls,seconds,frechet,", table[0], StringComparison.Ordinal);
        Assert.Equal(["euler,2,4,", "euler,3,6,", "unipc,2,4,", "unipc,3,6,"], table[1..].Select(row => string.Join(',', row.Split(',')[..3]) + ","));
        Image sheet = Png.Read(_line.At("evaluations", "00001-digits", "sheet.png"));
        Assert.True(sheet.Width > 2 * 28 && sheet.Height > 2 * 28);
        Assert.True(File.Exists(_line.At("evaluations", "00001-digits", "chart.png")));
        Assert.Equal(4, Report("00001-digits").GetProperty("results").GetArrayLength());
    }

    [Fact]
    public void Copies_are_found_and_shown_beside_their_training_images()
    {
        string real = Folder("real", 40, i => (byte)(6 * i));
        CommandResult result = Good(Folder("copies", 24, i => (byte)(6 * i)), real, "--nearest");
        Assert.Contains("copies  in pixels: copies", result.Out, StringComparison.Ordinal);
        Assert.Contains("24 of 24 equal a training image exactly", result.Out, StringComparison.Ordinal);
        foreach (string file in (string[])["nearest.png", "nearest-chart.png"]) Assert.True(File.Exists(_line.At("evaluations", "00001-copies", file)));
        JsonElement nearest = Assert.Single(Report("00001-copies").GetProperty("nearest").EnumerateArray());
        Assert.Equal("copies", nearest.GetProperty("verdict").GetString());
    }

    [Fact]
    public void What_cannot_be_asked_is_said_before_anything_is_drawn()
    {
        string run = _line.TrainedRun(), other = Folder("other", 40, i => (byte)(6 * i), side: 8);
        Evaluate("--cuont", "64").IsBadInput("there is no option '--cuont'; did you mean '--count'?");
        Evaluate("--model", run, "--count", "24", "--nearest", "--data", other).IsBadInput("--nearest", "among the training images");
        Evaluate("--model", run, "--count", "19", "--nearest").IsBadInput("--count 19: a verdict on copies needs at least 20 images");
        Evaluate(Folder("few", 3, _ => 7), other, "--size", "6").IsBadInput("few: 3 images; a comparison needs at least 4");
        Evaluate("--model", run, "--ema-std", "0.1").IsBadInput("snapshots");
        Assert.False(Directory.Exists(_line.At("evaluations", "00001-00001-tiny")));
    }

    [Fact]
    public void Features_of_the_real_images_are_kept_beside_them()
    {
        string set = Folder("set", 12, i => (byte)(9 * i)), real = Folder("real", 20, i => (byte)(9 * i));
        string[] command = ["evaluate", set, real, "--features", "pixels", "--bootstrap", "0", "--out", _line.At("evaluations")];
        Assert.Contains($"are kept in {Path.Combine(real, ".brownian")}", CommandLine.Run(command).Out, StringComparison.Ordinal);
        Assert.Contains($"are taken from {Path.Combine(real, ".brownian")}", CommandLine.Run(command).Out, StringComparison.Ordinal);
        _line.Write("real/020.png", Png.Encode(new Image(6, 6, 1)));
        Assert.Contains("made anew", CommandLine.Run(command).Out, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_judged_is_one_line()
    {
        string set = Folder("set", 12, i => (byte)(9 * i)), few = Folder("few", 3, i => (byte)(9 * i));
        Evaluate("--count", "0").IsBadInput("--count 0", "1 or more");
        Evaluate(set).IsBadInput(set, "one set alone");
        Evaluate(set, _line.At("nothing")).IsBadInput("nothing");
        // A wrong path of the second set is seen before the first is opened.
        Evaluate(Directory.CreateDirectory(_line.At("hollow")).FullName, _line.At("nothing")).IsBadInput("nothing");
        Evaluate(set, few).IsBadInput("3", "4");
        Evaluate(set, set, "--steps", "3").IsBadInput("--steps", "for a model");
        Evaluate(set, set, "--per-class").IsBadInput("--per-class", "no classes");
        CommandLine.Run("evaluate", set, set, "--features", "pixel", "--out", _line.At("evaluations")).IsBadInput("'pixel'", "pixels");
        Evaluate(set, set, "--weights", _line.At("no.pth")).IsBadInput("takes no weights");
        CommandLine.Run("evaluate", set, set, "--features", "digits", "--weights", _line.At("no.safetensors")).IsBadInput("no such file");
        CommandLine.Run("evaluate", set, set, "--features", "digits", "--weights", _line.Write("text.safetensors", "no weights at all"), "--out", _line.At("evaluations")).IsBadInput("text.safetensors");
        CommandLine.Run("evaluate", set, set, "--bootstrap", "5", "--out", _line.At("evaluations")).IsBadInput("--bootstrap 5");
        Evaluate("--sweep", "steps=2", "--repeat", "2").IsBadInput("--repeat", "--sweep");
        Evaluate("--model", "digits", "--sweep", "step=2").IsBadInput("did you mean 'steps'");
        Evaluate("--model", "digits", "--sweep", "sampler=unipc", "eta=1").IsBadInput("unipc", "eta");
        Evaluate("--model", "digits", "--sweep", "sampler=ddim2").IsBadInput("'ddim2'", "ddim");
        Evaluate("--model", "digits", "--data", few, "--count", "8", "--steps", "2").IsBadInput("3");
        Evaluate("--model", "digits", "--size", "8").IsBadInput("--size");
        _line.Write("empty/readme.txt", "nothing");
        Evaluate(_line.At("empty"), set).IsBadInput("empty");
        string sizes = Folder("sizes", 4, i => (byte)i);
        _line.Write("sizes/x.png", Png.Encode(new Image(9, 7, 1)));
        Evaluate(sizes, sizes).IsBadInput("--size");
        _line.Write("there.json", "{}");
        Evaluate(set, set, "--json", _line.At("there.json")).IsBadInput("there.json", "--force");
        Evaluate(set, set, "--json", _line.At("there.txt")).IsBadInput(".json");
    }
}
