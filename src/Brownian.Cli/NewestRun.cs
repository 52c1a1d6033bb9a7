using Brownian.Training;

namespace Brownian.Cli;

/// <summary>The run that a command takes where none is named: the last one in <c>runs/</c>.</summary>
static class NewestRun
{
    const string Folder = "runs";

    /// <summary>The newest that can be sampled from. Tells which.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static string WithCheckpoint(Terminal terminal) => Find(terminal, HasCheckpoint)
        ?? throw new ArgumentException($"there is no --model, and no run with a checkpoint in {Folder}/; train one first.");

    /// <summary>The newest that has trained a step. Tells which.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static string WithMetrics(Terminal terminal) => Find(terminal, run => File.Exists(Path.Combine(run, "metrics.jsonl")))
        ?? throw new ArgumentException($"no run is named, and none in {Folder}/ has metrics; train one first, or name one.");

    static string? Find(Terminal terminal, Func<string, bool> serves)
    {
        string[] runs = Directory.Exists(Folder) ? Directory.GetDirectories(Folder) : [];
        string? run = runs.Where(run => RunDirectory.IsRun(run) && serves(run)).Max(StringComparer.Ordinal);
        if (run is not null) terminal.Out.WriteLine($"model   {run}, the newest run");
        return run;
    }

    static bool HasCheckpoint(string run)
    {
        string folder = Path.Combine(run, "checkpoints");
        return Directory.Exists(folder) && Directory.EnumerateDirectories(folder, "step-*").Any();
    }
}
