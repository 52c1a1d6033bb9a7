using System.Text.Json.Nodes;
using Brownian.Diffusion;

namespace Brownian.Training;

/// <summary>Writes a model's process and sampler as diffusers configures a scheduler.</summary>
static class SchedulerConfigWriter
{
    /// <returns>The class that it configures.</returns>
    /// <exception cref="InvalidDataException">diffusers has no such process or prediction.</exception>
    public static SchedulerClass Write(string path, ModelDescription model)
    {
        DiffusionParams d = model.Diffusion;
        if (d.Process != ProcessKind.Ddpm) throw Unknown(model, $"process {Names.Of(d.Process)}");
        if (d.PredictionType is not (null or PredictionType.Epsilon or PredictionType.Sample or PredictionType.VPrediction))
            throw Unknown(model, $"prediction_type {d.Predicts.Name}");
        SampleParams s = model.Sampling;
        SchedulerClass scheduler = SchedulerClass.All.FirstOrDefault(known => known.Sampler == s.Sampler)
            ?? (s.Sampler == "plms" ? SchedulerClass.Pndm : SchedulerClass.Ddpm);
        var json = new JsonObject { ["_class_name"] = scheduler.Name, ["_diffusers_version"] = DiffusersFolder.Version };
        foreach ((string key, JsonNode? value) in Own(d, s))
        {
            bool known = scheduler.Diffusion.Concat(scheduler.Sampling).Any(pair => pair.Theirs == key);
            if (known) json[key] = value?.DeepClone();
        }
        if (scheduler == SchedulerClass.Pndm) json["skip_prk_steps"] = s.Sampler == "plms";
        DiffusersJson.Write(path, json);
        return scheduler;
    }

    static JsonObject Own(DiffusionParams d, SampleParams s)
    {
        // What has no name there, or is stretched here, goes as a list of numbers.
        string? schedule = d.BetaSchedule switch
        {
            BetaSchedule.Linear => "linear",
            BetaSchedule.ScaledLinear => "scaled_linear",
            BetaSchedule.Cosine => "squaredcos_cap_v2",
            BetaSchedule.Sigmoid => "sigmoid",
            _ => null,
        };
        DiffusionParams plain = d with { RescaleToZeroSnr = false };
        JsonArray? betas = schedule is null || d.ScaleBetas ? [.. plain.ToSchedule().Betas.ToArray().Select(beta => JsonValue.Create(beta))] : null;
        return new JsonObject
        {
            ["num_train_timesteps"] = d.Timesteps,
            ["beta_start"] = d.BetaStart,
            ["beta_end"] = d.BetaEnd,
            ["beta_schedule"] = schedule ?? "linear",
            ["trained_betas"] = betas,
            ["rescale_betas_zero_snr"] = d.RescaleToZeroSnr,
            ["prediction_type"] = Names.Of(d.PredictionType ?? PredictionType.Epsilon),
            ["variance_type"] = d.LearnsVariance ? Names.Of(d.Variance) : $"fixed_{Names.Of(d.Variance)}",
            ["clip_sample"] = d.ClipSample,
            ["clip_sample_range"] = d.ClipSampleRange,
            ["thresholding"] = d.Thresholding,
            ["dynamic_thresholding_ratio"] = d.ThresholdingRatio,
            ["sample_max_value"] = d.SampleMaxValue,
            ["timestep_spacing"] = s.Spacing is { } spacing ? Names.Of(spacing) : d.RescaleToZeroSnr ? "trailing" : "leading",
            ["steps_offset"] = s.StepsOffset,
            ["set_alpha_to_one"] = s.SetAlphaToOne,
        };
    }

    static InvalidDataException Unknown(ModelDescription model, string what) =>
        new($"a {model.Model.Type} with {what} cannot be exported for diffusers, whose DDPM knows no such thing; export it as safetensors.");
}
