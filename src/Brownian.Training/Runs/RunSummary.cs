namespace Brownian;

/// <summary>How far a run has come.</summary>
public enum RunState
{
    /// <summary>No step of it was saved.</summary>
    Empty,

    /// <summary>A process trains it now.</summary>
    Training,

    /// <summary>It can be continued.</summary>
    Stopped,

    /// <summary>It has its length, and left a model.</summary>
    Finished,

    /// <summary>Its configuration or every checkpoint is damaged.</summary>
    Damaged,
}

/// <summary>A run in a line.</summary>
/// <param name="Path">Its folder.</param>
/// <param name="State">How far it has come.</param>
/// <param name="Step">The step of its newest checkpoint that can be read; 0 where there is none.</param>
/// <param name="Steps">Its length in steps; null where that depends on the number of its images.</param>
/// <param name="Loss">The running mean of the loss then; null before the first checkpoint.</param>
/// <param name="Trained">The time it was trained, interruptions not counted.</param>
public sealed record RunSummary(string Path, RunState State, long Step, long? Steps, double? Loss, TimeSpan Trained)
{
    /// <summary>The runs of a folder, in the order of their numbers.</summary>
    /// <param name="parent">Such as <c>runs</c>; a folder that does not exist holds none.</param>
    /// <exception cref="IOException">The folder cannot be read.</exception>
    public static IReadOnlyList<RunSummary> In(string parent)
    {
        ArgumentException.ThrowIfNullOrEmpty(parent);
        if (!Directory.Exists(parent)) return [];
        return [.. Directory.GetDirectories(parent).Where(RunDirectory.IsRun).Order(StringComparer.Ordinal).Select(Of).OfType<RunSummary>()];
    }

    // Null for a run that is being deleted while it is looked at.
    static RunSummary? Of(string path)
    {
        try
        {
            RunDirectory run = RunDirectory.Open(path);
            CheckpointManifest? newest = null;
            List<long> steps = new CheckpointStore(run.CheckpointsPath).Steps();
            foreach (long step in steps)
            {
                if ((newest = Read(System.IO.Path.Combine(run.CheckpointsPath, CheckpointStore.NameOf(step)))) is not null) break;
            }
            RunState state = run.IsBeingTrained ? RunState.Training
                : Directory.Exists(run.ModelPath) ? RunState.Finished
                : newest is not null ? RunState.Stopped
                : steps.Count > 0 ? RunState.Damaged
                : RunState.Empty;
            return new RunSummary(path, state, newest?.Step ?? 0, run.Config.Train.Steps, newest?.SmoothedLoss, TimeSpan.FromSeconds(newest?.SecondsTrained ?? 0));
        }
        catch (InvalidDataException)
        {
            return new RunSummary(path, RunState.Damaged, 0, null, null, TimeSpan.Zero);
        }
        catch (IOException) when (!Directory.Exists(path) || !RunDirectory.IsRun(path))
        {
            return null;
        }
    }

    static CheckpointManifest? Read(string folder)
    {
        try
        {
            return CheckpointManifest.Read(folder);
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            return null;
        }
    }
}
