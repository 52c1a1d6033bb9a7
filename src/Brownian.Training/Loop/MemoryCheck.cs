using System.Globalization;

namespace Brownian;

/// <summary>Compares what a training will hold with what the machine has, before its first step: a system that runs out of memory ends the process.</summary>
static class MemoryCheck
{
    /// <summary>Weights, gradients and their average; the optimiser's moments come on top.</summary>
    const int BuffersOfWeights = 3;

    /// <summary>Of what is available; below it a rough estimate from above is good enough.</summary>
    const double Plenty = 0.7;

    /// <summary>What the runtime and the program take.</summary>
    const long Program = 100_000_000;

    /// <summary>Before anything is allocated: whether the weights fit at all.</summary>
    /// <exception cref="ArgumentException">They do not.</exception>
    public static void RequireWeights(TrainConfig config, long parameters)
    {
        int moments = config.Train.Optimizer == OptimizerKind.Muon ? 1 : 2, tracked = config.Train.EmaSnapshots > 0 ? config.Train.EmaWidths.Count : 0;
        long needed = Program + sizeof(float) * parameters * (BuffersOfWeights + moments + tracked);
        long total = MachineMemory.Now.Total;
        if (needed <= total) return;
        throw new ArgumentException(
            $"Training a network of {parameters.ToString("N0", CultureInfo.InvariantCulture)} parameters takes {Size(needed)} of memory for its weights alone, and there are {Size(total)}; choose a smaller one.");
    }

    /// <summary>For a training that begins: measures a few images only where it might come close.</summary>
    /// <inheritdoc cref="Require"/>
    public static void BeforeFirstStep(TrainingJob job, Action<string> warn, CancellationToken cancel)
    {
        double atMost = Program + (double)job.ActivationBytesPerImage * job.Config.Train.BatchSize * 2;
        if (atMost < Plenty * MachineMemory.Now.Available) return;
        Require(job, Rehearsal.OfFewImages(job, cancel), warn);
    }

    /// <param name="job">What is trained.</param>
    /// <param name="cost">What a step holds.</param>
    /// <param name="warn">Told where it fits only if other programs make room.</param>
    /// <exception cref="ArgumentException">It cannot fit.</exception>
    public static void Require(TrainingJob job, StepCost cost, Action<string> warn)
    {
        long needed = MemoryForecast.Peak(job, cost, saves: true, samples: job.Plan.After(job.State.Step).Grids > 0);
        MachineMemory machine = MachineMemory.Now;
        if (needed > machine.Total) throw new ArgumentException($"Training would take about {Size(needed)} of memory, and there are {Size(machine.Total)}; {Cure(job.Config.Train)}.");
        long more = needed - ProcessMemory.Resident;
        if (more > machine.Available)
            warn($"training will take about {Size(needed)} of memory, {Size(more)} more than now, but {Size(machine.Available)} are available; close other programs, or {Cure(job.Config.Train)}");
    }

    static string Cure(TrainParams train)
    {
        string[] cures =
        [
            .. train.BatchSize > 1 ? [$"lower train_params.batch_size, now {train.BatchSize} (gradient_accumulation makes up for it)"] : (string[])[],
            .. train.GradientCheckpointing ? [] : (string[])["set train_params.gradient_checkpointing=true"],
        ];
        return cures.Length == 0 ? "use a smaller network or smaller images" : string.Join(", or ", cures);
    }

    static string Size(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.#} GB");
}
