namespace Brownian;

/// <summary>Runs that have reached their length and left a model: there is nothing to do for them, with or without their images.</summary>
public static class FinishedRun
{
    /// <summary>What the training of a run came to; null where there is something left to do. Nothing is written.</summary>
    /// <param name="run">The run.</param>
    /// <param name="config">What to do with it, such as train longer; null for what it was asked to do.</param>
    public static TrainResult? Of(RunDirectory run, TrainConfig? config = null)
    {
        ArgumentNullException.ThrowIfNull(run);
        var checkpoints = new CheckpointStore(run.CheckpointsPath);
        if (checkpoints.Steps() is not [long last, ..]) return null;
        try
        {
            string folder = checkpoints.PathOf(last), model = Path.Combine(run.ModelPath, ModelDescription.FileName);
            var manifest = CheckpointManifest.Read(folder);
            if (manifest.Step != last || !(last >= LengthOf(run, config ?? run.Config, manifest)) || !File.Exists(model)) return null;
            if (ModelDescription.Read(model).Description.Step != last) return null;
            manifest.Verify(folder);
            string grid = Path.Combine(run.SamplesPath, $"{CheckpointStore.NameOf(last)}.png");
            return new TrainResult(
                true, last, manifest.SmoothedLoss, manifest.SecondsTrained, run.ModelPath, File.Exists(grid) ? grid : null, Forecast: null);
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            return null;        // training says what is wrong with it, or makes it again
        }
    }

    // Null where it depends on a number of images that an earlier version did not note.
    static long? LengthOf(RunDirectory run, TrainConfig config, CheckpointManifest manifest)
    {
        TrainParams train = config.Train.Minutes is null ? config.Train : run.Config.Train;
        if (train.Steps is { } steps) return steps;
        if (manifest.DataCount is not { } count) return null;
        int images = count - HeldOutImages.CountOf(count, train.ValidationFraction);
        return images >= train.BatchSize ? new TrainingPlan(train, images / train.BatchSize).TotalSteps : null;
    }
}
