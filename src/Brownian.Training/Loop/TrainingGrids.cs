namespace Brownian;

/// <summary>
/// The grids of samples that a training draws. Where nobody said how they are drawn, all of them together take at most a twentieth of the time: a
/// tutorial's file asks for a hundred images in a thousand steps after every few epochs, which can take longer than the training.
/// </summary>
/// <param name="Count">Images in a grid.</param>
/// <param name="Sampling">How they are drawn; what is null is as the model is sampled from.</param>
/// <param name="Note">What was made cheaper, in words; empty for nothing.</param>
sealed record TrainingGrids(int Count, SampleParams Sampling, string Note)
{
    /// <summary>Of the time, for all grids …</summary>
    const double Share = 0.05;

    /// <summary>… but this is little in any case.</summary>
    const double LittleSeconds = 5;

    /// <summary>Steps of a solver that looks like many of an ancestral sampler.</summary>
    const int QuickSteps = 20;

    /// <summary>As the configuration has them.</summary>
    public static TrainingGrids Asked(TrainConfig config) =>
        new(config.Train.Samples, config.Train.SampleTimesteps is { } steps ? new SampleParams { Steps = steps } : new SampleParams(), "");

    /// <param name="config">What is trained.</param>
    /// <param name="pace">How fast.</param>
    /// <param name="trainingSeconds">What the steps to come take.</param>
    /// <param name="grids">How many are to come.</param>
    public static TrainingGrids Of(TrainConfig config, TrainPace pace, double trainingSeconds, long grids)
    {
        TrainingGrids asked = Asked(config);
        bool isSaid = config.Train.SampleTimesteps is not null || config.Sampling.Sampler is not null || config.Sampling.Steps is not null;
        if (grids == 0 || isSaid) return asked;
        double most = Math.Max(LittleSeconds, Share * trainingSeconds) / grids;
        if (asked.Seconds(config, pace) <= most) return asked;
        SampleParams quick = config.Diffusion.Process == ProcessKind.Ddpm ? new SampleParams { Sampler = "dpmpp_2m" } : new SampleParams();
        TrainingGrids cheaper = asked with { Sampling = quick with { Steps = Math.Min(QuickSteps, config.Diffusion.MostSteps - 1) } };
        if (cheaper.Seconds(config, pace) >= asked.Seconds(config, pace)) cheaper = asked;
        int columns = config.Train.GridColumns, rows = (int)Math.Clamp(most / cheaper.Seconds(config, pace) * asked.Count / columns, 1, int.MaxValue);
        cheaper = cheaper with { Count = (int)Math.Min(asked.Count, (long)rows * columns) };
        string sampler = cheaper.Sampling.Steps is { } steps ? FormattableString.Invariant($" in {Counted.Of(steps, "step")}{(quick.Sampler is null ? "" : $" of {quick.Sampler}")}") : "";
        return cheaper with { Note = FormattableString.Invariant($"of {Counted.Of(cheaper.Count, "image")}{sampler}, so that they take a twentieth of the time; train_params.sample_timesteps={config.Diffusion.MostSteps} for all steps") };
    }

    /// <summary>Drawing one.</summary>
    public double Seconds(TrainConfig config, TrainPace pace) => pace.DrawingSeconds(config, Sampling, Count);
}
