namespace Brownian.Training;

/// <summary>A value that cannot be used.</summary>
sealed record ConfigProblem(string Section, string Key, string Message)
{
    public override string ToString() => $"{Section}.{Key} {Message}";
}

/// <summary>What values a configuration may have: the one place that says so.</summary>
static class ConfigRules
{
    public static ConfigProblem? FirstProblem(TrainConfig config) =>
        Check("dataset_params", Of(config.Dataset))
        ?? Check("diffusion_params", DiffusionRules.Of(config.Diffusion))
        ?? Check("model_params", config.Model.Rules())
        ?? Check("diffusion_params", DiffusionRules.Of(config.Diffusion, config.Model))
        ?? Check("train_params", Of(config.Train, config.Diffusion.MostSteps))
        ?? Check("train_params", LossRules.Of(config.Train, config.Diffusion, config.Model))
        ?? Check("sample_params", SampleRules.Of(config.Sampling, config.Diffusion));

    static IEnumerable<(string Key, bool Good, string Message)> Of(DatasetParams s)
    {
        yield return ("im_path", s.ImagePath != "", "is empty; give a path, or 'digits' for the built-in set");
        yield return ("im_channels", s.ImageChannels is null or 1 or 3 or 4, $"is {s.ImageChannels}; images have 1, 3 or 4");
        yield return ("count", s.Count is >= 1 and <= 1_000_000, $"is {s.Count}; draw 1 to 1000000 digits");
        yield return ("limit", s.Limit is null or >= 1, $"is {s.Limit}; use at least 1 image");
        yield return ("resize", Enum.IsDefined(s.Resize), $"is {s.Resize}, which does not exist");
        yield return ("interpolation", Enum.IsDefined(s.Interpolation), $"is {s.Interpolation}, which does not exist");
        yield return ("crop", Enum.IsDefined(s.Crop), $"is {s.Crop}, which does not exist");
        yield return ("cache", Enum.IsDefined(s.Cache), $"is {s.Cache}, which does not exist");
    }

    static IEnumerable<(string Key, bool Good, string Message)> Of(TrainParams s, int timesteps)
    {
        yield return ("task_name", IsName(s.TaskName), $"is '{s.TaskName}'; use letters, digits, '.', '-' and '_', at most 100 of them");
        yield return ("batch_size", s.BatchSize >= 1, $"is {s.BatchSize}; it must be at least 1");
        yield return ("num_steps", s.Steps is null || s.Epochs is null, "and num_epochs are both given; give one");
        yield return ("num_epochs", s.Epochs is null or >= 1, $"is {s.Epochs}; it must be at least 1");
        yield return ("num_steps", s.Steps is null or >= 1, $"is {s.Steps}; it must be at least 1");
        yield return ("num_samples", s.Samples is >= 1 and <= 10_000, $"is {s.Samples}; it must be 1 to 10000");
        yield return ("num_grid_rows", s.GridColumns >= 1, $"is {s.GridColumns}; it must be at least 1");
        yield return ("lr", s.LearningRate is > 0 and < 100, $"is {s.LearningRate}; it must be above 0");
        yield return ("optimizer", Enum.IsDefined(s.Optimizer), $"is {s.Optimizer}, which does not exist");
        yield return ("betas", s.Betas.Count == 2 && s.Betas.All(b => b is >= 0 and < 1),
            $"is {s.Betas}; give two numbers from 0 to below 1");
        yield return ("eps", s.Epsilon is > 0 and < 1, $"is {s.Epsilon}; it must be above 0");
        yield return ("weight_decay", s.WeightDecay is >= 0 and < 1, $"is {s.WeightDecay}; it must be from 0 to below 1");
        yield return ("clip_grad_norm", s.ClipGradNorm >= 0, $"is {s.ClipGradNorm}; it must be above 0, or 0 for no limit");
        yield return ("lr_schedule", Enum.IsDefined(s.LearningRateSchedule), $"is {s.LearningRateSchedule}, which does not exist");
        yield return ("lr_warmup_steps", s.WarmupSteps >= 0, $"is {s.WarmupSteps}; it must be at least 0");
        yield return ("gradient_accumulation", s.GradientAccumulation >= 1, $"is {s.GradientAccumulation}; it must be at least 1");
        yield return ("ema_decay", s.EmaDecay is >= 0 and < 1, $"is {s.EmaDecay}; it must be from 0 to below 1");
        yield return ("checkpoint_steps", s.CheckpointSteps >= 1, $"is {s.CheckpointSteps}; it must be at least 1");
        yield return ("keep_checkpoints", s.KeepCheckpoints >= 1, $"is {s.KeepCheckpoints}; it must be at least 1");
        yield return ("sample_steps", s.SampleSteps >= 0, $"is {s.SampleSteps}; it must be at least 0");
        yield return ("first_sample_step", s.FirstSampleStep >= 0, $"is {s.FirstSampleStep}; it must be at least 0");
        yield return ("sample_epochs", s.SampleEpochs >= 0, $"is {s.SampleEpochs}; it must be at least 0");
        yield return ("sample_timesteps", s.SampleTimesteps is null || (s.SampleTimesteps >= 1 && s.SampleTimesteps <= timesteps),
            $"is {s.SampleTimesteps}; it must be 1 to num_timesteps, {timesteps}");
        yield return ("threads", s.Threads is >= 0 and <= 1024, $"is {s.Threads}; it must be 0 (one per physical core) to 1024");
    }

    static bool IsName(string name) =>
        name.Length is >= 1 and <= 100 && name[0] != '.' && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');

    static ConfigProblem? Check(string section, IEnumerable<(string Key, bool Good, string Message)> rules)
    {
        foreach ((string key, bool good, string message) in rules)
        {
            if (!good) return new ConfigProblem(section, key, $"{message}.");
        }
        return null;
    }
}
