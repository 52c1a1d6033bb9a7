using System.Text.Json;
using System.Text.Json.Nodes;

namespace Brownian;

/// <summary>The <c>config.json</c> of diffusers' <c>UNet2DModel</c>, whose keys are those of <see cref="UNet2DOptions"/>.</summary>
static class UNet2DConfigFile
{
    public const string Name = "config.json", ClassName = "UNet2DModel";

    // Python leaves out what begins so.
    const string ClassesKey = "_brownian_classes";

    // What the Python class takes where a file, of an older version for instance, does not say.
    const string Defaults = """
        {
          "sample_size": null, "in_channels": 3, "out_channels": 3, "center_input_sample": false,
          "time_embedding_type": "positional", "time_embedding_dim": null, "freq_shift": 0, "flip_sin_to_cos": true,
          "down_block_types": ["DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"], "mid_block_type": "UNetMidBlock2D",
          "up_block_types": ["AttnUpBlock2D", "AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D"], "block_out_channels": [224, 448, 672, 896],
          "layers_per_block": 2, "mid_block_scale_factor": 1, "downsample_padding": 1, "downsample_type": "conv", "upsample_type": "conv",
          "dropout": 0, "act_fn": "silu", "attention_head_dim": 8, "norm_num_groups": 32, "attn_norm_num_groups": null, "norm_eps": 1e-5,
          "resnet_time_scale_shift": "default", "class_embed_type": null, "num_class_embeds": null, "add_attention": true,
          "num_train_timesteps": null
        }
        """;

    // What EMAModel adds to the configuration of the network that it averages.
    static readonly string[] OfAverage = ["decay", "inv_gamma", "min_decay", "optimization_step", "power", "update_after_step", "use_ema_warmup"];

    /// <exception cref="InvalidDataException">It is of another class, or has a key or value that there is no network for.</exception>
    public static UNet2DOptions Read(string path)
    {
        JsonObject file = JsonFile.ReadObject(path);
        if (DiffusersFolder.ClassOf(file) is { } name && name != ClassName)
            throw new InvalidDataException($"{path}: _class_name is '{name}'; {ClassName} is read.");
        var merged = (JsonObject)JsonNode.Parse(Defaults)!;
        foreach ((string key, JsonNode? value) in file)
        {
            bool says = !key.StartsWith('_') && !OfAverage.Contains(key) && (value is not null || merged.ContainsKey(key));
            if (says) merged[key] = value?.DeepClone();
        }
        if (merged["sample_size"] is null) throw new InvalidDataException($"{path}: sample_size is missing; give the size of the images in pixels.");
        merged[ConfigSection.TypeKey] = new UNet2DOptions().Type;
        return (UNet2DOptions)TrainConfig.ParseJson(new JsonObject { [ConfigSection.Model.Name] = merged }.ToJsonString(), path).Model;
    }

    /// <summary>The names of the classes that <see cref="Write"/> noted; none in a file of diffusers.</summary>
    /// <exception cref="InvalidDataException">They are no list of texts, or more than the network has.</exception>
    public static Values<string> ClassesIn(string path, UNet2DOptions model)
    {
        if (JsonFile.ReadObject(path)[ClassesKey] is not { } noted) return [];
        string[]? names = noted is JsonArray list && list.All(name => name?.GetValueKind() == JsonValueKind.String)
            ? [.. list.Select(name => name!.GetValue<string>())]
            : null;
        return names?.Length <= model.Classes
            ? Values.Of<string>(names)
            : throw new InvalidDataException($"{path}: '{ClassesKey}' must be a list of at most {model.Classes} names, those of the classes; correct or remove it.");
    }

    public static void Write(string path, UNet2DOptions model, IReadOnlyList<string> classes)
    {
        var json = new JsonObject { ["_class_name"] = ClassName, ["_diffusers_version"] = DiffusersFolder.Version };
        JsonObject own = ConfigSection.Model.ToJson(new TrainConfig { Model = model });
        // What is null with us is left out there; a missing key would become the Python class's own value.
        foreach ((string key, _) in (JsonObject)JsonNode.Parse(Defaults)!) json[key] = own[key]?.DeepClone();
        if (model.Classes > 0 && classes.Count > 0) json[ClassesKey] = new JsonArray([.. classes.Select(name => JsonValue.Create(name))]);
        JsonFile.Write(path, json);
    }
}
