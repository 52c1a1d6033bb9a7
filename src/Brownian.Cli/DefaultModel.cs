using Brownian.Tensors;
using Brownian.Training;

namespace Brownian.Cli;

/// <summary>The model or run that a command takes where none is named: the newest run in <c>runs/</c>, otherwise what comes with the program.</summary>
static class DefaultModel
{
    const string RunsFolder = "runs";

    /// <summary>Opens what <c>--model</c> names, or the default. Tells what it took where that was not said.</summary>
    /// <param name="terminal">Told which model it is.</param>
    /// <param name="named">The value of <c>--model</c>; null where it is absent.</param>
    /// <param name="device">Where the model will compute.</param>
    /// <returns>The model, and how <c>--model</c> names it.</returns>
    public static (DiffusionModel Model, string Name) Open(Terminal terminal, string? named, Device device)
    {
        if (named is null && NewestRun(HasCheckpoint) is { } run)
        {
            terminal.Out.WriteLine($"model   {run}, the newest run");
            named = run;
        }
        bool isShipped = named is null || (named == ShippedModel.Name && !Directory.Exists(named));
        if (!isShipped) return (ModelFolder.Open(named!, device, terminal.Warn), named!);
        DiffusionModel model = ShippedModel.Open(device);
        string size = Phrases.Count(model.Network.Parameters.Count), steps = Phrases.Count(model.Description.Step);
        terminal.Out.WriteLine($"model   {ShippedModel.Name}, which comes with Brownian: {size} parameters, {steps} training steps");
        return (model, ShippedModel.Name);
    }

    /// <summary>The newest run that has trained a step. Tells which.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static string RunWithMetrics(Terminal terminal)
    {
        string run = NewestRun(path => File.Exists(Path.Combine(path, "metrics.jsonl")))
            ?? throw new ArgumentException($"no run is named, and none in {RunsFolder}/ has metrics; train one first, or name one.");
        terminal.Out.WriteLine($"model   {run}, the newest run");
        return run;
    }

    static string? NewestRun(Func<string, bool> serves)
    {
        string[] runs = Directory.Exists(RunsFolder) ? Directory.GetDirectories(RunsFolder) : [];
        return runs.Where(run => RunDirectory.IsRun(run) && serves(run)).Max(StringComparer.Ordinal);
    }

    static bool HasCheckpoint(string run)
    {
        string folder = Path.Combine(run, "checkpoints");
        return Directory.Exists(folder) && Directory.EnumerateDirectories(folder, "step-*").Any();
    }
}

/// <summary>The small model that comes with the program, so that there is something to sample from before anything was trained.</summary>
static class ShippedModel
{
    /// <summary>What <c>--model</c> calls it, and the name of its folder.</summary>
    public const string Name = "digits";

    /// <summary>Where it lies, beside the program.</summary>
    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "models", Name);

    /// <exception cref="InvalidDataException">It is missing or damaged.</exception>
    public static DiffusionModel Open(Device device)
    {
        try
        {
            return ModelFolder.Open(Folder, device);
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            throw new InvalidDataException(
                $"the model that comes with the program cannot be read: {e.Message.TrimEnd('.')}; install or build the program again, or give --model.", e);
        }
    }
}
