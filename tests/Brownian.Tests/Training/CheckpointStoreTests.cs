namespace Brownian.Tests;

public sealed class CheckpointStoreTests : IDisposable
{
    readonly ScratchFolder _folder = new();
    readonly List<string> _warnings = [];

    public void Dispose() => _folder.Dispose();

    CheckpointStore Store => new(_folder.Root);

    static CheckpointManifest Manifest(long step, double loss = 1) => new()
    {
        Version = CheckpointManifest.CurrentVersion,
        Step = step,
        ImagesSeen = step * 8,
        OptimizerStep = step,
        EmaUpdates = step,
        SmoothedLoss = loss,
        SecondsTrained = 0.1 * step,
        ConfigHash = "c0ffee",
    };

    void Save(long step, double loss = 1) => Store.Save(Manifest(step, loss), folder =>
    {
        File.WriteAllBytes(Path.Combine(folder, "weights.safetensors"), [.. Enumerable.Range(0, 200).Select(i => (byte)(i * step))]);
        File.WriteAllText(Path.Combine(folder, "ema.safetensors"), $"averages of step {step}");
    });

    long? Newest() => Store.Newest(_warnings.Add, (_, _) => { })?.Step;

    [Fact]
    public void The_newest_whole_checkpoint_is_found()
    {
        Assert.Null(Newest());
        Save(5);
        Save(10);
        CheckpointManifest found = Store.Newest(_warnings.Add, (_, _) => { })!;
        CheckpointManifest saved = Manifest(10);
        Assert.Equal(saved, found with { Files = saved.Files, Seal = "" });
        Assert.Equal(["ema.safetensors", "weights.safetensors"], found.Files.Keys);
        Assert.Empty(_warnings);
    }

    [Fact]
    public void Any_cut_of_any_file_falls_back_to_the_checkpoint_before()
    {
        Save(5);
        var random = new Random(7);
        foreach (string name in (string[])["weights.safetensors", "ema.safetensors", "manifest.json"])
        {
            for (int trial = 0; trial < 4; trial++)
            {
                Save(10);
                string path = Path.Combine(Store.PathOf(10), name);
                using (FileStream file = File.OpenWrite(path)) file.SetLength(trial == 0 ? 0 : random.NextInt64(file.Length));
                ExpectFallback(path);
            }
        }
    }

    [Fact]
    public void Any_flipped_bit_falls_back_to_the_checkpoint_before()
    {
        Save(5);
        var random = new Random(8);
        foreach (string name in (string[])["weights.safetensors", "ema.safetensors", "manifest.json"])
        {
            for (int trial = 0; trial < 6; trial++)
            {
                Save(10);
                string path = Path.Combine(Store.PathOf(10), name);
                byte[] bytes = File.ReadAllBytes(path);
                int at = random.Next(bytes.Length);
                // A change of white space between the manifest's fields changes nothing that is said.
                if (char.IsWhiteSpace((char)bytes[at])) continue;
                bytes[at] ^= (byte)(1 << random.Next(8));
                File.WriteAllBytes(path, bytes);
                ExpectFallback(path: null);
            }
        }
    }

    [Fact]
    public void A_missing_file_falls_back_and_only_damage_is_an_error()
    {
        Save(5);
        foreach (string name in (string[])["weights.safetensors", "manifest.json"])
        {
            Save(10);
            File.Delete(Path.Combine(Store.PathOf(10), name));
            ExpectFallback(Path.Combine(Store.PathOf(10), name));
        }
        File.Delete(Path.Combine(Store.PathOf(5), "weights.safetensors"));
        string message = Assert.Throws<InvalidDataException>(() => Newest()).Message;
        Assert.StartsWith(_folder.Root, message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_manifest_that_names_a_file_elsewhere_is_refused()
    {
        string outside = _folder.Write("outside", "x");
        Directory.CreateDirectory(Store.PathOf(3));
        CheckpointManifest manifest = Manifest(3) with
        {
            Files = new Dictionary<string, FileSeal> { ["../outside"] = new(1, Files.Sha256(outside)) },
        };
        manifest.Write(Store.PathOf(3));
        Assert.Throws<InvalidDataException>(() => Newest());
        Assert.Contains("is no file name", Assert.Single(_warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void The_last_and_the_best_are_kept()
    {
        double[] losses = [0.9, 0.5, 0.2, 0.4, 0.3, 0.35, 0.33];
        for (int i = 0; i < losses.Length; i++)
        {
            Save((i + 1) * 10, losses[i]);
            Store.Prune(keep: 2);
        }
        Assert.Equal([70, 60, 30], Store.Steps());
        Assert.Equal(3, Directory.EnumerateFileSystemEntries(_folder.Root).Count());
    }

    [Fact]
    public void The_best_can_be_that_of_the_best_evaluation()
    {
        (double Loss, double? Evaluation)[] saved = [(0.9, null), (0.1, 30), (0.5, 20), (0.2, 25), (0.25, 24), (0.3, null)];
        for (int i = 0; i < saved.Length; i++)
        {
            Store.Save(Manifest((i + 1) * 10) with { SmoothedLoss = saved[i].Loss, Evaluation = saved[i].Evaluation }, folder =>
                File.WriteAllText(Path.Combine(folder, "weights.safetensors"), "x"));
            Store.Prune(keep: 2, BestBy.Evaluation);
        }
        Assert.Equal([60, 50, 30], Store.Steps());
        Assert.Equal(20, CheckpointManifest.Read(Store.PathOf(30)).Evaluation);
        Store.Prune(keep: 1);       // by loss it was another, which is gone
        Assert.Equal([60, 50], Store.Steps());
    }

    [Fact]
    public void A_full_disk_leaves_the_earlier_checkpoints_alone()
    {
        Save(5);
        IOException error = Assert.Throws<IOException>(() => Store.Save(Manifest(10), folder =>
        {
            File.WriteAllText(Path.Combine(folder, "weights.safetensors"), "half");
            throw new IOException("No space left on device");
        }));
        Assert.StartsWith(Store.PathOf(10), error.Message, StringComparison.Ordinal);
        Assert.Contains("No space left on device", error.Message, StringComparison.Ordinal);
        Assert.Equal(5, Newest());
        Assert.Single(Directory.EnumerateFileSystemEntries(_folder.Root));
    }

    [Fact]
    public void What_a_killed_process_left_is_removed()
    {
        Save(5);
        Directory.CreateDirectory(_folder.Path(".new-123/deep"));
        Directory.CreateDirectory(_folder.Path(".old-123"));
        Assert.Equal(5, Newest());
        Store.CleanUp();
        Assert.Equal([Store.PathOf(5)], Directory.EnumerateFileSystemEntries(_folder.Root));
    }

    void ExpectFallback(string? path)
    {
        _warnings.Clear();
        Assert.Equal(5, Newest());
        string warning = Assert.Single(_warnings);
        Assert.StartsWith(path ?? Store.PathOf(10), warning, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', warning);
    }
}
