using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>The other tutorials' networks through configuration, training, checkpoints and model folders.</summary>
public sealed class TutorialNetworksTests : IDisposable
{
    static readonly Dictionary<string, string> Tiny = new()
    {
        ["plain_unet"] = "model_params: {type: plain_unet, in_ch: 1, im_size: 16, w: 4, time_dim: 8}",
        ["residual_unet"] = "model_params: {type: residual_unet, input_channels: 1, im_size: 16, base_channels: 8, "
            + "base_channels_multiples: [1, 2], apply_attention: [false, true], num_res_blocks: 1, total_time_steps: 10}\n"
            + "diffusion_params: {num_timesteps: 10}",
        ["simple_unet"] = "model_params: {type: simple_unet, image_channels: 1, im_size: 16, down_channels: [4, 8, 8], time_emb_dim: 8}",
    };

    readonly ScratchFolder _folder = new();
    readonly Device _device = Device.Cpu(1);

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    public static TheoryData<string> Types => [.. Tiny.Keys];

    static TrainConfig Config(string type, int steps, params string[] more)
    {
        TrainConfig config = TinyRun.Config with { Model = TrainConfig.Parse(Tiny[type]).Model };
        return config.With([$"train_params.num_steps={steps}", .. more]);
    }

    RunDirectory NewRun(TrainConfig config) => RunDirectory.Create(_folder.Path("runs"), config);

    [Theory, MemberData(nameof(Types))]
    public void Two_steps_of_training_make_a_model_that_opens_and_samples(string type)
    {
        TrainConfig config = Config(type, 2);
        RunDirectory run = NewRun(config);
        Assert.True(TinyRun.Train(run, config).IsComplete);

        DiffusionModel model = ModelFolder.Open(run.ModelPath, _device), again = Saved(model);
        Assert.Equal(config.Model, again.Description.Model);
        Assert.Equal(model.Network.Parameters.Values.ToArray(), again.Network.Parameters.Values.ToArray());
        float[] before = again.Network.Parameters.Values.ToArray();
        new ImageSampler(again).Sample(new SampleOptions { Count = 2 }, cancel: TestContext.Current.CancellationToken);
        Assert.Equal(before, again.Network.Parameters.Values.ToArray());

        DiffusionModel Saved(DiffusionModel saved)
        {
            ModelFolder.Save(_folder.Path("copy"), saved);
            return ModelFolder.Open(_folder.Path("copy"), _device);
        }
    }

    [Theory]
    [InlineData("plain_unet/tiny", "{type: plain_unet, w: 2, time_dim: 8}")]
    [InlineData("residual_unet/tiny",
        "{type: residual_unet, base_channels: 16, base_channels_multiples: [1, 2], apply_attention: [false, true], num_res_blocks: 1, total_time_steps: 100}")]
    [InlineData("simple_unet/tiny", "{type: simple_unet, im_size: 32, down_channels: [8, 12, 16, 24], time_emb_dim: 16}")]
    public void Weights_as_PyTorch_wrote_them_are_imported_and_written_back_as_they_were(string folder, string model)
    {
        string weights = Fixtures.Golden($"{folder}/weights.safetensors");
        _folder.Write("config.yaml", $"model_params: {model}\ndiffusion_params: {{num_timesteps: 100}}");
        ModelFolder.Import(_folder.Path("config.yaml"), weights, _folder.Path("model"));
        using SafetensorsFile theirs = SafetensorsFile.Read(weights), ours = SafetensorsFile.Read(_folder.Path("model/model.safetensors"));
        Assert.Equal(theirs.Names.Order(StringComparer.Ordinal), ours.Names.Order(StringComparer.Ordinal));
        Assert.All(theirs.Names, name =>
        {
            Assert.Equal(theirs[name].Type, ours[name].Type);
            Assert.Equal(theirs.ReadDoubles(name), ours.ReadDoubles(name));
        });
        Assert.Equal(Path.GetDirectoryName(folder), ModelFolder.Open(_folder.Path("model"), _device).Description.Model.Type);
    }

    /// <summary>Grids of samples and an interruption in between change no bit of weights, statistics, averages and moments.</summary>
    [Theory, MemberData(nameof(Types))]
    public void Resuming_continues_bit_for_bit_with_samples_or_without(string type)
    {
        TrainConfig config = Config(type, 6, "train_params.gradient_accumulation=2");
        RunDirectory straight = NewRun(config), broken = NewRun(config);
        TinyRun.Train(straight, config);
        TinyRun.Train(broken, config.With("train_params.sample_steps=2"), stopAfter: 3);
        TinyRun.Train(broken, config, threads: 2);
        Assert.Equal(TinyRun.StateAfter(straight, 6), TinyRun.StateAfter(broken, 6));
    }

    [Theory]
    [InlineData("plain_unet", "down1.bn1")]
    [InlineData("simple_unet", "downs.0.bnorm1")]
    public void Statistics_move_with_every_batch_and_are_written_as_PyTorch_has_them(string type, string norm)
    {
        TrainConfig config = Config(type, 4, "train_params.gradient_accumulation=3");
        RunDirectory run = NewRun(config);
        TinyRun.Train(run, config);
        string folder = Path.Combine(run.CheckpointsPath, "step-00000004");
        foreach (string name in new[] { "weights", "ema" })
        {
            using SafetensorsFile file = SafetensorsFile.Read(Path.Combine(folder, $"{name}.safetensors"));
            SafetensorsEntry count = file[$"{norm}.num_batches_tracked"];
            Assert.Equal((SafetensorsType.I64, 0), (count.Type, count.Shape.Length));
            Assert.Equal([12], file.ReadIntegers(count.Name));
            Assert.DoesNotContain(0f, file.ReadFloats($"{norm}.running_mean"));
            Assert.DoesNotContain(1f, file.ReadFloats($"{norm}.running_var"));
        }
        using SafetensorsFile moments = SafetensorsFile.Read(Path.Combine(folder, "optimizer.safetensors"));
        Assert.DoesNotContain(moments.Names, name => name.Contains("running", StringComparison.Ordinal) || name.Contains("num_batches", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_count_of_batches_may_have_an_extent_or_be_missing(bool present)
    {
        var set = new ParameterSet();
        _ = new BatchNorm2d(set.Root, 2);
        set.Allocate(_device, 0);
        var writer = new SafetensorsWriter();
        foreach (string name in new[] { "weight", "bias", "running_mean", "running_var" }) writer.Add(name, [2], new float[] { 3, 4 });
        if (present) writer.Add("num_batches_tracked", [1], new long[] { 7 });
        writer.Write(_folder.Path("weights.safetensors"));
        ParameterFile.Read(_folder.Path("weights.safetensors"), set, ("", set.Values));
        Assert.Equal([present ? 7 : 0], set["num_batches_tracked"].ToTorch());
        Assert.Equal([3, 4], set["running_var"].ToTorch());
    }

    [Theory]
    [InlineData("plain_unet", "in_ch=0", "in_ch is 0; images have 1 to 1024.")]
    [InlineData("plain_unet", "im_size=[16,16,16]", "im_size is [16, 16, 16]; it must be one number, or [height, width], of 1 to 4096.")]
    [InlineData("plain_unet", "w=0", "w is 0; it must be 1 to 4096.")]
    [InlineData("plain_unet", "time_dim=7", "time_dim is 7; it must be even and at least 4, for sines and cosines.")]
    [InlineData("simple_unet", "image_channels=0", "image_channels is 0; images have 1 to 1024.")]
    [InlineData("simple_unet", "down_channels=[8]", "down_channels has 1 entry; it needs at least 2, for one down block, and at most 20.")]
    [InlineData("simple_unet", "down_channels=[8,-1]", "down_channels has -1; it must be 1 to 65536.")]
    [InlineData("simple_unet", "time_emb_dim=2", "time_emb_dim is 2; it must be even and at least 4, for sines and cosines.")]
    [InlineData("residual_unet", "input_channels=1025", "input_channels is 1025; images have 1 to 1024.")]
    [InlineData("residual_unet", "base_channels=12", "base_channels is 12; it must be a multiple of 8, the groups of the norms.")]
    [InlineData("residual_unet", "base_channels_multiples=[]", "base_channels_multiples has 0 entries; it must have 1 to 20.")]
    [InlineData("residual_unet", "base_channels_multiples=[1,9000]",
        "base_channels_multiples has 9000; it must be at least 1, and at most 8192 for widths up to 65536.")]
    [InlineData("residual_unet", "apply_attention=[true]", "apply_attention has 1 entry for 2 levels; give one for each of base_channels_multiples.")]
    [InlineData("residual_unet", "num_res_blocks=0", "num_res_blocks is 0; it must be at least 1.")]
    [InlineData("residual_unet", "dropout_rate=1", "dropout_rate is 1; it must be at least 0 and below 1.")]
    [InlineData("residual_unet", "time_multiple=0", "time_multiple is 0; it must be 1 to 100.")]
    [InlineData("residual_unet", "total_time_steps=1", "total_time_steps is 1; it must be 2 to 100000.")]
    public void Values_that_make_no_network_are_told_under_their_keys(string type, string setting, string expected) => Assert.Equal(
        $"--set model_params.{setting}: model_params.{expected}",
        Assert.Throws<InvalidDataException>(() => TrainConfig.Parse(Tiny[type]).With($"model_params.{setting}")).Message);

    [Fact]
    public void More_timesteps_than_the_table_has_rows_are_refused() => Assert.Equal(
        "--set diffusion_params.num_timesteps=11: diffusion_params.num_timesteps is 11, but the network knows 10; "
            + "raise model_params.total_time_steps, or lower num_timesteps.",
        Assert.Throws<InvalidDataException>(() => TrainConfig.Parse(Tiny["residual_unet"]).With("diffusion_params.num_timesteps=11")).Message);
}
