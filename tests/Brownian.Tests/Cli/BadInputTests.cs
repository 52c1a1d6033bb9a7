using System.Text;
using Brownian.Imaging;

namespace Brownian.Tests;

/// <summary>Damaged files and impossible values, as they reach a person at the command line.</summary>
public sealed class BadInputTests : IDisposable
{
    readonly CommandLine _line = new();

    public void Dispose()
    {
        Assert.Empty(Directory.EnumerateFileSystemEntries(_line.Root, "*.tmp", SearchOption.AllDirectories));
        _line.Dispose();
    }

    [Fact]
    public void A_place_that_takes_no_files_is_named_and_no_temporary_file()
    {
        if (!Directory.Exists("/proc")) Assert.Skip("Only Linux has a folder that takes no files of anybody.");
        CommandResult[] refused =
        [
            CommandLine.Run("sample", "--model", "digits", "--out", "/proc/x.png"),
            CommandLine.Run("sample", "--model", "digits", "--singles", "/proc", "--out", _line.At("x.png")),
            CommandLine.Run("export", "--model", "digits", "--out", "/proc/zz"),
            CommandLine.Run("import", "--model", "digits", "--out", "/proc/zz"),
        ];
        foreach (CommandResult result in refused)
        {
            result.IsBadInput("/proc");
            Assert.DoesNotMatch(@"/\.|\.tmp", result.Error);
        }
    }

    [Fact]
    public void Images_that_cannot_be_read_are_named_and_leave_no_run()
    {
        TrainOn("nothing/here");
        Directory.CreateDirectory(_line.At("empty"));
        TrainOn("empty");
        byte[] idx = IdxBytes.Images(20, 8, 8);
        TrainOn(Image("cut.idx", idx[..^1]));
        TrainOn(Image("magic.idx", [.. "PK"u8, .. idx[2..]]));
        TrainOn(Image("none.idx", IdxBytes.Images(0, 8, 8)));
        TrainOn(Image("huge.idx", IdxBytes.File(0x803, [uint.MaxValue, uint.MaxValue, uint.MaxValue], idx[16..])));
        TrainOn(Image("cut.gz", IdxBytes.Gzip(idx)[..^9]));
        Assert.False(Directory.Exists(_line.At("runs")));
    }

    [Fact]
    public void Pictures_that_are_too_few_too_small_or_none_are_named()
    {
        Image("few/a.png", Png.Encode(new Image(9, 8, 1)));
        CommandLine.Run("train", "--config", _line.Config, "--data", _line.At("few")).IsBadInput("batch_size", "1 image", "few");
        byte[] png = Png.Encode(new Image(8, 8, 1));
        Image("cut/a.png", png[..^13]);
        TrainOn("cut", "a.png");
        Image("small/a.png", Png.Encode(new Image(8, 7, 1)));
        CommandLine.Run("train", "--config", _line.Config, "--data", _line.At("small"), "--set", "dataset_params.resize=none")
            .IsBadInput(_line.At("small", "a.png"), "8×7", "8×8");
        Image("text/a.png", Encoding.UTF8.GetBytes("not a picture"));
        TrainOn("text", "a.png");
        Assert.False(Directory.Exists(_line.At("runs")));
    }

    [Theory]
    [InlineData("model_params.im_size=0", "im_size", "0")]
    [InlineData("dataset_params.resize=fill", "resize", "fill", "cover or contain or stretch or none")]
    [InlineData("dataset_params.interpolation=cubic", "interpolation", "cubic", "bicubic")]
    [InlineData("dataset_params.crop=left", "crop", "left", "center or random")]
    [InlineData("dataset_params.cache=ram", "cache", "ram", "auto or memory or disk or none")]
    [InlineData("model_params.down_channels=[8, 12]", "down_channels", "12")]
    [InlineData("model_params.num_heads=3", "num_heads", "3")]
    [InlineData("model_params.time_emb_dim=7", "time_emb_dim", "7")]
    [InlineData("dataset_params.count=0", "count", "0")]
    [InlineData("train_params.batch_size=21", "batch_size", "21", "20")]
    [InlineData("train_params.batch_size=0", "batch_size", "0")]
    [InlineData("train_params.lr=-1", "lr", "-1")]
    [InlineData("train_params.lr=fast", "lr", "fast")]
    [InlineData("train_params.larning_rate=1", "larning_rate")]
    [InlineData("trian_params.lr=1", "trian_params")]
    [InlineData("learning_rate=1", "learning_rate=1", "train_params.lr")]
    [InlineData("diffusion_params.num_timesteps=1", "num_timesteps", "1")]
    [InlineData("dataset_params.im_channels=3", "im_channels", "3", "1")]
    public void Values_that_cannot_be_used_are_named(string set, params string[] named)
    {
        CommandLine.Run("train", "--config", _line.Config, "--runs", _line.At("runs"), "--set", set).IsBadInput(named);
        Assert.False(Directory.Exists(_line.At("runs")));
    }

    [Theory]
    [InlineData("train_params:\n  lr: 1e-4\n  widht: 3\n", ":3:3:", "widht")]
    [InlineData("train_params:\n  lr: [1\n", "")]
    [InlineData("train_params:\n  lr: 1\n  lr: 2\n", ":3:", "lr")]
    [InlineData("- a\n- b\n", ":1:1:")]
    [InlineData("train_params:\n  batch_size: many\n", ":2:15:", "many")]
    public void Yaml_is_refused_with_its_place(string yaml, params string[] named)
    {
        string path = _line.Write("bad.yaml", yaml);
        CommandLine.Run("train", "--config", path, "--runs", _line.At("runs")).IsBadInput([path, .. named]);
        CommandLine.Run("train", "--config", _line.At("absent.yaml")).IsBadInput(_line.At("absent.yaml"));
    }

    [Fact]
    public void Weights_that_are_damaged_or_of_another_network_are_named()
    {
        string run = _line.TrainedRun(), weights = Path.Combine(run, "model", "model.safetensors");
        byte[] good = File.ReadAllBytes(weights);
        void Refuse(string name, byte[] content, params string[] named)
        {
            string path = Image(name, content), model = _line.At($"{name}-model");
            Import(_line.Config, path, model).IsBadInput([path, .. named]);
            Assert.False(Directory.Exists(model));
        }
        Refuse("cut", good[..^1]);
        Refuse("short", good[..5]);
        Refuse("header", [.. BitConverter.GetBytes(ulong.MaxValue), .. good[8..]]);
        Refuse("text", Encoding.UTF8.GetBytes("these are no weights"));
        string yaml = CommandLine.TinyYaml.Replace("time_emb_dim: 8", "time_emb_dim: 16", StringComparison.Ordinal);
        string wider = _line.Write("wider.yaml", yaml), absent = _line.At("absent");
        Import(wider, weights, _line.At("m")).IsBadInput(weights, "t_proj.0.weight", "[8, 8]", "[16, 16]");
        Import(_line.Config, absent, _line.At("m")).IsBadInput(absent);
        Import(_line.Config, weights, run).IsBadInput(run);
        Assert.Equal(good, File.ReadAllBytes(weights));
    }

    [Fact]
    public void Models_and_runs_that_are_none_are_named()
    {
        string run = _line.TrainedRun();
        Sample(_line.At("absent")).IsBadInput(_line.At("absent"));
        Sample(_line.Root).IsBadInput(_line.Root);
        CommandLine.Run("train", "--resume", _line.At("absent")).IsBadInput(_line.At("absent"));
        CommandLine.Run("train", "--resume", _line.Root).IsBadInput(_line.Root);

        string json = Path.Combine(run, "model", "model.json");
        File.WriteAllText(json, File.ReadAllText(json).Replace("\"im_size\": 8", "\"im_size\": 0", StringComparison.Ordinal));
        Sample(Path.Combine(run, "model")).IsBadInput(json, "im_size");
        File.WriteAllText(json, "{");
        Sample(Path.Combine(run, "model")).IsBadInput(json);
        File.Delete(json);
        Sample(Path.Combine(run, "model")).IsBadInput(Path.Combine(run, "model"));
    }

    [Fact]
    public void A_run_whose_checkpoints_are_all_damaged_is_named_and_left_alone()
    {
        string run = _line.TrainedRun();
        foreach (string manifest in Directory.GetFiles(Path.Combine(run, "checkpoints"), "manifest.json", SearchOption.AllDirectories))
            File.WriteAllText(manifest, "{}");
        string[] before = Directory.GetFileSystemEntries(run, "*", SearchOption.AllDirectories);
        CommandResult result = CommandLine.Run("train", "--resume", run);
        result.IsBadInput(Path.Combine(run, "checkpoints"));
        Sample(run).IsBadInput(Path.Combine(run, "checkpoints"));
        Assert.Subset(Directory.GetFileSystemEntries(run, "*", SearchOption.AllDirectories).ToHashSet(), before.ToHashSet());
    }

    [Fact]
    public void Folders_that_cannot_be_written_to_are_named()
    {
        string run = _line.TrainedRun(), file = _line.Write("file", "mine");
        string below = Path.Combine(file, "below");
        CommandLine.Run("train", "--config", _line.Config, "--runs", below).IsBadInput(below);
        CommandLine.Run("sample", "--model", run, "--out", Path.Combine(below, "a.png")).IsBadInput(below);
        CommandLine.Run("sample", "--model", run, "--out", _line.At("a.png"), "--singles", below).IsBadInput(below);
        CommandLine.Run("sample", "--model", run, "--out", _line.At("a.png"), "--npy", Path.Combine(below, "a.npy")).IsBadInput(below);
        CommandLine.Run("predict", "--model", run, "--input", file, "--output", Path.Combine(below, "out")).IsBadInput(below);
        Import(_line.Config, Path.Combine(run, "model", "model.safetensors"), below).IsBadInput(below);
        CommandLine.Run("sample", "--model", run, "--out", _line.Root).IsBadInput(_line.Root);
        Assert.Equal("mine", File.ReadAllText(file));
    }

    static CommandResult Import(string config, string weights, string model) =>
        CommandLine.Run("import", "--config", config, "--weights", weights, "--out", model);

    string Image(string name, byte[] content) => _line.Write(name, content);

    void TrainOn(string path, params string[] named) =>
        CommandLine.Run("train", "--config", _line.Config, "--runs", _line.At("runs"), "--set", $"dataset_params.im_path={_line.At(path)}")
            .IsBadInput([_line.At(path), .. named]);

    CommandResult Sample(string model) => CommandLine.Run("sample", "--model", model, "--out", _line.At("never.png"));
}
