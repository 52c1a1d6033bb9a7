using Brownian.Diffusion;

namespace Brownian.Training;

/// <summary>What values <see cref="DiffusionParams"/> may have.</summary>
static class DiffusionRules
{
    public static IEnumerable<(string Key, bool Good, string Message)> Of(DiffusionParams s)
    {
        yield return ("process", Enum.IsDefined(s.Process), $"is {s.Process}, which does not exist");
        yield return ("prediction_type", s.PredictionType is not { } type || Enum.IsDefined(type), $"is {s.PredictionType}, which does not exist");
        yield return ("variance", Enum.IsDefined(s.Variance), $"is {s.Variance}, which does not exist");
        IEnumerable<(string, bool, string)> rules = s.Process == ProcessKind.Ddpm ? OfSchedule(s) : OfContinuum(s);
        foreach ((string, bool, string) rule in rules) yield return rule;
        yield return ("clip_sample_range", s.ClipSampleRange is > 0 and <= 1e6, $"is {s.ClipSampleRange}; it must be above 0, and images fill 1");
        yield return ("dynamic_thresholding_ratio", s.ThresholdingRatio is > 0 and <= 1, $"is {s.ThresholdingRatio}; it must be above 0 and at most 1");
        yield return ("sample_max_value", s.SampleMaxValue >= 1, $"is {s.SampleMaxValue}; it must be at least 1");
    }

    /// <summary>What they may be together with a network.</summary>
    public static IEnumerable<(string Key, bool Good, string Message)> Of(DiffusionParams s, ModelParams model)
    {
        int needed = 2 * model.Channels;
        string mend = model.ChannelKeys.Contains("out_channels")
            ? $"set model_params.out_channels to {needed}"
            : $"a {model.Type} cannot do that; use unet2d, or a variance of small or large";
        yield return ("variance", !s.LearnsVariance || model.OutputChannels == needed,
            $"is {ConfigText.Of(s.Variance)}, which takes {needed} channels of the network's answer instead of {model.OutputChannels}; {mend}");
        if (model.TimestepLimit is not (string key, int most)) yield break;
        yield return ("process", s.Process == ProcessKind.Ddpm,
            $"is {ConfigText.Of(s.Process)}, whose times go beyond the {most} timesteps that the network knows; use ddpm, or another model_params.type");
        yield return ("num_timesteps", s.Timesteps <= most,
            $"is {s.Timesteps}, but the network knows {most}; raise model_params.{key}, or lower num_timesteps");
    }

    static IEnumerable<(string Key, bool Good, string Message)> OfSchedule(DiffusionParams s)
    {
        double scale = s.ScaleBetas ? 1000.0 / s.Timesteps : 1;
        bool custom = s.BetaSchedule == BetaSchedule.Custom;
        yield return ("num_timesteps", s.Timesteps is >= 2 and <= 100_000, $"is {s.Timesteps}; it must be 2 to 100000");
        yield return ("beta_start", s.BetaStart is > 0 and < 1, $"is {s.BetaStart}; it must be above 0 and below 1");
        yield return ("beta_end", s.BetaEnd is > 0 and < 1, $"is {s.BetaEnd}; it must be above 0 and below 1");
        yield return ("beta_end", s.BetaEnd >= s.BetaStart, $"is {s.BetaEnd}, below beta_start, which is {s.BetaStart}; noise must grow");
        yield return ("scale_betas", !s.ScaleBetas || s.BetaSchedule == BetaSchedule.Linear,
            "applies to beta_schedule linear only; set it to false");
        yield return ("scale_betas", s.BetaEnd * scale < 1,
            $"makes the last beta {s.BetaEnd * scale:R}, which must be below 1; raise num_timesteps or lower beta_end");
        yield return ("beta_schedule", Enum.IsDefined(s.BetaSchedule), $"is {s.BetaSchedule}, which does not exist");
        yield return ("trained_betas", custom || s.TrainedBetas.Count == 0,
            $"is given, but beta_schedule is {ConfigText.Of(s.BetaSchedule)}; set that to custom, or remove the list");
        yield return ("trained_betas", !custom || s.TrainedBetas.Count == s.Timesteps,
            $"has {s.TrainedBetas.Count} entries, but num_timesteps is {s.Timesteps}; give one for each timestep");
        yield return ("shift", s.Shift == 1, $"is {s.Shift}, but belongs to process flow; remove it");
        (double? signal, bool recoverable, string? problem) = LastTimestep(s);
        yield return (custom ? "trained_betas" : "beta_schedule", problem is null, $"makes no schedule: {problem}");
        yield return ("prediction_type", signal is not 0 || recoverable,
            $"is {s.Predicts.Name}, from which no image can be told at the last timestep, where this schedule leaves no signal; "
            + $"use v_prediction or sample{(s.RescaleToZeroSnr ? ", or set rescale_betas_zero_snr to false" : "")}");
    }

    static IEnumerable<(string Key, bool Good, string Message)> OfContinuum(DiffusionParams s)
    {
        string process = ConfigText.Of(s.Process);
        yield return ("rescale_betas_zero_snr", !s.RescaleToZeroSnr, $"is true, but process {process} has no betas; remove it");
        yield return ("trained_betas", s.TrainedBetas.Count == 0, $"is given, but process {process} has no betas; remove it");
        yield return ("variance", !s.LearnsVariance, $"is {ConfigText.Of(s.Variance)}, which needs process ddpm, not {process}; use small");
        yield return ("shift", s.Shift is > 0 and <= 1000, $"is {s.Shift}; it must be above 0, and 1 changes nothing");
        yield return ("shift", s.Shift == 1 || s.Process == ProcessKind.Flow, $"is {s.Shift}, but belongs to process flow; remove it");
        yield return ("sigma_min", s.SigmaMin > 0, $"is {s.SigmaMin}; it must be above 0");
        yield return ("sigma_max", s.SigmaMax > s.SigmaMin && s.SigmaMax <= 1e6, $"is {s.SigmaMax}; it must be above sigma_min, {s.SigmaMin}");
        yield return ("sigma_data", s.SigmaData is > 0 and <= 1e6, $"is {s.SigmaData}; it must be above 0, such as 0.5");
        bool fits = s.Process == ProcessKind.Flow
            ? s.PredictionType is null or PredictionType.FlowPrediction or PredictionType.VPrediction or PredictionType.Sample
            : s.PredictionType is null or PredictionType.Edm;
        yield return ("prediction_type", fits, $"is {s.Predicts.Name}, which process {process} is not trained with; remove the key");
    }

    static (double? Signal, bool Recoverable, string? Problem) LastTimestep(DiffusionParams s)
    {
        try
        {
            NoiseSchedule schedule = s.ToSchedule();
            NoiseLevel last = schedule.At(schedule.Timesteps - 1);
            return (last.Alpha, s.Predicts.X0(last).IsFinite, null);
        }
        catch (ArgumentException e)
        {
            return (null, false, e.Message.TrimEnd('.'));
        }
    }
}
