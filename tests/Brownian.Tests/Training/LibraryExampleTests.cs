using System.Runtime.CompilerServices;
using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>Compiles and runs the example of the README, and holds the two to the same words.</summary>
public sealed class LibraryExampleTests : IDisposable
{
    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_example_trains_and_samples()
    {
        string folder = _folder.Root;
#pragma warning disable xUnit1051   // a reader's first lines pass no token
        // <example>
        using Device device = Device.Cpu();
        IImageDataset digits = new DrawnDigits();
        TrainConfig config = TrainConfig.Default.With("train_params.num_steps=3", "train_params.num_samples=4");   // without: minutes

        RunDirectory run = RunDirectory.Create(Path.Combine(folder, "runs"), config);
        TrainResult trained = new Trainer(config, device, digits).Run(run);

        DiffusionModel model = ModelFolder.Open(trained.ModelPath!, device);
        SampledImages images = new ImageSampler(model).Sample(new SampleOptions { Count = 4, Steps = 20 });
        images.WriteGrid(Path.Combine(folder, "digits.png"), columns: 2);
        // </example>
#pragma warning restore xUnit1051

        Assert.True(File.Exists(Path.Combine(folder, "digits.png")));
        Assert.True(trained.IsComplete);
    }

    [Fact]
    public void The_readme_shows_these_lines()
    {
        string[] source = File.ReadAllLines(ThisFile());
        int from = Array.FindIndex(source, line => line.Trim() == "// <example>") + 1;
        int to = Array.FindIndex(source, line => line.Trim() == "// </example>");
        string readme = File.ReadAllText(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", "..", "..", "README.md"));
        Assert.Contains(string.Join('\n', source[from..to].Select(line => line.Trim())), readme.ReplaceLineEndings("\n"));
    }

    static string ThisFile([CallerFilePath] string path = "") => path;
}
