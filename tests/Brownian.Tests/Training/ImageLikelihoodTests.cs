using Brownian.Tensors;

namespace Brownian.Tests;

public sealed class ImageLikelihoodTests : IDisposable
{
    readonly Device _device = Device.Cpu(1);

    public void Dispose() => _device.Dispose();

    static readonly TrainConfig Flow = TinyRun.UNet2D with { Diffusion = new() { Process = ProcessKind.Flow } };
    static readonly TrainConfig Edm = TinyRun.UNet2D with { Diffusion = new() { Process = ProcessKind.Edm } };

    static TrainConfig Of(string process) => process switch { "flow" => Flow, "edm" => Edm, _ => TinyRun.Config };

    static DiffusionModel Model(Device device, TrainConfig config)
    {
        ModelDescription description = ModelDescription.Of(config);
        return new DiffusionModel(description, config.Model.CreateNetwork(device, seed: 1), device, hash: "");
    }

    static BoundLikelihood Bound(DiffusionModel model, IImageDataset images, LikelihoodOptions options, IProgress<LikelihoodProgress>? progress = null) =>
        new ImageLikelihood(model).ByBound(images, options, progress, TestContext.Current.CancellationToken);

    static OdeLikelihood Ode(DiffusionModel model, IImageDataset images, LikelihoodOptions options, IProgress<LikelihoodProgress>? progress = null) =>
        new ImageLikelihood(model).ByOde(images, options, progress, TestContext.Current.CancellationToken);

    [Fact]
    public void What_an_image_takes_depends_on_the_seed_and_its_place_alone()
    {
        var images = new NoiseImages(12);
        LikelihoodOptions options = new() { Count = 5, Seed = 3, Steps = 4, BatchSize = 5 };
        BoundLikelihood bound = Bound(Model(_device, TinyRun.Config), images, options);
        OdeLikelihood ode = Ode(Model(_device, TinyRun.Config), images, options);
        Assert.Equal(5, bound.PerImage.Distinct().Count());
        Assert.Equal(5, ode.PerImage.Distinct().Count());
        Assert.Equal(bound.ImageIndices, ode.ImageIndices);
        Assert.Equal(bound.ImageIndices.Distinct().Order(), bound.ImageIndices);
        using Device two = Device.Cpu(2);
        foreach (int batch in (int[])[1, 2])
        {
            Assert.Equal(bound.PerImage, Bound(Model(two, TinyRun.Config), images, options with { BatchSize = batch }).PerImage);
            Assert.Equal(ode.PerImage, Ode(Model(two, TinyRun.Config), images, options with { BatchSize = batch }).PerImage);
        }
        BoundLikelihood all = Bound(Model(_device, TinyRun.Config), images, options with { Count = 100 });
        Assert.Equal(bound.PerImage, bound.ImageIndices.Select(index => all.PerImage[index]));
        Assert.NotEqual(bound.PerImage, Bound(Model(_device, TinyRun.Config), images, options with { Seed = 4 }).PerImage);
    }

    [Fact]
    public void The_parts_add_up_and_so_do_the_calls()
    {
        List<LikelihoodProgress> told = [];
        BoundLikelihood bound = Bound(Model(_device, TinyRun.Config), new NoiseImages(12), new() { Steps = 4, BatchSize = 5 }, new Told(told));
        Assert.Equal(bound.Total.Mean, bound.Parts.Sum(part => part.Bits.Mean), 1e-9);
        Assert.Equal(bound.Total.Mean, bound.PerImage.Average(), 1e-9);
        Assert.Equal((4, 10, 4), (bound.Timesteps, bound.OfTimesteps, bound.NetworkCalls));
        Assert.Equal(12 * 4, bound.Terms.Sum(term => term.Images));
        Assert.Equal(bound.Decoder.Mean, bound.Terms[0].Bits, 1e-9);
        Assert.Equal(new(48, 48), told[^1]);
        double deviation = Math.Sqrt(bound.PerImage.Sum(bits => Math.Pow(bits - bound.Total.Mean, 2)) / 11);
        Assert.Equal(deviation / Math.Sqrt(12), bound.Total.StandardError, 1e-9);

        told.Clear();
        OdeLikelihood ode = Ode(Model(_device, TinyRun.Config), new NoiseImages(6), new() { Steps = 4, BatchSize = 5, Probes = 2 }, new Told(told));
        Assert.Equal(ode.Total.Mean, ode.Parts.Sum(part => part.Bits.Mean), 1e-9);
        Assert.Equal(6.9944, ode.GrayValues, 1e-4);
        Assert.Equal((4, 2, 18), (ode.Steps, ode.Probes, ode.NetworkCalls));
        Assert.Equal(new(30, 30), told[^1]);
        Assert.Equal(Model(_device, TinyRun.Config).Process.At(0).Ratio, ode.SmallestNoise, 1e-12);
        Assert.Empty(bound.Warnings);
    }

    [Fact]
    public void Fewer_timesteps_estimate_the_bound_of_all_without_bias()
    {
        var images = new NoiseImages(400);
        DiffusionModel model = Model(_device, TinyRun.Config with { Diffusion = new() { Timesteps = 60, ScaleBetas = false, BetaEnd = 0.2 } });
        BoundLikelihood all = Bound(model, images, new() { Count = 400, Steps = 60, BatchSize = 100 });
        BoundLikelihood some = Bound(model, images, new() { Count = 400, Steps = 8, BatchSize = 100 });
        double[] differences = [.. some.PerImage.Zip(all.PerImage, (a, b) => a - b)];
        double mean = differences.Average(), error = Math.Sqrt(differences.Sum(d => (d - mean) * (d - mean))) / 400;
        Assert.InRange(mean, -4 * error, 4 * error);
        Assert.True(error > 0 && error < 0.1 * all.Middle.Mean, $"{error} of {all.Middle.Mean}");
        Assert.Equal(all.Decoder, some.Decoder);
        Assert.Equal(all.Prior, some.Prior);
    }

    // No code of random bytes is shorter than 8 bits on average, whatever the network is worth (Kraft's inequality).
    [Theory]
    [InlineData("ddpm"), InlineData("flow"), InlineData("edm")]
    public void Random_bytes_take_at_least_eight_bits(string process)
    {
        var images = new NoiseImages(40);
        OdeLikelihood ode = Ode(Model(_device, Of(process)), images, new() { Count = 40, Steps = 20 });
        Assert.InRange(ode.Total.Mean, 8 - 4 * ode.Total.StandardError, 40);
        if (process == "ddpm")
        {
            BoundLikelihood bound = Bound(Model(_device, Of(process)), images, new() { Count = 40 });
            Assert.InRange(bound.Total.Mean, 8 - 4 * bound.Total.StandardError, 1000);
        }
    }

    [Fact]
    public void A_trained_model_takes_fewer_bits_than_a_fresh_one()
    {
        using var folder = new ScratchFolder();
        TrainConfig config = TinyRun.Config with { Train = TinyRun.Config.Train with { Steps = 60, CheckpointSteps = 60 } };
        RunDirectory run = RunDirectory.Create(folder.Path("runs"), config);
        TinyRun.Train(run, config);
        DiffusionModel trained = ModelFolder.Open(run.ModelPath, _device);
        var digits = new DrawnDigits(40, config.Train.Seed + 1, 8);
        double before = Bound(Model(_device, config), digits, new()).Total.Mean, after = Bound(trained, digits, new()).Total.Mean;
        Assert.True(after < before - 0.5, $"{before} bits before, {after} after");
    }

    [Fact]
    public void Sixteen_bits_are_counted_by_the_ode_alone()
    {
        var images = new NoiseImages(6, bitDepth: 16);
        Assert.Equal(
            "The images have 16 bits per sample (noise), but the bound is one of 8-bit values; open them with bit_depth 8, or use the ODE.",
            Assert.Throws<InvalidDataException>(() => Bound(Model(_device, TinyRun.Config), images, new())).Message);
        OdeLikelihood ode = Ode(Model(_device, TinyRun.Config), images, new() { Steps = 10 });
        Assert.Equal(14.99998, ode.GrayValues, 1e-4);
        Assert.InRange(ode.Total.Mean, 16 - 4 * ode.Total.StandardError, 60);
    }

    [Fact]
    public void Images_that_do_not_fit_the_model_are_refused()
    {
        DiffusionModel model = Model(_device, TinyRun.Config);
        void Refused(string message, IImageDataset images, DiffusionModel of)
        {
            Assert.Equal(message, Assert.Throws<InvalidDataException>(() => Bound(of, images, new())).Message);
            Assert.Equal(message, Assert.Throws<InvalidDataException>(() => Ode(of, images, new())).Message);
        }

        Refused("The images are 9×8 pixels (noise), but the model draws 8×8; open them at that size.", new NoiseImages(3, width: 9), model);
        Refused("The images have 3 channels (noise), but the model's have 1; open them with as many.", new NoiseImages(3, channels: 3), model);
        Refused("The model is told one of 4 classes, but the images have none (noise); label them.", new NoiseImages(3), Conditional(dropout: 0));
        Refused("The images have 2 classes (noise), but the model was trained with 4; give images of those it knows.",
            new NoiseImages(3, classes: ["a", "b"]), Conditional(dropout: 0));
        Refused("Image 1 of 3 has no class (noise), and the model was never trained without; label it.",
            new NoiseImages(3, classes: ["a", "b", "c", "d"]) { Unlabelled = 1 }, Conditional(dropout: 0));
    }

    DiffusionModel Conditional(double dropout)
    {
        TrainConfig config = TinyRun.UNet2D with
        {
            Train = TinyRun.UNet2D.Train with { ClassConditional = true, LabelDropout = dropout },
            Sampling = new() { ClassNames = ["a", "b", "c", "d"] },
        };
        return Model(_device, config with { Model = config.Model.WithClasses(dropout > 0 ? 5 : 4)! });
    }

    [Fact]
    public void A_conditional_model_is_told_the_class_of_each_image_or_that_it_is_any()
    {
        DiffusionModel model = Conditional(dropout: 0.1);
        LikelihoodOptions options = new() { Steps = 10 };
        BoundLikelihood named = Bound(model, new NoiseImages(4, classes: ["a", "b", "c", "d"]), options);
        BoundLikelihood others = Bound(model, new NoiseImages(4, classes: ["b", "a", "d", "c"]), options);
        BoundLikelihood any = Bound(model, new NoiseImages(4), options);
        Assert.Empty(named.Warnings);
        Assert.Equal(named.PerImage, others.PerImage);
        Assert.NotEqual(named.PerImage, any.PerImage);
        Assert.Equal(["The classes of the images (b, a, d, c) are taken for the model's (a, b, c, d), in this order."], others.Warnings);
        Assert.Equal(["The images have no classes (noise): the bits are those of an image of any class."], any.Warnings);
        BoundLikelihood one = Bound(model, new NoiseImages(4, classes: ["a", "b", "c", "d"]) { Unlabelled = 2 }, options);
        Assert.Equal(any.PerImage[2], one.PerImage[2]);
        Assert.Equal(named.PerImage[1], one.PerImage[1]);
    }

    [Fact]
    public void Options_out_of_range_are_refused()
    {
        DiffusionModel model = Model(_device, TinyRun.Config);
        void Refused(string message, Action act) => Assert.Equal(message, Assert.Throws<ArgumentException>(act).Message);
        var images = new NoiseImages(3);
        Refused("The likelihood of 0 images; ask for at least 1.", () => Bound(model, images, new() { Count = 0 }));
        Refused("The likelihood in batches of 0; a batch has at least 1 image.", () => Ode(model, images, new() { BatchSize = 0 }));
        Refused("The divergence from 0 probes; it needs at least 1.", () => Ode(model, images, new() { Probes = 0 }));
        Refused("The bound from 11 timesteps of a schedule of 10; give 2 to 10.", () => Bound(model, images, new() { Steps = 11 }));
        Refused("The bound from 1 timestep of a schedule of 10; give 2 to 10.", () => Bound(model, images, new() { Steps = 1 }));
        Refused("The probability-flow ODE in 0 steps; it needs at least 1, such as 50.", () => Ode(model, images, new() { Steps = 0 }));
        Refused(
            "The variational bound needs a network trained with a schedule of timesteps, not with a RectifiedFlow; use the probability-flow ODE.",
            () => Bound(Model(_device, Flow), images, new()));
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => new ImageLikelihood(model).ByBound(images, cancel: cancelled.Token));
        Assert.ThrowsAny<OperationCanceledException>(() => new ImageLikelihood(model).ByOde(images, cancel: cancelled.Token));
    }

    [Fact]
    public void Answers_that_are_not_finite_are_an_error()
    {
        DiffusionModel model = Model(_device, TinyRun.Config);
        model.Network.Parameters.Values.CopyFrom([.. Enumerable.Repeat(float.NaN, model.Network.Parameters.Values.Shape.Count)]);
        const string Mend = ": the network's results overflow; take an earlier checkpoint, or weights that fit the network and its settings.";
        Assert.Equal("The likelihood of image 0 is not finite (NaN or infinity) at timestep 0" + Mend,
            Assert.Throws<InvalidDataException>(() => Bound(model, new NoiseImages(2), new())).Message);
        Assert.Equal("The likelihood of image 0 is not finite (NaN or infinity)" + Mend,
            Assert.Throws<InvalidDataException>(() => Ode(model, new NoiseImages(2), new() { Steps = 2 })).Message);
    }

    [Fact]
    public void A_single_image_has_no_standard_error()
    {
        BoundLikelihood bound = Bound(Model(_device, TinyRun.Config), new NoiseImages(1), new());
        Assert.True(double.IsNaN(bound.Total.StandardError));
        Assert.Equal(bound.Total.Mean.ToString("0.000", System.Globalization.CultureInfo.InvariantCulture), bound.Total.ToString());
        Assert.Equal("3.412 ± 0.021", new BitsPerDimension(3.4117, 0.0213).ToString());
    }

    sealed class Told(List<LikelihoodProgress> list) : IProgress<LikelihoodProgress>
    {
        public void Report(LikelihoodProgress value) => list.Add(value);
    }

    /// <summary>8×8 gray pixels unless told otherwise, each value uniformly random and independent of all others; image i has label i.</summary>
    sealed class NoiseImages(int count, int width = 8, int channels = 1, int bitDepth = 8, string[]? classes = null) : IImageDataset
    {
        public int? Unlabelled { get; init; }
        public int Count => count;
        public int Width => width;
        public int Height => 8;
        public int Channels => channels;
        public int BitDepth => bitDepth;
        public IReadOnlyList<string> Classes => classes ?? [];
        public string Description => "noise";
        public int Label(int index) => index == Unlabelled ? -1 : index % Classes.Count;

        public void Read(int index, Span<byte> pixels)
        {
            int[] values = new int[pixels.Length];
            new Philox(1, (ulong)index).Integers(values, 256);
            for (int i = 0; i < values.Length; i++) pixels[i] = (byte)values[i];
        }
    }
}
