using System.Text.Json.Nodes;

namespace Brownian;

/// <summary>The <c>scheduler_config.json</c> of diffusers: the forward process and how it is reversed.</summary>
static class SchedulerConfigFile
{
    public const string Name = "scheduler_config.json";

    /// <summary>What a network without a scheduler gets, in words: DDPM as diffusers has it by default.</summary>
    public const string Assumed = "DDPM with 1000 timesteps, linear betas from 0.0001 to 0.02, epsilon predicted and x0 clipped";

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
                throw new InvalidDataException($"{path}: '{key}' is {value.ToJsonString()}, which {scheduler.Name} does not know; remove it.");
        }
        var translation = new SchedulerTranslation(path, scheduler, file);
        JsonObject diffusion = translation.ToDiffusion();
        return Parsed(path, model, diffusion, WithSteps(translation.ToSampling(), scheduler, diffusion));
    }

    /// <summary><see cref="Assumed"/></summary>
    public static (DiffusionParams Diffusion, SampleParams Sampling) None => (new(), new());

    static SchedulerClass Named(string path, string? name) => SchedulerClass.All.FirstOrDefault(known => known.Name == name)
        ?? throw new InvalidDataException(
            $"{path}: _class_name is '{name}'; schedulers that are read are {string.Join(", ", SchedulerClass.All.Select(known => known.Name))}.");

    static JsonObject WithSteps(JsonObject sampling, SchedulerClass scheduler, JsonObject diffusion)
    {
        if (scheduler.PipelineSteps is not { } steps) return sampling;
        int timesteps = diffusion["num_timesteps"] is JsonValue value && value.TryGetValue(out int given) ? given : new DiffusionParams().Timesteps;
        if (steps < timesteps) sampling["steps"] = steps;
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
