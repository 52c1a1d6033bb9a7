using System.Globalization;
using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// The folder of one training run, <c>NNNNN-name</c>: <c>config.yaml</c> (and earlier versions of it), <c>metrics.jsonl</c>, <c>loss.png</c>, <c>samples/</c>, <c>checkpoints/</c>,
/// <c>snapshots/</c> where averages are tracked and, once trained, <c>model/</c>. A number is given once; no run overwrites another.
/// </summary>
public sealed class RunDirectory
{
    internal const string ModelName = "model";

    RunDirectory(string path, TrainConfig config) => (FullPath, Config) = (path, config);

    /// <summary>The folder, as an absolute path.</summary>
    public string FullPath { get; }

    /// <summary>What the run was asked to do.</summary>
    public TrainConfig Config { get; private set; }

    /// <summary>The resolved configuration.</summary>
    public string ConfigPath => Path.Combine(FullPath, "config.yaml");

    /// <summary>One JSON object for each step.</summary>
    public string MetricsPath => Path.Combine(FullPath, "metrics.jsonl");

    /// <summary>The loss over the steps, drawn anew with each checkpoint.</summary>
    public string LossChartPath => Path.Combine(FullPath, "loss.png");

    /// <summary>Grids of samples, <c>step-NNNNNNNN.png</c>.</summary>
    public string SamplesPath => Path.Combine(FullPath, "samples");

    /// <summary>What training resumes from, <c>step-NNNNNNNN/</c>.</summary>
    public string CheckpointsPath => Path.Combine(FullPath, "checkpoints");

    /// <summary>Averages of several widths, <c>step-NNNNNNNN/</c>, where <c>train_params.ema_snapshots</c> asks for them.</summary>
    public string SnapshotsPath => Path.Combine(FullPath, "snapshots");

    /// <summary>Event files for TensorBoard, where <c>train_params.tensorboard</c> asks for them.</summary>
    public string TensorBoardPath => Path.Combine(FullPath, "tensorboard");

    /// <summary>The model folder that a completed training leaves.</summary>
    public string ModelPath => Path.Combine(FullPath, ModelName);

    /// <summary>Makes the next numbered folder and writes the configuration into it, with the whole path of the images.</summary>
    /// <param name="parent">Where runs go; made if absent.</param>
    /// <param name="config">What to do; its task_name names the folder.</param>
    /// <exception cref="ArgumentException">The configuration has a value that cannot be used.</exception>
    /// <exception cref="IOException">The folder cannot be made or written to.</exception>
    public static RunDirectory Create(string parent, TrainConfig config)
    {
        ArgumentException.ThrowIfNullOrEmpty(parent);
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        config = config.Located();
        string path = NumberedFolder.Create(parent, config.Train.TaskName, staging =>
        {
            Directory.CreateDirectory(Path.Combine(staging, "samples"));
            Directory.CreateDirectory(Path.Combine(staging, "checkpoints"));
            AtomicFile.Write(Path.Combine(staging, "config.yaml"), config.ToYaml());
        });
        return new RunDirectory(path, config);
    }

    /// <summary>Opens the folder of a run that exists, to resume it or to sample from it.</summary>
    /// <param name="path">The folder.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidDataException">It is no run, or its configuration is damaged.</exception>
    public static RunDirectory Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!Directory.Exists(path)) throw new DirectoryNotFoundException($"{path}: there is no such folder; give a run, such as runs/00001-digits.");
        if (!IsRun(path)) throw new InvalidDataException($"{path}: not the folder of a run; it has no config.yaml.");
        string full = Path.GetFullPath(path);
        return new RunDirectory(full, TrainConfig.Load(Path.Combine(full, "config.yaml")));
    }

    /// <summary>True for a folder that <see cref="Open"/> takes for a run.</summary>
    /// <param name="path">Any path.</param>
    public static bool IsRun(string path) => File.Exists(Path.Combine(path, "config.yaml"));

    /// <summary>
    /// Sets another configuration, for instance to train longer. The folder keeps its name, and every earlier configuration is kept as
    /// <c>config-step-NNNNNNNN.yaml</c>, by the step of the newest checkpoint that it led to; of two at the same step, the later one as
    /// <c>config-step-NNNNNNNN-2.yaml</c>, and so on.
    /// </summary>
    /// <param name="config">What to do from the next checkpoint on.</param>
    /// <exception cref="ArgumentException">The configuration has a value that cannot be used.</exception>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    public void Reconfigure(TrainConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        Files.Naming(ConfigPath, () =>
        {
            KeepConfiguration();
            AtomicFile.Write(ConfigPath, config.ToYaml(), overwrite: true);
        });
        Config = config;
    }

    /// <summary>Where the images were, by the present configuration and those that were kept; one that cannot be read is passed over.</summary>
    internal IEnumerable<string> ImagePaths()
    {
        yield return Config.Dataset.ImagePath;
        foreach (string path in Directory.EnumerateFiles(FullPath, "config-step-*.yaml"))
        {
            TrainConfig kept;
            try
            {
                kept = TrainConfig.Load(path);
            }
            catch (InvalidDataException)
            {
                continue;
            }
            yield return kept.Dataset.ImagePath;
        }
    }

    // First the copy, then the replacement: a kill between them leaves a copy that the next attempt finds.
    void KeepConfiguration()
    {
        byte[] old = File.ReadAllBytes(ConfigPath);
        string name = $"config-{CheckpointStore.NameOf(new CheckpointStore(CheckpointsPath).Steps().FirstOrDefault())}";
        for (int number = 1; ; number++)
        {
            string path = Path.Combine(FullPath, number == 1 ? $"{name}.yaml" : string.Create(CultureInfo.InvariantCulture, $"{name}-{number}.yaml"));
            if (!File.Exists(path))
            {
                AtomicFile.Write(path, old);
                return;
            }
            if (File.ReadAllBytes(path).AsSpan().SequenceEqual(old)) return;
        }
    }

    /// <summary>Whether a process trains it now.</summary>
    internal bool IsBeingTrained
    {
        get
        {
            string path = Path.Combine(FullPath, ".lock");
            if (!File.Exists(path)) return false;
            try
            {
                using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
                return false;
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
            {
                return false;       // it is being deleted, or is another user's
            }
            catch (IOException)
            {
                return true;
            }
        }
    }

    /// <summary>The model of one of its checkpoints.</summary>
    /// <param name="which">A step, <c>best</c> or <c>last</c>.</param>
    /// <param name="isRaw">The weights themselves, not their average.</param>
    /// <param name="device">Where it will compute.</param>
    /// <param name="warn">Told about checkpoints that were passed over because they are damaged.</param>
    /// <exception cref="ArgumentException">There is no such checkpoint; the message names those that there are.</exception>
    /// <exception cref="InvalidDataException">It is damaged, or none is whole.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public DiffusionModel OpenModel(string which, bool isRaw, Device device, Action<string>? warn = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(which);
        ArgumentNullException.ThrowIfNull(device);
        var store = new CheckpointStore(CheckpointsPath);
        List<long> steps = store.Steps();
        if (steps.Count == 0) throw new InvalidDataException($"{CheckpointsPath}: the run has no checkpoint yet.");
        string file = isRaw ? CheckpointStore.WeightsName : CheckpointStore.AverageName;
        DiffusionModel? model = null;
        if (which == "last")
        {
            store.Newest(warn ?? (_ => { }), (folder, manifest) => model = RunFormat.Load(this, folder, manifest, device, file), file);
            return model!;
        }
        long? step = which == "best" ? store.Best(Config.Train.Best)?.Step
            : long.TryParse(which, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number
            : throw new ArgumentException($"there is no checkpoint '{which}'; give a step, best or last.");
        if (step is not { } found || !steps.Contains(found))
            throw new ArgumentException($"{FullPath}: there is no checkpoint of step {which}; there are {string.Join(", ", steps.Order())}, and best and last of these.");
        string path = store.PathOf(found);
        CheckpointManifest chosen = CheckpointManifest.Read(path);
        chosen.Verify(path, file);
        return RunFormat.Load(this, path, chosen, device, file);
    }

    /// <summary>Keeps other processes from training the same run until disposed; the system lets go when a process dies.</summary>
    internal FileStream Lock()
    {
        try
        {
            return Files.Naming(FullPath, () =>
                new FileStream(Path.Combine(FullPath, ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException e) when (File.Exists(Path.Combine(FullPath, ".lock")))
        {
            throw new IOException($"{FullPath}: another process is training this run ({e.Message.TrimEnd('.')}).", e);
        }
    }
}

/// <summary>A run as a model: the averaged weights of its newest checkpoint that is whole.</summary>
sealed class RunFormat : IModelFormat
{
    public string Description => "a run (config.yaml)";

    public bool Is(string path) => RunDirectory.IsRun(path);

    public DiffusionModel Open(string path, Device device, Action<string> warn)
    {
        RunDirectory run = RunDirectory.Open(path);
        DiffusionModel? model = null;
        // The moments of the optimiser are nothing to sampling.
        new CheckpointStore(run.CheckpointsPath).Newest(
            warn, (folder, manifest) => model = Load(run, folder, manifest, device), CheckpointStore.AverageName);
        return model ?? throw new InvalidDataException($"{run.CheckpointsPath}: the run has no checkpoint yet.");
    }

    public static DiffusionModel Load(
        RunDirectory run, string folder, CheckpointManifest manifest, Device device, string file = CheckpointStore.AverageName) =>
        DiffusionModel.Load(Describe(run, manifest), Path.Combine(folder, file), device);

    /// <summary>What a configuration and a checkpoint together say of the model.</summary>
    public static ModelDescription Describe(RunDirectory run, CheckpointManifest manifest) =>
        ModelDescription.Of(run.Config) with { Classes = Values.Of<string>([.. manifest.Classes ?? []]), Step = manifest.Step };
}

/// <summary>One checkpoint of a run as a model: its averaged weights.</summary>
sealed class CheckpointFormat : IModelFormat
{
    public string Description => $"a checkpoint of a run ({CheckpointManifest.FileName})";

    public bool Is(string path) =>
        File.Exists(Path.Combine(path, CheckpointManifest.FileName)) && File.Exists(Path.Combine(path, CheckpointStore.AverageName));

    public DiffusionModel Open(string path, Device device, Action<string> warn)
    {
        string parent = Path.GetFullPath(Path.Combine(path, "..", ".."));
        if (!RunDirectory.IsRun(parent))
            throw new InvalidDataException($"{path}: a checkpoint without its run, which says what network it is of; put it back, or give a model folder.");
        CheckpointManifest manifest = CheckpointManifest.Read(path);
        manifest.Verify(path, CheckpointStore.AverageName);
        return RunFormat.Load(RunDirectory.Open(parent), path, manifest, device);
    }
}
