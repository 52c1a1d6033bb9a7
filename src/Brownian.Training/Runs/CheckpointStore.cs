using System.Globalization;

namespace Brownian.Training;

/// <summary>
/// The checkpoints of a run. One is written into a folder with a temporary name, flushed, sealed by its manifest and renamed, so that
/// a kill at any moment leaves the earlier ones as they were.
/// </summary>
sealed class CheckpointStore(string folder)
{
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
    public CheckpointManifest? Newest(Action<string> warn, Action<string, CheckpointManifest> load)
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
                manifest.Verify(path);
            }
            catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
            {
                warn($"{e.Message} Falling back to the checkpoint before.");
                continue;
            }
            load(path, manifest);
            return manifest;
        }
        return steps.Count == 0
            ? null
            : throw new InvalidDataException($"{folder}: none of the {steps.Count} checkpoints is whole; start a new run.");
    }

    /// <summary>Deletes all but the newest <paramref name="keep"/> and the one with the least smoothed loss.</summary>
    public void Prune(int keep)
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
        long? best = whole.MinBy(manifest => manifest.SmoothedLoss)?.Step;
        foreach (CheckpointManifest manifest in whole.Skip(keep))
        {
            if (manifest.Step != best) Files.DeleteFolder(PathOf(manifest.Step));
        }
    }

    /// <summary>Removes what a killed process left half-written.</summary>
    public void CleanUp()
    {
        foreach (string left in Directory.EnumerateDirectories(folder, ".*"))
        {
            if (Path.GetFileName(left).StartsWith(".new-", StringComparison.Ordinal) || Path.GetFileName(left).StartsWith(".old-", StringComparison.Ordinal))
                Files.DeleteFolder(left);
        }
    }

    static CheckpointManifest Seal(CheckpointManifest manifest, string staging) => manifest with
    {
        Files = Directory.EnumerateFiles(staging).Order(StringComparer.Ordinal).ToDictionary(
            path => Path.GetFileName(path), path => new FileSeal(new FileInfo(path).Length, Files.Sha256(path))),
    };
}
