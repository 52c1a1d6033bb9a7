using System.Text.Json.Nodes;
using Brownian.Diffusion;

namespace Brownian.Training;

/// <summary>The <c>scheduler_config.json</c> of diffusers: the forward process and how it is reversed.</summary>
static class SchedulerConfigFile
{
    public const string Name = "scheduler_config.json";

    /// <summary>Reads a configuration, and checks it together with the network that it is for.</summary>
    /// <param name="path">The file.</param>
    /// <param name="model">The network.</param>
    /// <param name="pipeline">The class that the pipeline makes of any scheduler; null for the scheduler's own.</param>
    /// <exception cref="InvalidDataException">The class is not read, or a key or value means nothing here.</exception>
    public static (DiffusionParams Diffusion, SampleParams Sampling) Read(string path, NetworkOptions model, SchedulerClass? pipeline = null)
    {
        JsonObject file = JsonFile.ReadObject(path);
        SchedulerClass scheduler = pipeline ?? Named(path, DiffusersFolder.ClassOf(file));
        foreach ((string key, JsonNode? value) in file)
        {
            if (!SchedulerClass.IsHarmless(key) && value is not null)
                throw new InvalidDataException($"{path}: '{key}' is {value.ToJsonString()}, which a {scheduler.Name} does not know; remove it.");
        }
        JsonObject diffusion = Renamed(file, scheduler.Diffusion), sampling = Renamed(file, scheduler.Sampling);
        if (diffusion.ContainsKey("trained_betas")) diffusion["beta_schedule"] = Names.Of(BetaSchedule.Custom);
        if (!scheduler.HasLimits) diffusion["clip_sample"] = false;
        if (scheduler != SchedulerClass.Ddpm) sampling.TryAdd("set_alpha_to_one", scheduler.EndsAtImage);
        bool skipsRungeKutta = scheduler == SchedulerClass.Pndm && file["skip_prk_steps"]?.ToJsonString() == "true";
        sampling["sampler"] = skipsRungeKutta ? "plms" : scheduler.Sampler;
        return Parsed(path, model, diffusion, WithSteps(sampling, scheduler, diffusion));
    }

    /// <summary>What a network without a scheduler gets: DDPM as diffusers has it by default.</summary>
    public static (DiffusionParams Diffusion, SampleParams Sampling) None => (new(), new());

    static SchedulerClass Named(string path, string? name) => SchedulerClass.All.FirstOrDefault(known => known.Name == name)
        ?? throw new InvalidDataException(
            $"{path}: _class_name is '{name}'; schedulers that are read are {string.Join(", ", SchedulerClass.All.Select(known => known.Name))}.");

    static JsonObject Renamed(JsonObject file, IReadOnlyList<(string Theirs, string Ours)> keys)
    {
        var own = new JsonObject();
        foreach ((string theirs, string ours) in keys)
        {
            if (file[theirs] is { } value) own[ours] = value.DeepClone();
        }
        return own;
    }

    static JsonObject WithSteps(JsonObject sampling, SchedulerClass scheduler, JsonObject diffusion)
    {
        int timesteps = diffusion["num_timesteps"] is JsonValue value && value.TryGetValue(out int given) ? given : new DiffusionParams().Timesteps;
        if (scheduler.PipelineSteps < timesteps) sampling["steps"] = scheduler.PipelineSteps;
        else if (scheduler != SchedulerClass.Ddpm) sampling["steps"] = timesteps;
        return sampling;
    }

    static (DiffusionParams, SampleParams) Parsed(string path, NetworkOptions model, JsonObject diffusion, JsonObject sampling)
    {
        JsonObject network = ConfigSection.Model.ToJson(new TrainConfig { Model = model });
        var sections = new JsonObject { [ConfigSection.Model.Name] = network, ["diffusion_params"] = diffusion, ["sample_params"] = sampling };
        TrainConfig config = TrainConfig.ParseJson(sections.ToJsonString(), path);
        return (config.Diffusion, config.Sampling);
    }
}
