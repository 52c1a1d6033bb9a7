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
        // What has no name there, or is stretched here, goes as a list of numbers.
        string? schedule = d.BetaSchedule switch
        {
            BetaSchedule.Linear => "linear",
            BetaSchedule.ScaledLinear => "scaled_linear",
            BetaSchedule.Cosine => "squaredcos_cap_v2",
            BetaSchedule.Sigmoid => "sigmoid",
            _ => null,
        };
        bool named = schedule is not null && !d.ScaleBetas;
        var json = new JsonObject { ["_class_name"] = scheduler.Name, ["_diffusers_version"] = DiffusersFolder.Version };
        foreach ((string theirs, string ours) in scheduler.Diffusion)
        {
            json[theirs] = theirs switch
            {
                "beta_schedule" => schedule ?? "linear",
                "trained_betas" => named ? null : Betas(d with { RescaleToZeroSnr = false }),
                "prediction_type" => Names.Of(d.PredictionType ?? PredictionType.Epsilon),
                "variance_type" => d.LearnsVariance ? Names.Of(d.Variance) : $"fixed_{Names.Of(d.Variance)}",
                _ => ConfigText.Json(d.Keys.First(key => key.Name == ours).Of(d)!),
            };
        }
        Sampler usual = SamplerType.Named(scheduler.Sampler).Initial;
        foreach ((string theirs, string ours) in scheduler.Sampling)
            json[theirs] = ConfigText.Json(s[ours] ?? usual.Keys.First(key => key.Name == ours).Of(usual)!);
        if (d.RescaleToZeroSnr && s["timestep_spacing"] is null) json["timestep_spacing"] = Names.Of(TimestepSpacing.Trailing);
        if (scheduler == SchedulerClass.Pndm) json["skip_prk_steps"] = s.Sampler == "plms";
        JsonFile.Write(path, json);
        return scheduler;
    }

    static JsonArray Betas(DiffusionParams d) => [.. d.ToSchedule().Betas.ToArray().Select(beta => JsonValue.Create(beta))];

    static InvalidDataException Unknown(ModelDescription model, string what) =>
        new($"a {model.Model.Type} with {what} cannot be exported for diffusers, whose DDPM knows no such thing; export it as safetensors.");
}
