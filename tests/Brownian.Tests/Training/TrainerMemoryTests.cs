using Brownian.Training;

namespace Brownian.Tests;

/// <summary>What is allocated anywhere in the process is measured, so no other test may run beside these.</summary>
[CollectionDefinition(DisableParallelization = true)]
public sealed class MeasuresTheWholeProcess;

[Collection<MeasuresTheWholeProcess>]
public sealed class TrainerMemoryTests : IDisposable
{
    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_step_allocates_little_managed_memory()
    {
        TrainConfig config = TinyRun.Config.With("train_params.num_steps=60", "train_params.checkpoint_steps=1000");
        long at20 = 0, at60 = 0;
        TinyRun.Train(RunDirectory.Create(_folder.Path("runs"), config), config, tell: p =>
        {
            if (p is not TrainProgress.Stepped step) return;
            if (step.Metrics.Step == 20) at20 = GC.GetTotalAllocatedBytes();
            if (step.Metrics.Step == 60) at60 = GC.GetTotalAllocatedBytes();
        });
        Assert.InRange((at60 - at20) / 40, 0, 1_000_000);
    }
}
