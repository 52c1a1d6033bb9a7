using Brownian.Imaging;
using Brownian.Tensors;

namespace Brownian.Tests;

public sealed class ClassConditionTests : IDisposable
{
    readonly ScratchFolder _folder = new();
    readonly Device _device = Device.Cpu(1);

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    static TrainConfig Tiny(params string[] settings) =>
        TinyRun.UNet2D.With(["train_params.num_steps=6", "train_params.sample_steps=6", .. settings]);

    static TrainConfig Conditional(params string[] settings) => Tiny(["train_params.class_conditional=true", .. settings]);

    DiffusionModel Trained(TrainConfig config)
    {
        RunDirectory run = RunDirectory.Create(_folder.Path("runs"), config);
        TinyRun.Train(run, config);
        return ModelFolder.Open(run.ModelPath, _device);
    }

    static byte[][] Draw(DiffusionModel model, SampleOptions options) =>
        [.. new ImageSampler(model).Sample(options, cancel: TestContext.Current.CancellationToken).Images.Select(image => image.Pixels)];

    [Theory]
    [InlineData(0, 10, "10 of the images")]
    [InlineData(0.25, 11, "10 of the images, and one for any image: 25% of labels are dropped")]
    public void The_network_gets_the_classes_of_the_images_and_one_for_dropped_labels(double dropout, int classes, string told)
    {
        TrainConfig config = Conditional($"train_params.label_dropout={dropout}");
        RunDirectory run = RunDirectory.Create(_folder.Path("runs"), config);
        List<TrainProgress> progress = [];
        TinyRun.Train(run, config, tell: progress.Add);
        Assert.Equal(told, progress.OfType<TrainProgress.Started>().Single().Classes);

        TrainConfig resolved = RunDirectory.Open(run.FullPath).Config;
        Assert.Equal((classes, true, dropout), (resolved.Model.Classes, resolved.Train.ClassConditional, resolved.Train.LabelDropout));
        foreach (string path in (string[])[run.ModelPath, run.FullPath])
        {
            DiffusionModel model = ModelFolder.Open(path, _device);
            Assert.Equal(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"], model.Description.Classes);
            Assert.Equal((classes, 10, dropout > 0 ? 10 : null), (model.Network.Classes, model.Classes, model.NoLabel));
        }
    }

    [Fact]
    public void A_cut_training_continues_bit_for_bit_and_threads_do_not_matter()
    {
        TrainConfig config = Conditional("train_params.label_dropout=0.5", "train_params.gradient_accumulation=2");
        RunDirectory whole = RunDirectory.Create(_folder.Path("runs"), config), cut = RunDirectory.Create(_folder.Path("runs"), config);
        TinyRun.Train(whole, config);
        TinyRun.Train(cut, config, stopAfter: 3);
        TinyRun.Train(cut, RunDirectory.Open(cut.FullPath).Config, threads: 2);
        Assert.Equal(TinyRun.StateAfter(whole, 6), TinyRun.StateAfter(cut, 6));
        TrainConfig other = Conditional("train_params.label_dropout=0.4", "train_params.gradient_accumulation=2");
        RunDirectory less = RunDirectory.Create(_folder.Path("runs"), other);
        TinyRun.Train(less, other);
        Assert.NotEqual(TinyRun.StateAfter(whole, 6), TinyRun.StateAfter(less, 6));
    }

    [Fact]
    public void An_image_depends_on_its_seed_and_its_class_alone()
    {
        DiffusionModel model = Trained(Conditional("train_params.label_dropout=0.2"));
        // Without a list the classes come in turn, that of an image by its seed.
        byte[][] inTurn = Draw(model, new() { Count = 12, BatchSize = 5 });
        Assert.Equal(inTurn[11], Draw(model, new() { Seeds = [11] })[0]);
        Assert.Equal(inTurn[11], Draw(model, new() { Seeds = [11], Classes = [1] })[0]);
        Assert.NotEqual(inTurn[11], Draw(model, new() { Seeds = [11], Classes = [2] })[0]);
        byte[][] guided = Draw(model, new() { Count = 12, BatchSize = 5, Guidance = 4 });
        Assert.Equal(guided[7], Draw(model, new() { Seeds = [7], Guidance = 4 })[0]);
        Assert.NotEqual(guided[7], inTurn[7]);
        Assert.Equal(inTurn, Draw(model, new() { Count = 12, Guidance = 1 }));
    }

    [Fact]
    public void Pictures_say_what_they_are_of()
    {
        DiffusionModel model = Trained(Conditional("train_params.label_dropout=0.2", "sample_params.guidance_scale=2"));
        SampledImages images = new ImageSampler(model).Sample(
            new() { Seeds = [4, 5], Classes = [7, 3] }, cancel: TestContext.Current.CancellationToken);
        Assert.Equal(["7", "3"], images.ClassNames);
        images.WriteEach(_folder.Path("each"));
        IReadOnlyDictionary<string, string> notes = Png.Read(_folder.Path("each/seed-5.png")).Text;
        Assert.Equal(("3", "2"), (notes["Class"], notes["Guidance scale"]));
        images.WriteGrid(_folder.Path("grid.png"));
        Assert.Equal("7, 3", Png.Read(_folder.Path("grid.png")).Text["Classes"]);
    }

    [Fact]
    public void What_a_model_was_not_trained_for_is_refused()
    {
        DiffusionModel labelled = Trained(Conditional()), plain = Trained(Tiny());
        Refuses("The model was never trained without labels (train_params.label_dropout was 0), so that it cannot be guided by 3; leave guidance at 1.",
            labelled, new() { Guidance = 3 });
        Refuses("There is no class 10; the model knows 0 to 9.", labelled, new() { Classes = [10] });
        Refuses("Sampling needs at least one class; there are none.", labelled, new() { Classes = [] });
        Refuses("The model was trained without classes, so that none can be asked for.", plain, new() { Classes = [0] });
        Refuses("The model was trained without classes, so that it cannot be guided by 3; leave guidance at 1.", plain, new() { Guidance = 3 });

        static void Refuses(string expected, DiffusionModel model, SampleOptions options) =>
            Assert.Equal(expected, Assert.Throws<ArgumentException>(() => Draw(model, options)).Message);
    }

    [Theory]
    [InlineData("model_params.num_class_embeds is 9, but the images have 10 classes (*); set it to 10, or remove it and set train_params.class_conditional to true.",
        "model_params.num_class_embeds=9")]
    [InlineData("model_params.num_class_embeds is 10, but the images have 10 classes and label_dropout needs one more (*); set it to 11, or remove it and set train_params.class_conditional to true.",
        "model_params.num_class_embeds=10", "train_params.label_dropout=0.1")]
    public void Classes_that_do_not_match_are_refused_with_both_numbers(string expected, params string[] settings)
    {
        var digits = new DrawnDigits(20, size: 8);
        Assert.Equal(
            expected.Replace("*", digits.Description, StringComparison.Ordinal),
            Assert.Throws<InvalidDataException>(() => ConfiguredDataset.Check(digits, Tiny(settings))).Message);
    }

    [Fact]
    public void Images_without_labels_cannot_teach_classes()
    {
        string path = _folder.Path("images.idx");
        File.WriteAllBytes(path, IdxBytes.Images(20, 8, 8));
        foreach (TrainConfig config in (TrainConfig[])[Conditional(), Tiny("model_params.num_class_embeds=10")])
        {
            string message = Assert.Throws<InvalidDataException>(
                () => ConfiguredDataset.Open(config.With($"dataset_params.im_path={path}"), cancel: TestContext.Current.CancellationToken)).Message;
            Assert.Contains("the images have no classes", message, StringComparison.Ordinal);
        }
    }
}
