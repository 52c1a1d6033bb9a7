namespace Brownian.Tests;

public sealed class TrainConfigTests : IDisposable
{
    // The layout of the tutorial's own file: spaces before colons, flow lists, capitalised flags, quoted texts.
    const string Tutorial = """
        dataset_params:
          im_path: 'data/train/images'

        diffusion_params:
          num_timesteps : 1000
          beta_start : 0.0001
          beta_end : 0.02

        model_params:
          im_channels : 1
          im_size : 28
          down_channels : [32, 64, 128, 256]
          mid_channels : [256, 256, 128]
          down_sample : [True, True, False]
          time_emb_dim : 128
          num_down_layers : 2
          num_mid_layers : 2
          num_up_layers : 2
          num_heads : 4

        train_params:
          task_name: 'default'
          batch_size: 64
          num_epochs: 40
          num_samples : 100
          num_grid_rows : 10
          lr: 0.0001
          ckpt_name: 'ddpm_ckpt.pth'
        """;

    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_new_configuration_is_the_tutorials_file()
    {
        TrainConfig read = TrainConfig.Load(_folder.Write("default.yaml", Tutorial));
        TrainConfig made = new() { Dataset = new() { ImagePath = "data/train/images" }, Train = new() { Epochs = 40 } };
        Assert.Equal(made, read);
    }

    [Theory]
    [InlineData("seed_unet/small/config.yaml", 28, 1, "[16, 16, 16, 24]")]
    [InlineData("seed_unet/small2/config.yaml", 16, 3, "[16, 16, 16]")]
    public void Files_in_the_tutorials_format_load_as_they_are(string file, int size, int channels, string down)
    {
        TrainConfig config = TrainConfig.Load(Fixtures.Golden(file));
        var model = Assert.IsType<TutorialUNetOptions>(config.Model);
        Assert.Equal((size, channels, down), (model.Height, model.ImChannels, model.DownChannels.ToString()));
        Assert.Equal(40, config.Train.EpochsOrDefault);
    }

    [Fact]
    public void The_resolved_file_reads_back_to_an_equal_configuration()
    {
        TrainConfig[] configs =
        [
            TrainConfig.Default,
            new() { Train = new() { Epochs = 40, TaskName = "it-s", Seed = ulong.MaxValue, LearningRate = 1.0 / 3 } },
            new()
            {
                Dataset = new() { ImagePath = "a 'quoted': path # with signs", ImageChannels = 3, Limit = 7, HorizontalFlip = true },
                Model = new UNet2DOptions(),
                Train = new() { Epochs = 40 },
            },
            new()
            {
                Dataset = new()
                {
                    Resize = ResizeMode.None, Interpolation = ResizeFilter.Lanczos, Crop = CropMode.Random, HorizontalFlip = false,
                    Cache = CacheMode.Disk, Strict = true,
                },
                Diffusion = new() { BetaSchedule = BetaSchedule.ScaledLinear, Variance = ReverseVariance.Large, ClipSample = false },
                Train = new() { Steps = 5_000_000_000, Optimizer = OptimizerKind.AdamW, Betas = [0.95, 0.999] },
            },
        ];
        foreach (TrainConfig config in configs)
        {
            TrainConfig back = TrainConfig.Parse(config.ToYaml());
            Assert.Equal(config, back);
            Assert.Equal(config.Hash(), back.Hash());
        }
        Assert.NotEqual(configs[0].Hash(), configs[1].Hash());
    }

    [Theory]
    [InlineData("train_params:\n  btach_size: 3", ":2:3: unknown key 'btach_size' in train_params; did you mean 'batch_size'?")]
    [InlineData("trian_params:\n  lr: 3", ":1:1: unknown section 'trian_params'; did you mean 'train_params'?")]
    [InlineData("train_params:\n  lr: 1\n  lr: 2", ":3:3: Duplicate key lr.")]
    [InlineData("train_params:\n  lr: 1\ntrain_params:\n  lr: 2", ":3:1: Duplicate key train_params.")]
    [InlineData("train_params:\n  batch_size: many", ":2:15: train_params.batch_size must be a whole number, not 'many'.")]
    [InlineData("train_params:\n  batch_size: 2.5", ":2:15: train_params.batch_size must be a whole number, not '2.5'.")]
    [InlineData("train_params:\n  batch_size: '64'", ":2:15: train_params.batch_size must be a whole number, not '64'.")]
    [InlineData("train_params:\n  batch_size: 99999999999", ":2:15: train_params.batch_size must be a whole number, not '99999999999'.")]
    [InlineData("train_params:\n  batch_size:", ":2:14: train_params.batch_size has no value; give one or remove the key.")]
    [InlineData("train_params:\n  batch_size: [1]", ":2:15: train_params.batch_size must be a whole number, not a list.")]
    [InlineData("train_params:\n  lr: .nan", ":2:7: train_params.lr must be a number, not '.nan'.")]
    [InlineData("train_params:\n  seed: -1", ":2:9: train_params.seed must be a whole number from 0 to 2^64-1, not '-1'.")]
    [InlineData("train_params:\n  optimizer: sgd", ":2:14: train_params.optimizer must be adam or adamw or muon or schedule_free, not 'sgd'.")]
    [InlineData("train_params:\n  ema_warmup: yes", ":2:15: train_params.ema_warmup must be true or false, not 'yes'.")]
    [InlineData("model_params:\n  down_channels: 32", ":2:18: model_params.down_channels must be a list such as [1, 2], not '32'.")]
    [InlineData("model_params:\n  down_channels: [32, x]", ":2:18: model_params.down_channels must be a whole number, not 'x'.")]
    [InlineData("- train_params", ":1:1: a configuration must be a mapping of 'key: value' lines.")]
    [InlineData("train_params: 3", ":1:15: train_params must be a mapping of 'key: value' lines.")]
    [InlineData("train_params:\n  lr: 1\n---\ntrain_params:\n  lr: 1", ":4:1: a second document begins; keep one.")]
    [InlineData("train_params:\n  task_name: ../up", ":2:14: train_params.task_name is '../up'; use letters, digits, '.', '-' and '_', at most 100 of them.")]
    [InlineData("train_params:\n  num_steps: 3\n  num_epochs: 3", ":2:14: train_params.num_steps and num_epochs are both given; give one.")]
    [InlineData("train_params:\n  num_minutes: 3\n  num_epochs: 3", ":2:16: train_params.num_minutes and num_epochs are both given; give one.")]
    [InlineData("train_params:\n  num_minutes: 0", ":2:16: train_params.num_minutes is 0; it must be 0.1 to 10,000 minutes.")]
    [InlineData("diffusion_params:\n  beta_start: 0.5", "configuration: diffusion_params.beta_end is 0.02, below beta_start, which is 0.5; noise must grow.")]
    public void What_is_wrong_is_told_with_its_place(string yaml, string expected)
    {
        string message = Assert.Throws<InvalidDataException>(() => TrainConfig.Parse(yaml)).Message;
        Assert.Equal(expected[0] == ':' ? "configuration" + expected : expected, message);
    }

    [Fact]
    public void A_length_takes_the_place_of_one_in_another_unit()
    {
        var config = TrainConfig.Parse("train_params: {num_minutes: 40}");
        Assert.Equal((null, null, 40.0), (config.Train.Steps, config.Train.Epochs, config.Train.Minutes));
        Assert.DoesNotContain("num_epochs", config.ToYaml(), StringComparison.Ordinal);
        Assert.Equal((5L, null, null), Length(config.With("train_params.num_steps=5")));
        Assert.Equal((null, 2, null), Length(config.With("train_params.num_steps=5", "train_params.num_epochs=2")));
        Assert.Equal((null, null, 0.5), Length(config.With("train_params.num_epochs=2", "train_params.num_minutes=0.5")));

        static (long?, int?, double?) Length(TrainConfig config) => (config.Train.Steps, config.Train.Epochs, config.Train.Minutes);
    }

    [Theory]
    [InlineData("train_params: {lr: 1")]
    [InlineData("train_params:\n\tlr: 1")]
    [InlineData("train_params: *nobody")]
    [InlineData("\"")]
    [InlineData("a: b: c")]
    [InlineData("%YAML 9.9\n---\na: 1")]
    public void Broken_yaml_is_an_error_with_a_line_and_a_column(string yaml) =>
        Assert.Matches(@"^configuration:\d+:\d+: \S[^\n]*$", Assert.Throws<InvalidDataException>(() => TrainConfig.Parse(yaml)).Message);

    [Fact]
    public void Deep_nesting_is_an_error_and_no_stack_overflow()
    {
        string yaml = "train_params: " + new string('[', 200_000);
        Assert.Contains("nested more than",
            Assert.Throws<InvalidDataException>(() => TrainConfig.Parse(yaml)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_that_cannot_be_read_are_named()
    {
        string missing = _folder.Path("missing.yaml");
        Assert.StartsWith(missing, Assert.Throws<FileNotFoundException>(() => TrainConfig.Load(missing)).Message, StringComparison.Ordinal);
        Assert.StartsWith(_folder.Root,
            Assert.Throws<InvalidDataException>(() => TrainConfig.Load(_folder.Root)).Message, StringComparison.Ordinal);
        string binary = _folder.Path("binary.yaml");
        File.WriteAllBytes(binary, [0x61, 0xFF, 0xFE, 0x00]);
        Assert.Equal($"{binary}: not UTF-8 text (byte 1).", Assert.Throws<InvalidDataException>(() => TrainConfig.Load(binary)).Message);
    }

    [Fact]
    public void Any_bytes_are_read_or_refused_with_a_message()
    {
        const string Odd = "\0\n\t :-[]{}'\"#&*!|>%@`,?~é\u2028";
        var random = new Random(1);
        for (int trial = 0; trial < 300; trial++)
        {
            char[] text = Tutorial.ToCharArray();
            for (int hit = 0; hit < 3; hit++) text[random.Next(text.Length)] = Odd[random.Next(Odd.Length)];
            try
            {
                TrainConfig.Parse(new string(text, 0, random.Next(text.Length)));
            }
            catch (InvalidDataException e)
            {
                Assert.StartsWith("configuration", e.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void Overrides_go_through_the_same_checks_and_the_last_one_wins()
    {
        string path = _folder.Write("default.yaml", Tutorial);
        TrainConfig config = TrainConfig.Load(path, ["train_params.lr=2e-4", "model_params.down_channels=[8,16,24,32]", "model_params.mid_channels=[32,24]", "train_params.lr=3e-4", "dataset_params.im_path=digits"]);
        Assert.Equal(3e-4, config.Train.LearningRate);
        Assert.Equal(config, config.With("lr=3e-4", "type=tutorial_unet", "num_heads=4"));
        Assert.Equal([8, 16, 24, 32], Assert.IsType<TutorialUNetOptions>(config.Model).DownChannels);
        Assert.True(config.Dataset.IsBuiltIn);

        (string Option, string Message)[] wrong =
        [
            ("train_params.lr", "write it as section.key=value"),
            ("learning_rate=3", "no section has a key 'learning_rate'; did you mean train_params.lr?"),
            ("im_channels=3", "dataset_params and model_params both have im_channels; say which, such as dataset_params.im_channels."),
            ("leaning=3", "no section has a key 'leaning'."),
            ("diffusion_params.lr=3", "unknown key 'lr' in diffusion_params; did you mean train_params.lr?"),
            ("train.lr=3", "unknown section 'train'; did you mean 'train_params'"),
            ("train_params.learning=3", "unknown key 'learning'"),
            ("train_params.lr=fast", "train_params.lr must be a number, not 'fast'."),
            ("train_params.lr=-1", "train_params.lr is -1; it must be above 0 and below 100, such as 1e-3."),
            ("train_params.lr=[", "--set train_params.lr=[: "),
        ];
        foreach ((string option, string message) in wrong)
        {
            string told = Assert.Throws<InvalidDataException>(() => TrainConfig.Load(path, [option])).Message;
            Assert.StartsWith($"--set {option}: ", told, StringComparison.Ordinal);
            Assert.Contains(message, told, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_hash_covers_what_decides_the_weights_and_nothing_else()
    {
        string hash = TrainConfig.Default.Hash();
        foreach (string same in (string[])["train_params.threads=1", "train_params.checkpoint_steps=7", "train_params.task_name=x", "diffusion_params.variance=large"])
            Assert.Equal(hash, TrainConfig.Default.With(same).Hash());
        foreach (string other in (string[])["train_params.seed=1", "train_params.num_steps=7", "train_params.lr=1", "model_params.layers_per_block=2", "dataset_params.count=7"])
            Assert.NotEqual(hash, TrainConfig.Default.With(other).Hash());
        TrainConfig constant = TrainConfig.Default.With("train_params.lr_schedule=constant");
        Assert.Equal(constant.Hash(), constant.With("train_params.num_steps=7").Hash());
    }

    [Fact]
    public void A_length_in_steps_takes_the_place_of_one_in_epochs()
    {
        TrainConfig steps = TrainConfig.Load(_folder.Write("default.yaml", Tutorial), ["train_params.num_steps=7"]);
        Assert.Equal((7L, null), (steps.Train.Steps, steps.Train.Epochs));
        TrainConfig epochs = TrainConfig.Default.With("train_params.num_epochs=3");
        Assert.Equal((null, 3), (epochs.Train.Steps, epochs.Train.Epochs));
        Assert.Equal(epochs, TrainConfig.Parse(epochs.ToYaml()));
    }

    [Fact]
    public void Records_made_in_code_are_checked_by_the_same_rules() => Assert.Equal(
        "train_params.batch_size is 0; it must be at least 1.",
        Assert.Throws<ArgumentException>(() => new TrainConfig { Train = new() { BatchSize = 0 } }.Validate()).Message);
}
