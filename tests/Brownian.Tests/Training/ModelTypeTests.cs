using System.Runtime.CompilerServices;
using Brownian.Tensors;

namespace Brownian.Tests;

public sealed class ModelTypeTests : IDisposable
{
    const string TinyUNet2D = """
        model_params:
          sample_size: 8
          in_channels: 1
          out_channels: 1
          block_out_channels: [8, 8]
          down_block_types: [DownBlock2D, AttnDownBlock2D]
          up_block_types: [AttnUpBlock2D, UpBlock2D]
          layers_per_block: 1
          norm_num_groups: 4
          dropout: 0.1
          type: unet2d
        """;

    readonly ScratchFolder _folder = new();
    readonly Device _device = Device.Cpu(1);

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    public static TheoryData<string> Types => [.. NetworkType.All.Select(type => type.Name)];

    [Theory]
    [MemberData(nameof(Types))]
    public void Every_type_is_chosen_by_its_name_and_written_so_that_it_reads_back(string name)
    {
        TrainConfig config = (TrainConfig.Default with { Diffusion = new() }).With($"model_params.type={name}");
        Assert.Equal(name, config.Model.Type);
        Assert.Equal(config, TrainConfig.Parse(config.ToYaml()));

        var description = new ModelDescription { Model = config.Model, Diffusion = config.Diffusion };
        File.WriteAllBytes(_folder.Path("model.json"), description.ToJson());
        Assert.Equal(description, ModelDescription.Read(_folder.Path("model.json")).Description);
    }

    [Fact]
    public void The_initial_values_are_the_networks_that_the_types_are_named_after()
    {
        Assert.Equal(10_188_081, new TutorialUNetOptions().CreateNetwork(_device).Parameters.Count);
        Assert.Equal(35_746_307, new UNet2DOptions().CreateNetwork(_device).Parameters.Count);
        Assert.Equal(31_800_259, new PlainUNet(new PlainUNetOptions()).Parameters.Count);
        Assert.Equal(25_636_483, new ResidualUNet(new ResidualUNetOptions()).Parameters.Count);
        Assert.Equal(62_438_883, new SimpleUNet(new SimpleUNetOptions()).Parameters.Count);
    }

    [Fact]
    public void The_type_may_be_named_after_its_keys_and_a_type_that_is_named_again_changes_nothing()
    {
        TrainConfig config = TrainConfig.Parse(TinyUNet2D);
        var model = Assert.IsType<UNet2DOptions>(config.Model);
        Assert.Equal((8, 8, 1, 0.1), (model.Height, model.Width, model.Channels, model.Dropout));
        Assert.Equal(config, config.With("model_params.type=unet2d"));
        Assert.Equal(new TutorialUNetOptions(), config.With("model_params.type=tutorial_unet").Model);
    }

    [Theory]
    [InlineData("model_params:\n  im_size: 8\n  type: unet2d",
        ":2:3: unknown key 'im_size' in model_params of type unet2d; there are type, self_condition, sample_size, ")]
    [InlineData("model_params:\n  sample_size: 8", ":2:3: unknown key 'sample_size' in model_params of type tutorial_unet; there are type, self_condition, im_channels, ")]
    [InlineData("model_params:\n  type: unet2", ":2:9: model_params.type is 'unet2'; did you mean 'unet2d'?")]
    [InlineData("model_params:\n  type: 3", ":2:9: model_params.type is '3'; there are tutorial_unet, unet2d")]
    [InlineData("model_params:\n  type: [unet2d]", ":2:9: model_params.type must be a text, not a list.")]
    public void A_key_of_another_type_and_an_unknown_type_are_errors_that_name_it(string yaml, string expected) => Assert.StartsWith(
        $"configuration{expected}", Assert.Throws<InvalidDataException>(() => TrainConfig.Parse(yaml)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("sample_size=[8,8,8]", "sample_size is [8, 8, 8]; it must be one number, or [height, width], of 1 to 4096.")]
    [InlineData("in_channels=0", "in_channels is 0; images have 1 to 1024.")]
    [InlineData("out_channels=3", "out_channels is 3; it must be in_channels, 1, or twice that for a learned variance.")]
    [InlineData("block_out_channels=[8,10]", "block_out_channels has 10; it must be at least 2 and a multiple of norm_num_groups, 4.")]
    [InlineData("block_out_channels=[]", "block_out_channels has 0 entries; it must have 1 to 20.")]
    [InlineData("down_block_types=[DownBlock2D]", "down_block_types has 1 entry for 2 levels; give one for each of block_out_channels.")]
    [InlineData("up_block_types=[UpBlock2D,DownBlock2D]", "up_block_types has 'DownBlock2D'; there are UpBlock2D, AttnUpBlock2D, ResnetUpsampleBlock2D, SkipUpBlock2D.")]
    [InlineData("attention_head_dim=3", "attention_head_dim is 3, which does not divide 8, one of block_out_channels.")]
    [InlineData("norm_num_groups=0", "norm_num_groups is 0; it must be at least 1.")]
    [InlineData("norm_eps=0", "norm_eps is 0; it must be above 0 and below 1.")]
    [InlineData("act_fn=tanh", "act_fn is 'tanh'; there are silu, swish (the same), mish, gelu and relu.")]
    [InlineData("downsample_padding=2", "downsample_padding is 2; it must be 0 or 1.")]
    [InlineData("freq_shift=4", "freq_shift is 4; it must be at least 0 and below half of the first of block_out_channels, 8.")]
    [InlineData("dropout=1", "dropout is 1; it must be at least 0 and below 1.")]
    [InlineData("num_class_embeds=0", "num_class_embeds is 0; it must be at least 1.")]
    [InlineData("mid_block_type=UnCLIPUNetMidBlock2D", "mid_block_type is 'UnCLIPUNetMidBlock2D'; there is UNetMidBlock2D.")]
    [InlineData("mid_block_scale_factor=0", "mid_block_scale_factor is 0; it must be above 0.")]
    [InlineData("attn_norm_num_groups=3", "attn_norm_num_groups is 3; it must be at least 1 and divide 8, the last of block_out_channels.")]
    [InlineData("down_block_types=[SkipDownBlock2D,DownBlock2D]",
        "down_block_types has SkipDownBlock2D, which knows images of 3 channels only; in_channels and out_channels are 1 and 1.")]
    [InlineData("class_embed_type=timestep", "class_embed_type is 'timestep'; there is null, for learned rows.")]
    [InlineData("num_train_timesteps=0", "num_train_timesteps is 0; it must be 1 to 1000000.")]
    [InlineData("time_embedding_dim=1", "time_embedding_dim is 1; it must be at least 2.")]
    [InlineData("layers_per_block=0", "layers_per_block is 0; it must be at least 1.")]
    public void Values_of_unet2d_that_make_no_network_are_told_under_their_keys(string setting, string expected) => Assert.Equal(
        $"--set model_params.{setting}: model_params.{expected}",
        Assert.Throws<InvalidDataException>(() => TrainConfig.Parse(TinyUNet2D).With($"model_params.{setting}")).Message);

    [Fact]
    public void A_unet2d_is_trained_resumed_and_sampled_like_any_other()
    {
        TrainConfig config = TinyRun.Config with { Model = TrainConfig.Parse(TinyUNet2D).Model };
        RunDirectory whole = RunDirectory.Create(_folder.Path("runs"), config), cut = RunDirectory.Create(_folder.Path("runs"), config);
        TinyRun.Train(whole, config);
        TinyRun.Train(cut, config, stopAfter: 5);
        TinyRun.Train(cut, config, threads: 2);
        Assert.Equal(TinyRun.StateAfter(whole, 12), TinyRun.StateAfter(cut, 12));

        DiffusionModel model = ModelFolder.Open(whole.ModelPath, _device);
        Assert.Equal(config.Model, model.Description.Model);
        Assert.Equal(2, new ImageSampler(model).Sample(new SampleOptions { Count = 2 }, cancel: TestContext.Current.CancellationToken).Images.Count);
    }

    [Fact]
    public void A_learned_time_embedding_has_a_row_for_each_timestep() => Assert.EndsWith(
        "diffusion_params.num_timesteps is 1000, but the network knows 50; raise model_params.num_train_timesteps, or lower num_timesteps.",
        Assert.Throws<InvalidDataException>(() => TrainConfig.Parse(TinyUNet2D).With(
            "model_params.num_train_timesteps=50", "model_params.time_embedding_type=learned")).Message,
        StringComparison.Ordinal);

    [Theory]
    [InlineData("resnet_time_scale_shift=ada_group", "resnet_time_scale_shift must be default or scale_shift, not 'ada_group'.")]
    [InlineData("downsample_type=pool", "downsample_type must be conv or resnet, not 'pool'.")]
    [InlineData("time_embedding_type=adm", "time_embedding_type must be positional or fourier or learned, not 'adm'.")]
    public void Names_that_there_are_not_are_refused_with_those_that_there_are(string setting, string expected) => Assert.Equal(
        $"--set model_params.{setting}: model_params.{expected}",
        Assert.Throws<InvalidDataException>(() => TrainConfig.Parse(TinyUNet2D).With($"model_params.{setting}")).Message);

    [Theory]
    [InlineData("model_params.out_channels is 2; to be trained it must be in_channels, 1, unless diffusion_params.variance is learned or learned_range.",
        "out_channels=2")]
    [InlineData("model_params.num_class_embeds is 7, but the images have 10 classes (*); set it to 10, or remove it and set train_params.class_conditional to true.",
        "sample_size=12", "num_class_embeds=7")]
    [InlineData("model_params.time_embedding_type is fourier, for times above 0; training counts them from 0, so use positional.",
        "time_embedding_type=fourier")]
    [InlineData("model_params.sample_size is [8,16], but the images are 12×12 pixels (*); set model_params.sample_size=12.", "sample_size=[8,16]")]
    [InlineData("model_params.in_channels is 3, but the images have 1 (*); set model_params.in_channels=1 and model_params.out_channels=1.",
        "sample_size=12", "in_channels=3", "out_channels=3")]
    public void What_cannot_be_trained_is_told_before_it_begins(string expected, params string[] settings)
    {
        TrainConfig config = TrainConfig.Parse(TinyUNet2D).With(settings.Select(setting => $"model_params.{setting}"));
        var digits = new DrawnDigits(64, size: 12);
        string message = Assert.Throws<InvalidDataException>(() => ConfiguredDataset.Check(digits, config)).Message;
        Assert.Equal(expected.Replace("*", digits.Description, StringComparison.Ordinal), message);
    }

    [Fact]
    public void The_configurations_in_the_repository_are_valid()
    {
        string folder = Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", "..", "..", "configs");
        Assert.NotEmpty(Directory.GetFiles(folder, "*.yaml"));
        foreach (string path in Directory.GetFiles(folder, "*.yaml"))
        {
            TrainConfig.Load(path).Validate();
            // The program's own copy is the file itself.
            Assert.Equal(File.ReadAllText(path), Presets.Text(Path.GetFileNameWithoutExtension(path)));
        }
        Assert.Equal(Directory.GetFiles(folder, "*.yaml").Length, Presets.Names.Count);
    }

    [Theory]
    [InlineData("tutorial-mnist", 10_188_081)]
    [InlineData("plain-cifar10", 31_800_259)]
    [InlineData("residual-flowers", 25_636_483)]
    [InlineData("simple-cars", 62_438_883)]
    [InlineData("cifar10-paper", 35_746_307)]
    public void The_presets_of_tutorials_have_their_networks(string preset, long parameters)
    {
        // Traced: counted without the memory.
        using Device device = new TracingDevice();
        Assert.Equal(parameters, Presets.Load(preset).Model.CreateNetwork(device).Parameters.Count);
    }

    static string ThisFile([CallerFilePath] string path = "") => path;
}
