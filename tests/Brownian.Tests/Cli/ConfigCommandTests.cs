using Brownian.Cli;

namespace Brownian.Tests;

public sealed class ConfigCommandTests : IDisposable
{
    readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    static string Config(params string[] args)
    {
        CommandResult result = CommandLine.Run(["config", .. args]);
        Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
        return result.Out;
    }

    [Fact]
    public void The_page_of_all_keys_is_current() =>
        Assert.Equal(File.ReadAllText(Path.Combine(Checkout.Root, "docs", "configuration.md")).ReplaceLineEndings("\n"), Config("--markdown"));

    [Fact]
    public void Every_key_of_every_section_is_listed_with_what_it_means()
    {
        string list = Config();
        foreach (ConfigKey key in ConfigKey.All)
        {
            string meaning = MemberDocs.Of(key);
            Assert.True(meaning.Length > 10 && !meaning.StartsWith("See ", StringComparison.Ordinal), $"{key.Name}: {meaning}");
            Assert.Contains($"\n  {key.Name}", list, StringComparison.Ordinal);
        }
        Assert.Equal<string>(NetworksAndSections(), [.. list.Split('\n').Where(line => line.EndsWith("_params", StringComparison.Ordinal) || line.StartsWith("model_params of", StringComparison.Ordinal))]);

        static string[] NetworksAndSections() =>
        [
            "dataset_params", "diffusion_params",
            .. Brownian.NetworkType.All.Select(type => $"model_params of type {type.Name}"), "train_params", "sample_params",
        ];
    }

    [Theory]
    [InlineData("lr", "type     number", "default  0.0001", "range    above 0 and below 100, such as 1e-3")]
    [InlineData("train_params.lr", "The learning rate, after warm-up.")]
    [InlineData("lr_schedule", "type     constant, linear, cosine, cosine_with_restarts, polynomial, wsd")]
    [InlineData("s_churn", "samplers euler, heun, edm, dpm_2")]
    [InlineData("rho", "all samplers but ddpm, ddim, pndm, plms")]
    [InlineData("num_heads", "network  tutorial_unet")]
    [InlineData("im_channels", "dataset_params.im_channels", "model_params.im_channels")]
    [InlineData("down_channels", "model_params.down_channels of tutorial_unet", "model_params.down_channels of simple_unet")]
    [InlineData("train_params", "batch_size", "ema_decay")]
    public void One_key_is_described(string key, params string[] told)
    {
        string text = Config(key);
        Assert.All(told, part => Assert.Contains(part, text, StringComparison.Ordinal));
    }

    [Fact]
    public void A_preset_is_printed_as_its_file_and_trains_as_the_preset_does()
    {
        string path = _line.At("mine.yaml");
        File.WriteAllText(path, Config("--preset", "cifar10"));
        Assert.Equal(Presets.Load("cifar10"), TrainConfig.Load(path));
    }

    [Fact]
    public void Other_names_lead_to_keys_that_exist()
    {
        HashSet<string> keys = [.. ConfigKey.All.Select(key => $"{key.Section}.{key.Name}")];
        Assert.All(ForeignNames.Targets, target => Assert.Contains(target, keys));
        Assert.Equal("train_params.lr", ForeignNames.Of("learning-rate"));
        Assert.Null(ForeignNames.Of("lr"));
    }

    [Fact]
    public void What_does_not_exist_is_told_in_one_line()
    {
        CommandLine.Run("config", "lrr").IsBadInput("did you mean 'lr'?");
        CommandLine.Run("config", "learning_rate").IsBadInput("train_params.lr");
        CommandLine.Run("config", "mixed_precision").IsBadInput("32-bit floats");
        CommandLine.Run("train", "--mixed-precision", "fp16").IsBadInput("32-bit floats");
        CommandLine.Run("train", "--set", "train_params.mixed_precision=fp16").IsBadInput("32-bit floats");
        CommandLine.Run("train", "--set", "num_workers=4").IsBadInput("leave it out");
        CommandLine.Run("config", "diffusion_params.lr").IsBadInput("it is in train_params");
        CommandLine.Run("config", "--preset", "mnst").IsBadInput("did you mean 'mnist'?");
        CommandLine.Run("config", "lr", "--markdown").IsBadInput("give one");
    }

    [Fact]
    public void Train_without_the_name_of_a_preset_lists_them()
    {
        CommandResult result = CommandLine.Run("train", "--preset");
        Assert.Equal(ExitCode.Success, result.Code);
        Assert.All(Presets.Names, name => Assert.Contains($"{name} ", result.Out, StringComparison.Ordinal));
        CommandLine.Run("summary", "--preset").IsBadInput("tutorial-mnist");
    }

    [Fact]
    public void Options_of_other_trainers_lead_to_ours()
    {
        CommandLine.Run("train", "--learning_rate", "1e-4").IsBadInput("'--learning_rate'", "--lr");
        CommandLine.Run("train", "--train_batch_size=8").IsBadInput("--batch-size");
        CommandLine.Run("train", "--gradient_accumulation_steps", "2").IsBadInput("--set train_params.gradient_accumulation=VALUE");
        CommandLine.Run("train", "--random_flip").IsBadInput("--set dataset_params.horizontal_flip=VALUE");
        CommandLine.Run("train", "--dropout", "0.1").IsBadInput("--set model_params.dropout=VALUE");
        CommandLine.Run("train", "--preest", "mnist").IsBadInput("did you mean '--preset'?");
        CommandLine.Run("sample", "--step", "3").IsBadInput("did you mean '--steps'?");
    }

    [Fact]
    public void A_rate_and_a_batch_have_options_of_their_own()
    {
        string run = _line.TrainedRun("--lr", "3e-4", "--batch-size", "3");
        TrainParams train = RunDirectory.Open(run).Config.Train;
        Assert.Equal((3e-4, 3), (train.LearningRate, train.BatchSize));
        CommandLine.Run("train", "--lr", "fast").IsBadInput("--lr");
        CommandLine.Run("train", "--batch-size", "0").IsBadInput("--batch-size");
    }
}
