namespace Brownian.Tests;

/// <summary>What is allocated anywhere in the process is measured, so no other test may run beside these.</summary>
[CollectionDefinition(DisableParallelization = true)]
public sealed class MeasuresTheWholeProcess;

[Collection<MeasuresTheWholeProcess>]
public sealed class TrainerMemoryTests : IDisposable
{
    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // Handles and tape entries of 60 or 250 operations; what the loop adds to them is below 4 KB.
    [Theory]
    [InlineData("tiny", 36_000)]
    [InlineData("as large as the tutorial's", 100_000)]
    public void A_step_allocates_little_managed_memory(string network, long most)
    {
        TrainConfig config = network == "tiny" ? TinyRun.Config : TinyRun.Config with { Model = new TutorialUNetOptions { ImageSize = [8] } };
        config = config.With("train_params.num_steps=60", "train_params.checkpoint_steps=1000");
        long at20 = 0, at60 = 0;
        TinyRun.Train(RunDirectory.Create(_folder.Path("runs"), config), config, tell: p =>
        {
            if (p is not TrainProgress.Stepped step) return;
            if (step.Metrics.Step == 20) at20 = GC.GetTotalAllocatedBytes();
            if (step.Metrics.Step == 60) at60 = GC.GetTotalAllocatedBytes();
        });
        Assert.InRange((at60 - at20) / 40, 0, most);
    }

    /// <summary>256 images of 8×8: an array of as many numbers on the managed heap, 65 KB, would show above the 56 or 90 KB of the network.</summary>
    [Theory]
    [InlineData("l2", false, 90_000)]
    [InlineData("l1", false, 90_000)]
    [InlineData("pseudo_huber", false, 90_000)]
    [InlineData("l2", true, 120_000)]
    public void Losses_have_no_managed_copies_of_images(string loss, bool learnsVariance, long most)
    {
        TrainConfig config = (learnsVariance ? TinyRun.UNet2D : TinyRun.Config).With(
            "train_params.num_steps=30", "train_params.checkpoint_steps=1000", "train_params.batch_size=256", "dataset_params.count=256",
            $"train_params.loss={loss}");
        if (learnsVariance) config = config.With("model_params.out_channels=2", "diffusion_params.variance=learned_range");
        long at10 = 0, at30 = 0;
        TinyRun.Train(RunDirectory.Create(_folder.Path("runs"), config), config, tell: p =>
        {
            if (p is not TrainProgress.Stepped step) return;
            if (step.Metrics.Step == 10) at10 = GC.GetTotalAllocatedBytes();
            if (step.Metrics.Step == 30) at30 = GC.GetTotalAllocatedBytes();
        });
        Assert.InRange((at30 - at10) / 20, 0, most);
    }
}
