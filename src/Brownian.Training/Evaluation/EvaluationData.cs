namespace Brownian;

/// <summary>The real images that a model is compared with.</summary>
public static class EvaluationData
{
    /// <summary>A configuration that names the images and brings them to the model's size, as for its training.</summary>
    /// <param name="model">What is judged.</param>
    /// <param name="path">Where it was opened: those of a run are the run's.</param>
    /// <param name="data">Other images; null for those that it learned from.</param>
    /// <param name="isBuiltIn">It learned from the built-in digits.</param>
    /// <param name="source">Which part of the images, and what their classes are; null as for training.</param>
    /// <exception cref="ArgumentException">Nothing says what the model learned from.</exception>
    public static TrainConfig Of(DiffusionModel model, string path, string? data, bool isBuiltIn, SourceOptions? source = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(path);
        TrainConfig? run = RunOf(path);
        TrainConfig config = run ?? model.Description.ToConfig();
        if (run is null && isBuiltIn) config = config with { Dataset = Presets.Load(DatasetParams.Digits).Dataset };
        if (data is not null) config = config with { Dataset = config.Dataset with { ImagePath = data, Limit = null } };
        else if (run is null && !isBuiltIn)
            throw new ArgumentException($"{path}: a model folder does not say where its images are; name them with --data PATH.");
        if (source is null) return config;
        if (config.Dataset.IsBuiltIn) return source.Split == DataSplit.Train ? config : HeldOutDigits(config, source.Split);
        DatasetParams set = config.Dataset with { Split = source.Split, Labels = source.Labels };
        // A limit was one of the images to train on.
        return config with { Dataset = source.Split == DataSplit.Train ? set : set with { Limit = null } };
    }

    /// <summary>Whether images are those that a model learned from, as far as can be known: a model folder does not say where its images were.</summary>
    /// <param name="path">Where the model was opened.</param>
    /// <param name="config">Names the images.</param>
    public static bool IsOfTraining(string path, TrainConfig config)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(config);
        TrainConfig? run = RunOf(path);
        return config.Dataset.Split == (run?.Dataset.Split ?? DataSplit.Train) && (run is null || Place(run) == Place(config));

        static string Place(TrainConfig of) => of.Dataset.IsBuiltIn ? of.Dataset.ImagePath : Path.GetFullPath(DataPlaces.Find(of.Dataset.ImagePath));
    }

    /// <summary>Images of the same kind that a model did not learn from: another part of the set; null where there is none.</summary>
    /// <param name="config">Names the images that it learned from.</param>
    public static TrainConfig? HeldOut(TrainConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (config.Dataset.Split != DataSplit.Train) return null;
        if (config.Dataset.IsBuiltIn) return HeldOutDigits(config, DataSplit.Test);
        string own = FingerprintOf(config)!;
        foreach (DataSplit split in (DataSplit[])[DataSplit.Test, DataSplit.Val])
        {
            TrainConfig other = config with { Dataset = config.Dataset with { Split = split, Limit = null } };
            if (FingerprintOf(other) is { } found && found != own) return other;
        }
        return null;
    }

    // They have no parts: those of another hand are as good as a test set.
    static TrainConfig HeldOutDigits(TrainConfig config, DataSplit split) =>
        config with { Dataset = config.Dataset with { Split = split }, Train = config.Train with { Seed = config.Train.Seed + 1 } };

    // A set without parts is the same whichever is asked for.
    static string? FingerprintOf(TrainConfig config)
    {
        try
        {
            using IImageSource source = ConfiguredDataset.Source(config);
            return source.Fingerprint(source.Count);
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    // A model that a run left lies in it, and so do its checkpoints.
    static TrainConfig? RunOf(string path)
    {
        if (!Directory.Exists(path)) return null;
        string? folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        for (int up = 0; up < 3 && folder is not null; up++, folder = Path.GetDirectoryName(folder))
        {
            // A state dict has a config.yaml too, which says nothing of its images.
            if (RunDirectory.IsRun(folder) && Directory.Exists(Path.Combine(folder, "checkpoints"))) return RunDirectory.Open(folder).Config;
        }
        return null;
    }
}
