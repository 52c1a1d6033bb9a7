using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>
/// Configurations, a run and a model of version 0.1.0, in <c>tests/earlier</c>, mean today what they meant then. The files there are never
/// changed: a later format gets files of its own.
/// </summary>
public sealed class EarlierFilesTests : IDisposable
{
    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static string At(params ReadOnlySpan<string> names) => Path.Combine([Checkout.Root, "tests", "earlier", .. names]);

    [Theory]
    [InlineData("default", "2e8a67d10bb4fb82")]
    [InlineData("images", "4e2c680465cfd4db")]
    [InlineData("tutorial_unet", "3c7507b6e67a3d9c")]
    [InlineData("unet2d", "7fca38007597260a")]
    [InlineData("plain_unet", "53bb1420f9c28f72")]
    [InlineData("residual_unet", "d4d92c5b1243bad2")]
    [InlineData("simple_unet", "6c3211d77e409761")]
    public void A_configuration_resolves_to_the_same_text_and_hash(string name, string hash)
    {
        TrainConfig config = TrainConfig.Load(At("configurations", $"{name}.yaml"));
        string resolved = At("configurations", $"{name}.resolved.yaml");
        Assert.Equal(File.ReadAllText(resolved), config.ToYaml());
        Assert.Equal(config, TrainConfig.Load(resolved));
        Assert.Equal(hash, config.HashWith(config.Dataset.ImagePath)[..16]);
    }

    [Fact]
    public void A_run_resumes_without_a_warning_to_the_weights_that_it_would_have_had()
    {
        string path = _folder.Path("run");
        foreach (string file in Directory.EnumerateFiles(At("run"), "*", SearchOption.AllDirectories))
            _folder.Write(Path.Combine("run", Path.GetRelativePath(At("run"), file)), File.ReadAllBytes(file));
        RunDirectory run = RunDirectory.Open(path);
        List<TrainProgress> told = [];
        Assert.True(TinyRun.Train(run, run.Config, tell: told.Add).IsComplete);
        Assert.Empty(told.OfType<TrainProgress.Warning>());
        Assert.Equal(2, Assert.Single(told.OfType<TrainProgress.Started>()).Step);

        string checkpoint = Path.Combine(path, "checkpoints", "step-00000004");
        Assert.Equal("4e7941bea5410acd131a687460394b7a7c3ad3f9a197a4c2dd5b6c94d65a3172", Files.Sha256(Path.Combine(checkpoint, "weights.safetensors")));
        Assert.Equal("9f6719a4adcfb5afdf25b63e6eed54aa45bde0aca80a2616fe5542ef49f13b49", Files.Sha256(Path.Combine(checkpoint, "optimizer.safetensors")));
        // What the completed training of the earlier version left.
        Assert.Equal(File.ReadAllBytes(At("model", "model.safetensors")), File.ReadAllBytes(Path.Combine(checkpoint, "ema.safetensors")));
        Assert.Equal(File.ReadAllBytes(At("run", "config.yaml")), File.ReadAllBytes(run.ConfigPath));
        Assert.Equal(4, File.ReadLines(run.MetricsPath).Count());
    }

    [Fact]
    public void A_model_opens_with_all_that_it_carried()
    {
        using Device device = Device.Cpu(1);
        DiffusionModel model = ModelFolder.Open(At("model"), device);
        TrainConfig config = RunDirectory.Open(At("run")).Config;
        Assert.Equal((config.Model, config.Diffusion, config.Sampling), (model.Description.Model, model.Description.Diffusion, model.Description.Sampling));
        Assert.Equal((4L, 10, 10), (model.Description.Step, model.Classes, model.NoLabel));
        Assert.Equal("drawn digits, seed 7: 20 images, 8×8×1, 10 classes", model.Description.Dataset);
    }
}
