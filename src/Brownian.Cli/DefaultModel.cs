using System.Reflection;
using Brownian.Evaluation;
using Brownian.IO;
using Brownian.Tensors;

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
        named ??= NewestRun(terminal, HasCheckpoint);
        if (named is not null && !IsShipped(named)) return (ModelFolder.Open(named, device, terminal.Warn), named);
        DiffusionModel model = ShippedModel.Open(device);
        string size = Phrases.Count(model.Network.Parameters.Count, "parameter"), steps = Phrases.Count(model.Description.Step, "training step");
        terminal.Out.WriteLine($"model   {ShippedModel.Name}, which comes with Brownian: {size}, {steps}");
        return (model, ShippedModel.Name);
    }

    /// <summary>The folder of a model that is named: a path as it is, the built-in model's beside the program.</summary>
    public static string FolderOf(string named) => IsShipped(named) ? ShippedModel.Folder : named;

    static bool IsShipped(string named) => named == ShippedModel.Name && !Directory.Exists(named);

    /// <summary>The newest run that has trained a step. Tells which.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static string RunWithMetrics(Terminal terminal) => NewestRun(terminal, path => File.Exists(Path.Combine(path, "metrics.jsonl")))
        ?? throw new ArgumentException($"no run is named, and none in {RunsFolder}/ has metrics; train one first, or name one.");

    /// <summary>The newest run that has a checkpoint. Tells which.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static string RunWithCheckpoint(Terminal terminal) => NewestRun(terminal, HasCheckpoint)
        ?? throw new ArgumentException($"no run is named, and none in {RunsFolder}/ has a checkpoint; train one first, or name one.");

    static string? NewestRun(Terminal terminal, Func<string, bool> serves)
    {
        string[] runs = Directory.Exists(RunsFolder) ? Directory.GetDirectories(RunsFolder) : [];
        string? newest = runs.Where(run => RunDirectory.IsRun(run) && serves(run)).Max(StringComparer.Ordinal);
        if (newest is not null) terminal.Out.WriteLine($"model   {newest}, the newest run");
        return newest;
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

    const string Resources = $"models/{Name}/";

    /// <summary>Where it lies: beside the program, or, of a program that is a single file, where that unpacks it.</summary>
    public static string Folder => Packed.Length == 0 ? Path.Combine(AppContext.BaseDirectory, "models", Name) : Unpacked();

    static string[] Packed =>
        [.. typeof(ShippedModel).Assembly.GetManifestResourceNames().Where(name => name.StartsWith(Resources, StringComparison.Ordinal))];

    // Each build of the program has a folder of its own, so that what is there is what it would write.
    static string Unpacked()
    {
        Assembly program = typeof(ShippedModel).Assembly;
        string folder = Path.Combine(UserFolder.Cache, "models", $"{program.ManifestModule.ModuleVersionId:N}", Name);
        Directory.CreateDirectory(folder);
        foreach (string name in Packed)
        {
            using Stream packed = program.GetManifestResourceStream(name)!;
            string path = Path.Combine(folder, name[Resources.Length..]);
            if (File.Exists(path) && new FileInfo(path).Length == packed.Length) continue;
            using var file = new AtomicFile(path, overwrite: true);
            packed.CopyTo(file.Stream);
            file.Commit();
        }
        return folder;
    }

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
