using System.Text;
using Brownian.Imaging;
using Brownian.Tensors;

namespace Brownian.Tests;

public sealed class ImageSamplerTests : IDisposable
{
    readonly ScratchFolder _folder = new();
    readonly Device _device = Device.Cpu(1);

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    static DiffusionModel Model(Device device)
    {
        TrainConfig config = TinyRun.Config;
        var description = new ModelDescription { Model = config.Model, Diffusion = config.Diffusion };
        return new DiffusionModel(description, config.Model.CreateNetwork(device, seed: 1), device, hash: "c0ffee");
    }

    static SampledImages Sample(DiffusionModel model, SampleOptions options, IProgress<SampleProgress>? progress = null) =>
        new ImageSampler(model).Sample(options, progress, TestContext.Current.CancellationToken);

    static byte[][] Pixels(SampledImages images) => [.. images.Images.Select(image => image.Pixels)];

    [Fact]
    public void An_image_depends_on_its_seed_alone()
    {
        byte[][] all = Pixels(Sample(Model(_device), new() { Count = 9, FirstSeed = 3 }));
        Assert.Equal(9, all.Select(Convert.ToHexString).Distinct().Count());
        foreach (int batch in (int[])[1, 2, 5])
            Assert.Equal(all, Pixels(Sample(Model(_device), new() { Count = 9, FirstSeed = 3, BatchSize = batch })));
        using Device two = Device.Cpu(2);
        Assert.Equal([all[6], all[1]], Pixels(Sample(Model(two), new() { Seeds = [9, 4] })));
    }

    [Fact]
    public void Options_change_the_image_and_defaults_come_from_the_model()
    {
        DiffusionModel model = Model(_device);
        byte[] Draw(SampleOptions options) => Sample(model, options).Images[0].Pixels;
        byte[] standard = Draw(new() { Count = 1 });
        Assert.Equal(standard, Draw(new() { Count = 1, Variance = ReverseVariance.Small, ClipSample = true, Steps = 10 }));
        Assert.NotEqual(standard, Draw(new() { Count = 1, Variance = ReverseVariance.Large }));
        Assert.NotEqual(standard, Draw(new() { Count = 1, ClipSample = false }));
        Assert.NotEqual(standard, Draw(new() { Count = 1, Steps = 5 }));
        Assert.NotEqual(standard, Draw(new() { Count = 1, Thresholding = 3 }));
        Assert.Equal(standard, Draw(new() { Count = 1, Variance = ReverseVariance.SmallLog }));
    }

    public static TheoryData<string> Samplers => [.. SamplerType.All.Select(type => type.Name)];

    [Theory, MemberData(nameof(Samplers))]
    public void An_image_depends_on_its_seed_alone_with_every_sampler(string sampler)
    {
        SampleOptions options = new() { Count = 5, FirstSeed = 3, Sampler = sampler, Steps = 6, BatchSize = 5 };
        byte[][] all = Pixels(Sample(Model(_device), options));
        Assert.Equal(5, all.Select(Convert.ToHexString).Distinct().Count());
        using Device two = Device.Cpu(2);
        Assert.Equal([all[4], all[1]], Pixels(Sample(Model(two), options with { Seeds = [7, 4], BatchSize = 1 })));
    }

    [Fact]
    public void Samplers_take_their_usual_steps_as_far_as_there_are_timesteps()
    {
        foreach (SamplerType type in SamplerType.All)
        {
            SampledImages images = Sample(Model(_device), new() { Count = 1, Sampler = type.Name });
            string steps = images.Notes.Single(note => note.Key == "Steps").Value;
            Assert.Equal(type.Initial is TimestepSampler ? "10" : "9", steps);
        }
    }

    [Fact]
    public void What_the_model_carries_holds_until_another_sampler_is_asked_for()
    {
        TrainConfig config = TinyRun.Config;
        DiffusionModel With(SampleParams sampling, DiffusionParams? diffusion = null)
        {
            var description = new ModelDescription { Model = config.Model, Diffusion = diffusion ?? config.Diffusion, Sampling = sampling };
            return new DiffusionModel(description, config.Model.CreateNetwork(_device, seed: 1), _device, "");
        }
        SampleParams carried = new() { Sampler = "ddim", Steps = 4, ["eta"] = 0.5, ["timestep_spacing"] = TimestepSpacing.Trailing };
        SampledImages own = Sample(With(carried), new() { Count = 1 });
        Assert.Equal(
            Pixels(own),
            Pixels(Sample(Model(_device), new() { Count = 1, Sampler = "ddim", Steps = 4, ["eta"] = 0.5, ["timestep_spacing"] = "trailing" })));
        Dictionary<string, string> notes = own.Notes.ToDictionary();
        Assert.Equal(("ddim", "4", "0.5", "trailing"), (notes["Sampler"], notes["Steps"], notes["Eta"], notes["Timestep spacing"]));
        Assert.False(notes.ContainsKey("Variance"));
        Assert.Equal("ddim, 4 steps, eta 0.5, timestep spacing trailing", new ImageSampler(With(carried)).Describe(new()));
        Assert.NotEqual(Pixels(own), Pixels(Sample(With(carried), new() { Count = 1, Steps = 5 })));
        Assert.Equal(Pixels(Sample(Model(_device), new() { Count = 1 })), Pixels(Sample(With(carried), new() { Count = 1, Sampler = "ddpm" })));
        // A schedule that ends in noise alone starts there.
        DiffusionParams zero = config.Diffusion with { RescaleToZeroSnr = true, PredictionType = PredictionType.VPrediction };
        Assert.Contains("timestep spacing trailing", new ImageSampler(With(new(), zero)).Describe(new() { Steps = 3 }), StringComparison.Ordinal);
    }

    [Fact]
    public void Churn_is_the_samplers_own()
    {
        byte[] Heun(double? churn) =>
            Pixels(Sample(Model(_device), new() { Count = 1, Sampler = "heun", Steps = 4, ["s_churn"] = churn }))[0];
        Assert.Equal(Heun(null), Heun(0));
        Assert.NotEqual(Heun(0), Heun(2));
    }

    [Fact]
    public void Settings_that_a_sampler_has_not_are_refused()
    {
        (string Message, SampleOptions Options)[] wrong =
        [
            ("There is no sampler 'eulr'; did you mean 'euler'?", new() { Sampler = "eulr" }),
            ("The sampler ddpm has no eta (--eta); leave it out, or use one of ddim, ", new() { ["eta"] = 1 }),
            ("The sampler ddim has no sigma_curve (--curve); leave it out, or use one of euler, ", new() { Sampler = "ddim", ["sigma_curve"] = SigmaCurve.Karras }),
            ("The sampler heun has no solver_order (--order); leave it out, or use one of lms, dpmpp_2m, ", new() { Sampler = "heun", ["solver_order"] = 2 }),
            ("ddim: Eta is 2; it must be from 0 to 1.", new() { Sampler = "ddim", ["eta"] = 2 }),
            ("The variance learned needs a network with twice the channels; ", new() { Variance = ReverseVariance.Learned }),
            ("Dynamic thresholding to at most 0.5; ", new() { Thresholding = 0.5 }),
        ];
        foreach ((string message, SampleOptions options) in wrong)
            Assert.StartsWith(message, Assert.ThrowsAny<ArgumentException>(() => Sample(Model(_device), options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Progress_counts_the_steps_of_all_batches()
    {
        List<SampleProgress> told = [];
        Sample(Model(_device), new() { Count = 5, BatchSize = 2, Steps = 4 }, new Told(told.Add));
        Assert.Equal(Enumerable.Range(1, 12).Select(i => new SampleProgress(i, 12)), told);
    }

    [Fact]
    public void Files_hold_the_images_and_what_made_them()
    {
        SampledImages images = Sample(Model(_device), new() { Seeds = [3, 4, 5, 9], Steps = 5 });
        images.WriteGrid(_folder.Path("grid.png"), columns: 2, scale: 1);
        Image grid = Png.Read(_folder.Path("grid.png"));
        Assert.Equal((22, 22, 1), (grid.Width, grid.Height, grid.Channels));
        Assert.Equal("3-5,9", grid.Text["Seeds"]);
        Assert.Equal(("ddpm", "5", "small", "true", "sha256:c0ffee"), (grid.Text["Sampler"], grid.Text["Steps"], grid.Text["Variance"], grid.Text["Clip sample"], grid.Text["Model"]));
        Assert.StartsWith("Brownian ", grid.Text["Software"], StringComparison.Ordinal);
        Assert.Throws<IOException>(() => images.WriteGrid(_folder.Path("grid.png")));

        images.WriteEach(_folder.Path("single"));
        Assert.Equal(4, Directory.GetFiles(_folder.Path("single")).Length);
        Image single = Png.Read(_folder.Path("single/seed-9.png"));
        Assert.Equal(images.Images[3].Pixels, single.Pixels);
        Assert.Equal("9", single.Text["Seed"]);
    }

    [Fact]
    public void The_array_is_what_numpy_reads()
    {
        SampledImages images = Sample(Model(_device), new() { Count = 3, Steps = 2 });
        string path = _folder.Path("images.npy");
        images.WriteNpy(path);
        byte[] file = File.ReadAllBytes(path);
        Assert.Equal([0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0], file[..8]);
        int start = 10 + file[8] + 256 * file[9];
        Assert.Equal(0, start % 64);
        string header = Encoding.ASCII.GetString(file[10..start]);
        Assert.Equal("{'descr': '|u1', 'fortran_order': False, 'shape': (3, 8, 8, 1), }", header.TrimEnd());
        Assert.EndsWith("\n", header, StringComparison.Ordinal);
        Assert.Equal(images.Images.SelectMany(image => image.Pixels), file[start..]);
        Assert.Throws<IOException>(() => images.WriteNpy(path));
    }

    [Fact]
    public void Options_out_of_range_are_refused()
    {
        DiffusionModel model = Model(_device);
        SampleOptions[] wrong =
        [
            new() { Count = 0 }, new() { BatchSize = 0 }, new() { Seeds = [] }, new() { Steps = 0 }, new() { Steps = 11 },
            new() { Count = 2, FirstSeed = ulong.MaxValue },
        ];
        foreach (SampleOptions options in wrong) Assert.ThrowsAny<ArgumentException>(() => Sample(model, options));
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => new ImageSampler(model).Sample(new(), cancel: cancelled.Token));
    }

    sealed class Told(Action<SampleProgress> report) : IProgress<SampleProgress>
    {
        public void Report(SampleProgress value) => report(value);
    }
}
