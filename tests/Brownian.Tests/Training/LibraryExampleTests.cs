using Brownian.Tensors;
using Brownian.Training;

namespace Brownian.Tests;

public sealed class LibraryExampleTests : IDisposable
{
    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Training_and_sampling_take_fewer_than_twenty_lines()
    {
        string here = _folder.Root;
        TrainConfig tiny = TinyRun.Config;

        // The example as the README shows it, without a token.
#pragma warning disable xUnit1051
        // <example>
        using Device device = Device.Cpu();
        IImageDataset digits = new DrawnDigits(count: 200, size: 8);
        TrainConfig config = TrainConfig.Default with
        {
            Diffusion = tiny.Diffusion,
            Model = tiny.Model,
            Train = TrainConfig.Default.Train with { Steps = 20, BatchSize = 16, SampleSteps = 0 },
        };

        RunDirectory run = RunDirectory.Create(Path.Combine(here, "runs"), config);
        TrainResult trained = new Trainer(config, device, digits).Run(run);

        DiffusionModel model = ModelFolder.Open(trained.ModelPath!, device);
        SampledImages images = new ImageSampler(model).Sample(new SampleOptions { Count = 16 });
        images.WriteGrid(Path.Combine(here, "digits.png"), columns: 4);
        // </example>
#pragma warning restore xUnit1051

        Assert.True(File.Exists(Path.Combine(here, "digits.png")));
        Assert.Null(trained.SampleGrid);
    }
}
