using System.Text;
using Brownian.Diffusion;
using Brownian.Imaging;
using Brownian.Tensors;
using Brownian.Training;

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
        Assert.Equal(standard, Draw(new() { Count = 1, Variance = VarianceKind.Small, ClipSample = true, Steps = 10 }));
        Assert.NotEqual(standard, Draw(new() { Count = 1, Variance = VarianceKind.Large }));
        Assert.NotEqual(standard, Draw(new() { Count = 1, ClipSample = false }));
        Assert.NotEqual(standard, Draw(new() { Count = 1, Steps = 5 }));
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
        images.WriteGrid(_folder.Path("grid.png"), columns: 2);
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
