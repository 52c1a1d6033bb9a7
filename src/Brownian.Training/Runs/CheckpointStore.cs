using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Brownian;

/// <summary>
/// The checkpoints of a run. One is written into a folder with a temporary name, flushed, sealed by its manifest and renamed, so that
/// a kill at any moment leaves the earlier ones as they were.
/// </summary>
sealed class CheckpointStore(string folder)
{
    /// <summary>The file of a checkpoint that is sampled from: the averaged weights.</summary>
    public const string AverageName = "ema.safetensors";

    /// <summary>The file of the weights themselves.</summary>
    public const string WeightsName = "weights.safetensors";

    const string Prefix = "step-";

    public static string NameOf(long step) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{step:00000000}");

    public string PathOf(long step) => Path.Combine(folder, NameOf(step));

    /// <summary>The steps there are folders for, newest first; whether they are whole is not looked at.</summary>
    public List<long> Steps()
    {
        if (!Directory.Exists(folder)) return [];
        var steps = new List<long>();
        foreach (string path in Directory.EnumerateDirectories(folder, Prefix + "*"))
        {
            string digits = Path.GetFileName(path)[Prefix.Length..];
            if (long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long step) && Path.GetFileName(path) == NameOf(step))
                steps.Add(step);
        }
        steps.Sort((a, b) => b.CompareTo(a));
        return steps;
    }

    /// <summary>Writes one checkpoint; <paramref name="write"/> fills the folder it is given, the manifest's list of files is made here.</summary>
    public void Save(CheckpointManifest manifest, Action<string> write)
    {
        string staging = Path.Combine(folder, $".new-{Guid.NewGuid():N}");
        try
        {
            Directory.CreateDirectory(staging);
            write(staging);
            Seal(manifest, staging).Write(staging);
            string target = PathOf(manifest.Step);
            Files.DeleteFolder(target);     // only a damaged one can be there: training continues after the newest good one
            Directory.Move(staging, target);
        }
        catch (Exception e)
        {
            Files.DeleteFolder(staging);
            if (e is not (IOException or UnauthorizedAccessException)) throw;
            throw new IOException($"{PathOf(manifest.Step)}: the checkpoint could not be written, earlier ones are untouched: {e.Message}", e);
        }
    }

    /// <summary>
    /// The newest checkpoint that <paramref name="load"/> accepts after its files were verified; those that are damaged are passed over
    /// with a warning. Null when there is none at all.
    /// </summary>
    /// <exception cref="InvalidDataException">There are checkpoints, and all are damaged.</exception>
    /// <param name="warn">Told which are passed over.</param>
    /// <param name="load">Given the folder and its manifest.</param>
    /// <param name="needed">The one file that must be whole; null for all.</param>
    public CheckpointManifest? Newest(Action<string> warn, Action<string, CheckpointManifest> load, string? needed = null)
    {
        List<long> steps = Steps();
        foreach (long step in steps)
        {
            string path = PathOf(step);
            CheckpointManifest manifest;
            try
            {
                manifest = CheckpointManifest.Read(path);
                if (manifest.Step != step) throw new InvalidDataException($"{path}: the manifest is of step {manifest.Step}.");
                manifest.Verify(path, needed);
            }
            catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
            {
                warn(step == steps[^1] ? e.Message : $"{e.Message} Falling back to the checkpoint before.");
                continue;
            }
            load(path, manifest);
            return manifest;
        }
        return steps.Count == 0
            ? null
            : throw new InvalidDataException($"{folder}: {(steps.Count == 1 ? "the only checkpoint is not whole" : $"none of the {steps.Count} checkpoints is whole")}; {Mend}.");
    }

    string Mend => Path.Combine(Path.GetDirectoryName(folder)!, RunDirectory.ModelName) is var model && Directory.Exists(model)
        ? $"sample from {model}, what the training left when it was last completed, or start a new run"
        : "start a new run";

    /// <summary>Deletes all but the newest <paramref name="keep"/> and the best.</summary>
    public void Prune(int keep, BestBy best = BestBy.Loss)
    {
        List<CheckpointManifest> whole = Whole();
        long? kept = BestOf(whole, best)?.Step;
        foreach (CheckpointManifest manifest in whole.Skip(keep))
        {
            if (manifest.Step != kept) Files.DeleteFolder(PathOf(manifest.Step));
        }
    }

    /// <summary>The best of those whose manifests can be read; null where there is none.</summary>
    public CheckpointManifest? Best(BestBy by) => BestOf(Whole(), by);

    static CheckpointManifest? BestOf(List<CheckpointManifest> whole, BestBy by)
    {
        bool evaluated = by == BestBy.Evaluation && whole.Exists(manifest => manifest.Evaluation is not null);
        return whole.MinBy(manifest => evaluated ? manifest.Evaluation ?? double.PositiveInfinity : manifest.SmoothedLoss);
    }

    // Newest first.
    List<CheckpointManifest> Whole()
    {
        List<CheckpointManifest> whole = [];
        foreach (long step in Steps())
        {
            try
            {
                whole.Add(CheckpointManifest.Read(PathOf(step)));
            }
            catch (Exception e) when (e is InvalidDataException or IOException)
            {
                continue;   // a damaged one is neither counted nor removed: someone may want to look at it
            }
        }
        return whole;
    }

    /// <summary>Removes what a killed process left half-written.</summary>
    public void CleanUp()
    {
        if (!Directory.Exists(folder)) return;
        foreach (string left in Directory.EnumerateDirectories(folder, ".*"))
        {
            if (Path.GetFileName(left).StartsWith(".new-", StringComparison.Ordinal) || Path.GetFileName(left).StartsWith(".old-", StringComparison.Ordinal))
                Files.DeleteFolder(left);
        }
    }

    static CheckpointManifest Seal(CheckpointManifest manifest, string staging) => manifest with
    {
        Files = Directory.EnumerateFiles(staging).Order(StringComparer.Ordinal).ToDictionary(
            path => Path.GetFileName(path), FileSeal.Of),
    };
}

/// <summary>
/// <c>manifest.json</c>, the last file written into a checkpoint: it says how far training was, and what every other file must hash to.
/// </summary>
public sealed record CheckpointManifest
{
    internal const string FileName = "manifest.json";
    internal const int CurrentVersion = 1;

    /// <summary>Of this format: 1.</summary>
    public required int Version { get; init; }

    /// <summary>Optimiser steps taken. It alone decides every random draw of the steps that follow.</summary>
    public required long Step { get; init; }

    /// <summary>Images trained on.</summary>
    public required long ImagesSeen { get; init; }

    /// <summary>Steps of Adam, for its bias correction.</summary>
    public required long OptimizerStep { get; init; }

    /// <summary>Updates of the averaged weights.</summary>
    public required long EmaUpdates { get; init; }

    /// <summary>The running mean of the loss.</summary>
    public required double SmoothedLoss { get; init; }

    /// <summary>How far the images of its averaged weights are from real ones, lower being better; null where that was not measured.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Evaluation { get; init; }

    /// <summary>Time trained, interruptions not counted.</summary>
    public required double SecondsTrained { get; init; }

    /// <summary><see cref="TrainConfig.Hash"/> of the configuration that led here.</summary>
    public required string ConfigHash { get; init; }

    /// <summary>The names of the classes, where the network is told them; null for an unconditional network.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Classes { get; init; }

    /// <summary>The number of images trained on; null in checkpoints of versions that did not note it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? DataCount { get; init; }

    /// <summary><see cref="IImageDataset.Fingerprint"/> of the images; null where there is none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? DataHash { get; init; }

    /// <summary><see cref="IImageDataset.Content"/> of the images; null where there is none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? DataContent { get; init; }

    /// <summary>SHA-256 of this manifest with an empty seal.</summary>
    public string Seal { get; init; } = "";

    /// <summary>Every other file of the checkpoint by name.</summary>
    public IReadOnlyDictionary<string, FileSeal> Files { get; init; } = new Dictionary<string, FileSeal>();

    internal static CheckpointManifest Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path)) throw new InvalidDataException($"{path}: missing; the checkpoint was not completed.");
        CheckpointManifest manifest = JsonFile.Read(path, CheckpointJson.Default.CheckpointManifest);
        if (manifest.Version != CurrentVersion)
            throw new InvalidDataException($"{path}: version is {manifest.Version}; this program reads {CurrentVersion}.");
        if (manifest.Seal != manifest.ComputeSeal())
            throw new InvalidDataException($"{path}: does not match its own seal; the file is damaged.");
        if (manifest.Step < 1 || manifest.ImagesSeen < 0 || manifest.OptimizerStep < 0 || manifest.EmaUpdates < 0)
            throw new InvalidDataException($"{path}: a count is negative, or step is below 1.");
        return manifest;
    }

    internal void Write(string folder) =>
        AtomicFile.Write(Path.Combine(folder, FileName), (this with { Seal = ComputeSeal() }).ToJson(), overwrite: true);

    string ComputeSeal() => Convert.ToHexStringLower(SHA256.HashData((this with { Seal = "" }).ToJson()));

    byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, CheckpointJson.Default.CheckpointManifest);

    /// <summary>Throws unless every file, or the one that is <paramref name="needed"/>, is there with its size and hash.</summary>
    internal void Verify(string folder, string? needed = null)
    {
        foreach ((string name, FileSeal seal) in Files)
        {
            if (Path.GetFileName(name) != name)
                throw new InvalidDataException($"{Path.Combine(folder, FileName)}: '{name}' is no file name.");
            if (needed is not null && name != needed) continue;
            string path = Path.Combine(folder, name);
            if (!File.Exists(path)) throw new InvalidDataException($"{path}: missing.");
            long bytes = new FileInfo(path).Length;
            if (bytes != seal.Bytes) throw new InvalidDataException($"{path}: {Counted.Of(bytes, "byte")}, where the manifest says {seal.Bytes}.");
            if (IO.Files.Sha256(path) != seal.Sha256)
                throw new InvalidDataException($"{path}: its SHA-256 is not the manifest's; the file is damaged.");
        }
    }
}

[JsonSourceGenerationOptions(
    WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(CheckpointManifest))]
sealed partial class CheckpointJson : JsonSerializerContext;
