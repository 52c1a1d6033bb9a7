using System.Text.Json.Nodes;

namespace Brownian;

/// <summary>Writes a model's process and sampler as diffusers configures a scheduler.</summary>
static class SchedulerConfigWriter
{
    /// <returns>The class that it configures.</returns>
    /// <exception cref="InvalidDataException">diffusers has no such process or prediction.</exception>
    public static SchedulerClass Write(string path, ModelDescription model)
    {
        if (UnknownOf(model) is { } unknown)
            throw new InvalidDataException($"a {model.Model.Type} with {unknown} cannot be exported for diffusers, whose DDPM knows no such thing; export it as safetensors.");
        (DiffusionParams d, SampleParams s) = (model.Diffusion, model.Sampling);
        SchedulerClass scheduler = ClassFor(s);
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
        Sampler usual = SamplerType.Named(scheduler.Sampler).Initial;
        var json = new JsonObject { ["_class_name"] = scheduler.Name, ["_diffusers_version"] = DiffusersFolder.Version };
        foreach ((string theirs, _) in scheduler.Keys)
        {
            json[theirs] = theirs switch
            {
                "beta_schedule" => schedule ?? "linear",
                "trained_betas" => named ? null : Betas(d with { RescaleToZeroSnr = false }),
                "prediction_type" => Names.Of(d.PredictionType ?? PredictionType.Epsilon),
                "variance_type" => d.LearnsVariance ? Names.Of(d.Variance) : $"fixed_{Names.Of(d.Variance)}",
                "skip_prk_steps" => s.Sampler == "plms",
                "timestep_spacing" => Spacing(d, s),
                _ when scheduler.Diffusion.FirstOrDefault(pair => pair.Theirs == theirs).Ours is { } ours => ConfigText.Json(Of(d, ours)!),
                _ => OfSampling(scheduler.Sampling.First(pair => pair.Theirs == theirs).Ours),
            };
        }
        JsonFile.Write(path, json);
        return scheduler;

        JsonNode? OfSampling(string ours) => ConfigText.Json(s[ours] ?? Of(usual, ours)!);

        static object? Of(Settings settings, string key) => settings.Keys.First(known => known.Name == key).Of(settings);
    }

    /// <summary>What of a model's process diffusers does not have; null for nothing.</summary>
    public static string? UnknownOf(ModelDescription model)
    {
        DiffusionParams d = model.Diffusion;
        if (d.Process != ProcessKind.Ddpm) return $"process {Names.Of(d.Process)}";
        if (d.PredictionType is not (null or PredictionType.Epsilon or PredictionType.Sample or PredictionType.VPrediction))
            return $"prediction_type {d.Predicts.Name}";
        return model.Sampling["timestep_spacing"] is TimestepSpacing.LinspaceAboveZero or TimestepSpacing.LeadingAboveZero
            ? $"timestep_spacing {Spacing(d, model.Sampling)}"
            : null;
    }

    /// <summary>What the folder cannot say of how images are drawn; empty where it says all.</summary>
    public static string LostBy(ModelDescription model)
    {
        SampleParams s = model.Sampling;
        SchedulerClass scheduler = ClassFor(s);
        if (s.Sampler is not (null or "plms") && s.Sampler != scheduler.Sampler)
            return $"its sampler, {s.Sampler}, has no pipeline there: the folder has a {scheduler.Name}";
        // DDPM goes to the next timestep there too.
        bool strides = scheduler != SchedulerClass.Ddpm && s["fixed_stride"] is not true;
        string stride = $"a {scheduler.Name} steps by T/steps rounded down, whatever the next timestep is; set sample_params.fixed_stride for the same here";
        if (strides && Spacing(model.Diffusion, s) == Names.Of(TimestepSpacing.Linspace)) return stride;
        int steps = s.StepsFor(model.Diffusion), timesteps = model.Diffusion.Timesteps;
        bool odd = scheduler == SchedulerClass.Pndm && s.Sampler != "plms" && timesteps / steps % 2 == 1;
        return strides && (odd || (timesteps % steps != 0 && Spacing(model.Diffusion, s) == Names.Of(TimestepSpacing.Trailing))) ? stride : "";
    }

    static SchedulerClass ClassFor(SampleParams s) => SchedulerClass.All.FirstOrDefault(known => known.IsWritten && known.Sampler == s.Sampler)
        ?? (s.Sampler == "plms" ? SchedulerClass.Pndm : SchedulerClass.Ddpm);

    static string Spacing(DiffusionParams d, SampleParams s) => Names.Of(
        (TimestepSpacing?)s["timestep_spacing"] ?? (d.RescaleToZeroSnr ? TimestepSpacing.Trailing : TimestepSpacing.Leading));

    static JsonArray Betas(DiffusionParams d) => [.. d.ToSchedule().Betas.ToArray().Select(beta => JsonValue.Create(beta))];
}
