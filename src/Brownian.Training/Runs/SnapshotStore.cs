using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// The averages of a few widths that a run keeps while it trains (<c>train_params.ema_snapshots</c>), from which <see cref="PostHocEma"/>
/// makes those of other widths afterwards (Karras et al. 2024).
/// </summary>
/// <param name="run">The run.</param>
public sealed class SnapshotStore(RunDirectory run)
{
    /// <summary>How far the profile of an average may be from the one that was asked for, as a share of its norm.</summary>
    const double MostError = 0.1;

    /// <summary>What counts less than this is not read: it is rounding.</summary>
    const double LeastWeight = 1e-6;

    readonly CheckpointStore _store = new(run.SnapshotsPath);
    readonly CheckpointStore _checkpoints = new(run.CheckpointsPath);

    /// <summary>The steps after which averages were kept, in order. The newest checkpoint holds them too.</summary>
    public IReadOnlyList<long> Steps => [.. _store.Steps().Order()];

    /// <summary>The file of an average in a snapshot and in a checkpoint.</summary>
    internal static string NameOf(double width) => string.Create(CultureInfo.InvariantCulture, $"ema-{width:R}.safetensors");

    internal void Save(CheckpointManifest manifest, Action<string> write) => _store.Save(manifest, write);

    /// <summary>Removes what a process left that was killed after the checkpoint from which training goes on.</summary>
    internal void ForgetAfter(long step)
    {
        _store.CleanUp();
        foreach (long later in _store.Steps().Where(kept => kept > step)) Files.DeleteFolder(_store.PathOf(later));
    }

    /// <summary>Keeps at most so many: a run that is continued beyond its length has more than it was meant to.</summary>
    internal void Thin(int most)
    {
        for (List<long> steps = [.. Steps]; steps.Count > most;)
        {
            // Without the one whose neighbours are nearest to each other the rest is most even. The last is what there is of the end.
            int nearest = Enumerable.Range(0, steps.Count - 1).MinBy(i => steps[i + 1] - (i == 0 ? 0 : steps[i - 1]));
            Files.DeleteFolder(_store.PathOf(steps[nearest]));
            steps.RemoveAt(nearest);
        }
    }

    /// <summary>The model with an average of any width that the snapshots allow.</summary>
    /// <param name="width">σ_rel: the standard deviation of what the average remembers, as a share of the training up to <paramref name="step"/>.</param>
    /// <param name="step">After which step, one of <see cref="Steps"/> or the newest checkpoint's; null for the last of these.</param>
    /// <param name="device">Where the model will compute.</param>
    /// <param name="warn">Told about snapshots that were passed over because they are damaged.</param>
    /// <exception cref="ArgumentException">The width or the step is not one that the snapshots allow.</exception>
    /// <exception cref="InvalidDataException">The run has no snapshots, or none is whole.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public ReconstructedEma Open(double width, long? step, Device device, Action<string>? warn = null)
    {
        ArgumentNullException.ThrowIfNull(device);
        List<Snapshot> snapshots = Whole(warn ?? (_ => { }));
        if (snapshots.Count == 0)
        {
            throw new InvalidDataException(
                $"{run.FullPath}: no snapshots of averages, which train_params.ema_snapshots=16 keeps while a run trains; without them there is the one average of its model.");
        }
        long wanted = step ?? snapshots[^1].Manifest.Step;
        if (snapshots.Find(snapshot => snapshot.Manifest.Step == wanted) is not { } last)
        {
            throw new ArgumentException(
                $"{run.FullPath}: no averages of step {wanted} were kept; give one of {string.Join(", ", snapshots.Select(snapshot => snapshot.Manifest.Step))}.");
        }
        Kept[] kept =
        [
            .. from snapshot in snapshots
               where snapshot.Manifest.Step <= wanted
               from tracked in run.Config.Train.EmaWidths
               select new Kept(snapshot, tracked, ProfileOf(tracked, snapshot.Manifest.Step)),
        ];
        PowerProfile[] profiles = [.. kept.Select(one => one.Profile)];
        PostHocEma? made = width is >= PowerProfile.LeastWidth and <= PowerProfile.MostWidth ? PostHocEma.Of(profiles, ProfileOf(width, wanted)) : null;
        if (made is null || made.Error > MostError) throw OutOfRange(width, wanted, profiles);
        DiffusionModel model = Combined(kept, made.Weights, RunFormat.Describe(run, last.Manifest), device, out int used);
        return new ReconstructedEma(model, width, wanted, made.Error, used, kept.Length);
    }

    static PowerProfile ProfileOf(double width, long step) => new(step, PowerProfile.ExponentOf(width));

    // Oldest first. The newest checkpoint holds the averages of its step, which need be none of the snapshots'.
    List<Snapshot> Whole(Action<string> warn)
    {
        var found = new SortedDictionary<long, Snapshot>();
        long? newest = _checkpoints.Steps() is [long last, ..] ? last : null;
        foreach (string folder in _store.Steps().Select(_store.PathOf).Concat(newest is { } at ? [_checkpoints.PathOf(at)] : []))
        {
            try
            {
                CheckpointManifest manifest = CheckpointManifest.Read(folder);
                if (!run.Config.Train.EmaWidths.All(width => manifest.Files.ContainsKey(NameOf(width)))) continue;
                foreach (double width in run.Config.Train.EmaWidths) manifest.Verify(folder, NameOf(width));
                found.TryAdd(manifest.Step, new Snapshot(folder, manifest));
            }
            catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
            {
                warn($"{e.Message.TrimEnd('.')}; the average is made without it.");
            }
        }
        return [.. found.Values];
    }

    static DiffusionModel Combined(Kept[] kept, IReadOnlyList<double> weights, ModelDescription description, Device device, out int used)
    {
        using DeviceTurn turn = device.TakeTurn();
        IDenoisingNetwork network = description.Model.CreateNetwork(device);
        ParameterSet parameters = network.Parameters;
        Tensor one = parameters.NewBuffer();
        var made = new StringBuilder();
        device.Fill(parameters.Values, 0);
        used = 0;
        for (int i = 0; i < kept.Length; i++)
        {
            if (Math.Abs(weights[i]) < LeastWeight) continue;
            (Snapshot snapshot, double width, _) = kept[i];
            ParameterFile.Read(Path.Combine(snapshot.Folder, NameOf(width)), parameters, ("", one));
            device.Affine((float)weights[i], one, 0, null, parameters.Values, accumulate: true);
            made.Append(CultureInfo.InvariantCulture, $"{snapshot.Manifest.Files[NameOf(width)].Sha256} {(float)weights[i]:R}\n");
            used++;
        }
        if (parameters.Any(parameter => !parameter.IsTrained))
        {
            // As an average that is updated has it: running statistics are averages already.
            ParameterFile.Read(Path.Combine(kept[^1].Snapshot.Folder, NameOf(kept[^1].Width)), parameters, ("", one));
            device.Affine(1, parameters.UntrainedPart(one), 0, null, parameters.UntrainedPart(parameters.Values), accumulate: false);
        }
        // No file holds these weights; what they were made of stands for them.
        return new DiffusionModel(description, network, device, Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(made.ToString()))));
    }

    ArgumentException OutOfRange(double width, long step, PowerProfile[] profiles)
    {
        const int Tried = 100;
        double[] allowed =
        [
            .. Enumerable.Range(0, Tried)
                .Select(i => Math.Round(PowerProfile.LeastWidth * Math.Pow(PowerProfile.MostWidth / PowerProfile.LeastWidth, i / (Tried - 1.0)), 3))
                .Where(tried => tried <= PowerProfile.MostWidth && PostHocEma.Of(profiles, ProfileOf(tried, step)).Error <= MostError),
        ];
        string range = string.Join(allowed.Length == 0 ? " or " : " to ", allowed is [double least, .., double most] ? [least, most] : run.Config.Train.EmaWidths);
        return new ArgumentException(string.Create(
            CultureInfo.InvariantCulture,
            $"{run.FullPath}: a width of {width} is not what the {profiles.Length} averages kept up to step {step} allow: give {range}; more snapshots would allow more."));
    }

    sealed record Snapshot(string Folder, CheckpointManifest Manifest);

    readonly record struct Kept(Snapshot Snapshot, double Width, PowerProfile Profile);
}

/// <summary>A model with an average that was made after training.</summary>
/// <param name="Model">The model.</param>
/// <param name="Width">σ_rel of the average.</param>
/// <param name="Step">After which step.</param>
/// <param name="Error">How far its profile is from the wanted one, as a share of that one's norm: see <see cref="PostHocEma.Error"/>.</param>
/// <param name="Used">How many of the kept averages it was made of.</param>
/// <param name="Kept">How many there are up to that step.</param>
public sealed record ReconstructedEma(DiffusionModel Model, double Width, long Step, double Error, int Used, int Kept);
