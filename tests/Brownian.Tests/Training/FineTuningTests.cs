using Brownian.Tensors;

namespace Brownian.Tests;

public sealed class FineTuningTests : IDisposable
{
    readonly ScratchFolder _folder = new();
    readonly Device _device = Device.Cpu(1);

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    /// <summary>A learning rate that moves no weight: what a step leaves is what it started from.</summary>
    const string Still = "train_params.lr=1e-30";

    RunDirectory Trained(TrainConfig config, long? stopAfter = null, Action<TrainProgress>? tell = null)
    {
        RunDirectory run = RunDirectory.Create(_folder.Path("runs"), config);
        TinyRun.Train(run, config, stopAfter, tell: tell);
        return run;
    }

    static TrainConfig From(TrainConfig config, string path, params string[] overrides) =>
        config.With([$"train_params.from='{path}'", "train_params.seed=9", "train_params.lr_schedule=constant", "train_params.lr_warmup_steps=0", .. overrides]);

    float[] Weights(RunDirectory run, long step, string file = CheckpointStore.WeightsName)
    {
        DiffusionModel model = DiffusionModel.Load(ModelDescription.Of(run.Config), Path.Combine(new CheckpointStore(run.CheckpointsPath).PathOf(step), file), _device);
        return model.Network.Parameters.Values.ToArray();
    }

    [Fact]
    public void Weights_and_average_start_as_those_of_any_model_that_can_be_sampled_from()
    {
        RunDirectory source = Trained(TinyRun.UNet2D);
        DiffusionModel model = ModelFolder.Open(source.FullPath, _device);
        string diffusers = _folder.Path("diffusers"), torch = _folder.Path("torch");
        ModelFolder.Export(diffusers, model, "diffusers");
        ModelFolder.Export(torch, model, "pth");
        float[] expected = model.Network.Parameters.Values.ToArray();
        Assert.Equal(Weights(source, 12, CheckpointStore.AverageName), expected);
        Assert.NotEqual(Weights(source, 12), expected);
        foreach (string path in (string[])[source.FullPath, source.ModelPath, new CheckpointStore(source.CheckpointsPath).PathOf(12), diffusers, torch])
        {
            List<TrainProgress> told = [];
            RunDirectory run = Trained(From(TinyRun.UNet2D, path, Still), stopAfter: 1, told.Add);
            Assert.Equal(expected, Weights(run, 1));
            Assert.Equal(expected, Weights(run, 1, CheckpointStore.AverageName));
            Assert.Equal(new StartedFrom(path, path == diffusers || path == torch ? 0 : 12, 1), Assert.Single(told.OfType<TrainProgress.Started>()).From);
            // diffusers and the tutorials' files do not say all of how a model was trained.
            if (path != diffusers) Assert.Empty(told.OfType<TrainProgress.Warning>());
        }
    }

    [Fact]
    public void One_checkpoint_of_a_run_is_a_model_too()
    {
        RunDirectory source = Trained(TinyRun.Config);
        string path = new CheckpointStore(source.CheckpointsPath).PathOf(8);
        DiffusionModel model = ModelFolder.Open(path, _device);
        Assert.Equal(8, model.Description.Step);
        Assert.Equal(Weights(source, 8, CheckpointStore.AverageName), model.Network.Parameters.Values.ToArray());
        Directory.Move(path, _folder.Path("alone"));
        Assert.Contains("alone: a checkpoint without its run",
            Assert.Throws<InvalidDataException>(() => ModelFolder.Open(_folder.Path("alone"), _device)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Resuming_needs_the_model_no_more_and_continues_bit_for_bit()
    {
        RunDirectory source = Trained(TinyRun.Config);
        TrainConfig config = From(TinyRun.Config, source.ModelPath, "train_params.ema_snapshots=3");
        RunDirectory straight = Trained(config), broken = Trained(config, stopAfter: 5);
        Directory.Delete(source.FullPath, recursive: true);
        List<TrainProgress> told = [];
        TinyRun.Train(RunDirectory.Open(broken.FullPath), config, tell: told.Add);      // as a caller has it who knows no hash
        Assert.Equal(TinyRun.StateAfter(straight, 12), TinyRun.StateAfter(broken, 12));
        Assert.Null(Assert.Single(told.OfType<TrainProgress.Started>()).From);
        Assert.Empty(told.OfType<TrainProgress.Warning>());
        Assert.Equal(straight.Config, RunDirectory.Open(broken.FullPath).Config);
        Assert.Throws<DirectoryNotFoundException>(() => Trained(config));
    }

    [Fact]
    public void A_run_repeats_from_the_same_weights_wherever_they_are_and_from_no_others()
    {
        RunDirectory source = Trained(TinyRun.Config);
        RunDirectory run = Trained(From(TinyRun.Config, source.ModelPath));
        string hash = ModelFolder.Open(source.ModelPath, _device).Hash;
        Assert.Contains($"from_hash: '{hash}'", File.ReadAllText(run.ConfigPath), StringComparison.Ordinal);
        Directory.Move(source.ModelPath, _folder.Path("moved"));
        TrainConfig moved = run.Config with { Train = run.Config.Train with { From = _folder.Path("moved") } };
        RunDirectory again = Trained(moved);
        Assert.Equal(TinyRun.StateAfter(run, 12), TinyRun.StateAfter(again, 12));
        Assert.Equal(run.Config.Hash(), again.Config.Hash());
        Assert.NotEqual(run.Config.Hash(), From(TinyRun.Config, "").Hash());

        ModelFolder.Save(_folder.Path("moved"), ModelFolder.Open(run.FullPath, _device), overwrite: true);
        Assert.Contains("moved: these are not the weights that train_params.from_hash stands for",
            Assert.Throws<InvalidDataException>(() => Trained(moved)).Message, StringComparison.Ordinal);
        Assert.Equal("", moved.With($"train_params.from={_folder.Path("moved")}").Train.FromHash);    // who names it anew wants what is there
    }

    [Fact]
    public void Sealed_before_the_run_its_configuration_is_written_once()
    {
        RunDirectory source = Trained(TinyRun.Config);
        TrainConfig config = FineTuning.Sealed(From(TinyRun.Config, source.FullPath));
        Assert.Equal(ModelFolder.Open(source.FullPath, _device).Hash, config.Train.FromHash);
        Assert.Single(Directory.EnumerateFiles(Trained(config, stopAfter: 1).FullPath, "config*.yaml"));
        Assert.Same(TinyRun.Config, FineTuning.Sealed(TinyRun.Config));
    }

    [Fact]
    public void What_differs_starts_fresh_and_is_named_with_both_shapes()
    {
        RunDirectory source = Trained(TinyRun.UNet2D);
        TrainConfig other = From(TinyRun.UNet2D, source.FullPath, Still, "train_params.class_conditional=true", "model_params.in_channels=3", "model_params.out_channels=3",
            "model_params.sample_size=16", "diffusion_params.num_timesteps=20", "diffusion_params.prediction_type=v_prediction");
        List<TrainProgress> told = [];
        RunDirectory run = Trained(other, stopAfter: 1, told.Add);
        string[] warnings = [.. told.OfType<TrainProgress.Warning>().Select(warning => warning.Message)];
        Assert.Equal(3, warnings.Length);
        Assert.Contains("conv_in.weight [8, 3, 3, 3] (the model's is [8, 1, 3, 3])", warnings[0], StringComparison.Ordinal);
        Assert.Contains("class_embedding.weight [10, 32] (the model has none)", warnings[0], StringComparison.Ordinal);
        Assert.EndsWith("prediction_type is v_prediction, the model's epsilon; num_timesteps is 20, the model's 10.", warnings[1], StringComparison.Ordinal);
        Assert.EndsWith("it has seen images of 8×8 pixels only, and this network is for 16×16.", warnings[2], StringComparison.Ordinal);
        Assert.InRange(told.OfType<TrainProgress.Started>().Single().From!.Share, 0.9, 0.99);

        DiffusionModel mine = ModelFolder.Open(run.FullPath, _device), its = ModelFolder.Open(source.FullPath, _device);
        IDenoisingNetwork fresh = mine.Description.Model.CreateNetwork(_device, seed: 9);
        foreach (Nn.Parameter parameter in mine.Network.Parameters)
        {
            bool isFresh = parameter.Name is "conv_in.weight" or "conv_out.weight" or "conv_out.bias" or "class_embedding.weight";
            Assert.Equal((isFresh ? fresh : its.Network).Parameters[parameter.Name].ToTorch(), parameter.ToTorch());
        }
        // And back: the classes are left out.
        told.Clear();
        Trained(From(TinyRun.UNet2D, run.FullPath), stopAfter: 1, told.Add);
        Assert.Contains(told.OfType<TrainProgress.Warning>(), warning => warning.Message.EndsWith("left out are 1 of its tensors: class_embedding.weight [10, 32].", StringComparison.Ordinal));
    }

    [Fact]
    public void A_network_that_nothing_fits_is_an_error()
    {
        RunDirectory source = Trained(TinyRun.UNet2D);
        Assert.Contains("none of its weights fit the network: it is of type unet2d, the network of tutorial_unet",
            Assert.Throws<InvalidDataException>(() => Trained(From(TinyRun.Config, source.FullPath))).Message, StringComparison.Ordinal);
        TrainConfig wider = From(TinyRun.UNet2D, source.FullPath, "model_params.block_out_channels=[16,16]");
        Assert.Contains("both are of type unet2d, but of other widths", Assert.Throws<InvalidDataException>(() => FineTuning.Sealed(wider)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_preset_a_run_gives_everything_and_a_model_its_network_and_diffusion()
    {
        TrainConfig config = TinyRun.UNet2D.With("diffusion_params.prediction_type=v_prediction", "train_params.loss=l1");
        RunDirectory source = Trained(config);
        FineTuning own = FineTuning.For(source.FullPath);
        Assert.Equal(config with { Train = config.Train with { From = source.FullPath } }, own.Config);

        for (int i = 0; i < 5; i++) _folder.Write($"gray/{i}.png", PngBytes.File(8, 1, [.. Enumerable.Repeat((byte)(40 * i), 64)]));
        string images = $"dataset_params.im_path={_folder.Path("gray")}";
        TrainConfig run = FineTuning.For(source.FullPath, images).Config;
        Assert.Equal((LossOp.Absolute, "gray", 4), (run.Train.Loss, run.Train.TaskName, run.Train.BatchSize));
        TrainConfig model = FineTuning.For(source.ModelPath, images).Config;
        Assert.Equal((config.Model, config.Diffusion), (model.Model, model.Diffusion));
        Assert.Equal((TrainConfig.Default.Train.LearningRate, "gray", 5, source.ModelPath),
            (model.Train.LearningRate, model.Train.TaskName, model.Train.BatchSize, model.Train.From));
        Assert.Contains("a model without images to train on; add --data PATH", Assert.Throws<ArgumentException>(() => FineTuning.For(source.ModelPath)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Colours_that_a_model_cannot_have_are_an_error_that_says_both()
    {
        RunDirectory source = Trained(TinyRun.UNet2D);
        _folder.Write("colour/0.png", PngBytes.File(4, 3, [.. Enumerable.Range(0, 48).Select(i => (byte)(5 * i))]));
        string images = $"dataset_params.im_path={_folder.Path("colour")}";
        string message = Assert.Throws<ArgumentException>(() => FineTuning.For(source.FullPath, images)).Message;
        Assert.Contains("a model of 8×8 pixels with 1 channel, but those of colour (a folder of images) have 3", message, StringComparison.Ordinal);
        Assert.Contains("--set model_params.in_channels=3 --set model_params.out_channels=3", message, StringComparison.Ordinal);
        FineTuning.For(source.FullPath, images, "dataset_params.im_channels=1");
        FineTuning.For(source.FullPath, images, "model_params.in_channels=3", "model_params.out_channels=3");
    }

    [Fact]
    public void Classes_become_those_of_the_images()
    {
        TrainConfig told = TinyRun.UNet2D.With("train_params.class_conditional=true", "train_params.label_dropout=0.2", "sample_params.guidance_scale=2");
        RunDirectory source = Trained(told, stopAfter: 1);
        TinyRun.Train(source, told);
        for (int i = 0; i < 8; i++)
        {
            byte[] png = PngBytes.File(8, 1, [.. Enumerable.Repeat((byte)(30 * i), 64)]);
            _folder.Write($"classes/{(i < 4 ? "cat" : "dog")}/{i}.png", png);
            _folder.Write($"none/{i}.png", png);
        }
        TrainConfig classes = FineTuning.For(source.ModelPath, $"dataset_params.im_path={_folder.Path("classes")}").Config;
        Assert.Equal((true, 0.1, 2.0), (classes.Train.ClassConditional, classes.Train.LabelDropout, classes.Sampling.GuidanceScale));
        using (IImageDataset images = ConfiguredDataset.Open(classes, cancel: TestContext.Current.CancellationToken)) Assert.Equal(3, ConfiguredDataset.Fit(classes, images).Model.Classes);
        TrainConfig none = FineTuning.For(source.FullPath, $"dataset_params.im_path={_folder.Path("none")}").Config;
        Assert.Equal((false, 0.0, null, 0), (none.Train.ClassConditional, none.Train.LabelDropout, none.Sampling.GuidanceScale, none.Model.Classes));
        using (IImageDataset images = ConfiguredDataset.Open(none, cancel: TestContext.Current.CancellationToken)) Assert.Equal(8, images.Count);
    }

    [Fact]
    public void Embeddings_that_become_those_of_other_classes_are_a_warning()
    {
        RunDirectory source = Trained(TinyRun.UNet2D.With("train_params.class_conditional=true"));
        for (int i = 0; i < 10; i++) _folder.Write($"images/c{i}/0.png", PngBytes.File(8, 1, [.. Enumerable.Repeat((byte)(20 * i), 64)]));
        List<TrainProgress> told = [];
        Trained(From(TinyRun.UNet2D, source.FullPath, $"dataset_params.im_path={_folder.Path("images")}", "train_params.class_conditional=true"), stopAfter: 1, told.Add);
        Assert.Contains("its classes are 0; 1; 2; 3; 4; 5; and 4 more, those of the images c0; c1;",
            Assert.Single(told.OfType<TrainProgress.Warning>()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_budget_replaces_no_network_that_weights_were_found_for()
    {
        TrainConfig config = TrainConfig.Default with { Train = TrainConfig.Default.Train with { From = "model" } };
        var slow = new TrainPace { StepSeconds = 10, ImageSeconds = 1, CheckpointSeconds = 1 };
        Assert.Equal(config.Model, new TimeBudget(3).Spend(config, _ => slow, () => TimeSpan.Zero).Config.Model);
    }
}
