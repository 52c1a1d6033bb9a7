using System.Text.Json.Nodes;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// A folder as diffusers' <c>save_pretrained</c> writes it: an unconditional pipeline (<c>model_index.json</c>, <c>unet/</c>,
/// <c>scheduler/</c>), the same without folders in it as in 2022, a UNet2DModel alone, or a checkpoint of its training scripts
/// (<c>unet/</c>, <c>unet_ema/</c>, and the state of the training, which is not looked at).
/// </summary>
sealed class DiffusersFolder : IExportFormat
{
    /// <summary>The version of diffusers whose keys are written.</summary>
    public const string Version = "0.30.0";

    const string IndexName = "model_index.json", NetworkFolder = "unet", AverageFolder = "unet_ema", SchedulerFolder = "scheduler";
    const string WeightsName = "diffusion_pytorch_model.safetensors";

    // In the order that diffusers looks for them.
    static readonly string[] WeightsNames =
    [
        WeightsName, "diffusion_pytorch_model.safetensors.index.json", "diffusion_pytorch_model.bin", "diffusion_pytorch_model.bin.index.json",
        "pytorch_model.bin", "pytorch_model.bin.index.json", "diffusion_pytorch_model.fp16.safetensors", "diffusion_pytorch_model.fp16.bin",
    ];

    // DDIMPipeline and PNDMPipeline make a scheduler of their own from the configuration of any.
    static readonly (string Name, SchedulerClass? Scheduler)[] Pipelines =
        [("DDPMPipeline", null), ("DDIMPipeline", SchedulerClass.Ddim), ("PNDMPipeline", SchedulerClass.Pndm)];

    public string Name => "diffusers";

    public string Description => $"one of diffusers ({IndexName})";

    public string Purpose => "a pipeline that diffusers loads (networks of type unet2d)";

    public bool Is(string path) =>
        File.Exists(Path.Combine(path, IndexName))
        || ((string[])["", NetworkFolder, AverageFolder]).Any(part => File.Exists(Path.Combine(path, part, UNet2DConfigFile.Name)));

    /// <summary>Whether diffusers has a network and a process of this kind.</summary>
    public static bool Knows(DiffusionModel model) =>
        model.Description.Model is UNet2DOptions { SelfConditioned: false } && SchedulerConfigWriter.UnknownOf(model.Description) is null;

    // Its pipelines of DDPM and DDIM pass no labels on.
    public string Use(DiffusionModel model)
    {
        string use = model.Network.Classes > 0
            ? "for diffusers: UNet2DModel.from_pretrained(folder, subfolder=\"unet\"), to be given class_labels"
                + (model.NoLabel is { } none ? $" 0 to {none - 1}, or {none} for any image" : "")
            : "for diffusers: DiffusionPipeline.from_pretrained(folder)";
        string lost = SchedulerConfigWriter.LostBy(model.Description);
        return lost.Length == 0 ? use : $"{use}; {lost}";
    }

    public DiffusionModel Open(string path, Device device, Action<string> warn)
    {
        string index = Path.Combine(path, IndexName);
        string network = NetworkIn(path, warn);
        string config = Existing(Path.Combine(network, UNet2DConfigFile.Name));
        UNet2DOptions model = UNet2DConfigFile.Read(config);
        (DiffusionParams diffusion, SampleParams sampling) = File.Exists(index)
            ? SchedulerConfigFile.Read(Existing(SchedulerIn(path)), model, PipelineOf(index, SchedulerIn(path), warn))
            : WithoutIndex(path, model, warn);
        using ITensorFile weights = WeightsFile.Open(WeightsIn(network));
        Values<string> classes = UNet2DConfigFile.ClassesIn(config, model);
        return DiffusionModel.Load(
            new ModelDescription { Model = model, Diffusion = diffusion, Sampling = sampling, Classes = classes }, weights, device);
    }

    // A network alone belongs to a pipeline if one lies around it: unet/ is in it, checkpoint-500/unet/ one deeper.
    static (DiffusionParams, SampleParams) WithoutIndex(string path, UNet2DOptions model, Action<string> warn)
    {
        DirectoryInfo? folder = new(Path.GetFullPath(path));
        for (int up = 0; up <= 2 && folder is not null; up++, folder = folder.Parent)
        {
            string scheduler = up == 0 ? SchedulerIn(path) : Path.Combine(folder.FullName, SchedulerFolder, SchedulerConfigFile.Name);
            if (!File.Exists(scheduler)) continue;
            if (up > 0) warn($"{path}: no scheduler in it; it is sampled as {scheduler} says.");
            return SchedulerConfigFile.Read(scheduler, model);
        }
        warn($"{path}: no {SchedulerFolder}/{SchedulerConfigFile.Name}; {SchedulerConfigFile.Assumed} are assumed. "
            + "Put the pipeline's file there if it was trained otherwise; --sampler, --steps, --variance and --no-clip change how it is sampled.");
        return SchedulerConfigFile.None;
    }

    // A pipeline has one network; a checkpoint of a training script may have its average beside it, which is what the pipeline will have.
    static string NetworkIn(string path, Action<string> warn)
    {
        string average = Path.Combine(path, AverageFolder);
        bool takesAverage = !File.Exists(Path.Combine(path, IndexName)) && !File.Exists(Path.Combine(path, UNet2DConfigFile.Name))
            && File.Exists(Path.Combine(average, UNet2DConfigFile.Name));
        if (!takesAverage) return PartOf(path, NetworkFolder, UNet2DConfigFile.Name);
        string raw = Path.Combine(path, NetworkFolder);
        warn($"{path}: the averaged weights in {AverageFolder} are taken{(Directory.Exists(raw) ? $"; give {raw} for the last ones" : "")}.");
        return average;
    }

    static string SchedulerIn(string path) => Path.Combine(PartOf(path, SchedulerFolder, SchedulerConfigFile.Name), SchedulerConfigFile.Name);

    public void Save(string path, DiffusionModel model, SafetensorsType type)
    {
        if (model.Description.Model is not UNet2DOptions network)
        {
            throw new InvalidDataException(
                $"a {model.Description.Model.Type} is no model of diffusers; export it as safetensors under the names of its tutorial.");
        }
        if (network.SelfConditioned)
        {
            throw new InvalidDataException(
                "the network sees its last estimate beside the image (model_params.self_condition), which no pipeline of diffusers shows it; "
                + "export it as safetensors.");
        }
        Files.WriteFolder(path, _ => false, folder =>
        {
            string unet = Path.Combine(folder, NetworkFolder), scheduler = Path.Combine(folder, SchedulerFolder);
            Directory.CreateDirectory(unet);
            Directory.CreateDirectory(scheduler);
            UNet2DConfigFile.Write(Path.Combine(unet, UNet2DConfigFile.Name), network, model.Description.Classes);
            ParameterFile.Write(Path.Combine(unet, WeightsName), model.Network.Parameters, type, ("", model.Network.Parameters.Values));
            SchedulerClass written = SchedulerConfigWriter.Write(Path.Combine(scheduler, SchedulerConfigFile.Name), model.Description);
            WriteIndex(Path.Combine(folder, IndexName), written);
        });
    }

    static void WriteIndex(string path, SchedulerClass scheduler) => JsonFile.Write(path, new JsonObject
    {
        ["_class_name"] = Pipelines.First(pipeline => (pipeline.Scheduler ?? SchedulerClass.Ddpm) == scheduler).Name,
        ["_diffusers_version"] = Version,
        [SchedulerFolder] = new JsonArray("diffusers", scheduler.Name),
        [NetworkFolder] = new JsonArray("diffusers", UNet2DConfigFile.ClassName),
    });

    /// <summary>The name of the Python class that a file configures; null where it does not say.</summary>
    public static string? ClassOf(JsonObject json) => json["_class_name"] is JsonValue value && value.TryGetValue(out string? name) ? name : null;

    static SchedulerClass? PipelineOf(string path, string scheduler, Action<string> warn)
    {
        JsonObject index = JsonFile.ReadObject(path);
        string? name = ClassOf(index);
        foreach ((string known, SchedulerClass? own) in Pipelines)
        {
            if (known != name) continue;
            string? named = index[SchedulerFolder] is JsonArray { Count: 2 } pair ? pair[1]?.ToString() : null;
            string? configured = File.Exists(scheduler) ? ClassOf(JsonFile.ReadObject(scheduler)) : null;
            if (named is not null && configured is not null && named != configured)
            {
                string taken = own is null ? "as the latter" : $"by {own.Name} with its settings, as {known} does";
                warn($"{path}: its scheduler is of class {named}, but {scheduler} is of {configured}; it is sampled {taken}.");
            }
            return own;
        }
        throw new InvalidDataException(
            $"{path}: _class_name is '{name}'; pipelines that are read are {string.Join(", ", Pipelines.Select(pipeline => pipeline.Name))}.");
    }

    // Without the folder the files lie beside the index, as diffusers looks for them too.
    static string PartOf(string path, string folder, string name)
    {
        string part = Path.Combine(path, folder);
        return Directory.Exists(part) || !File.Exists(Path.Combine(path, name)) ? part : path;
    }

    static string Existing(string path) => File.Exists(path) ? path : throw new FileNotFoundException($"{path}: missing.", path);

    static string WeightsIn(string folder) => WeightsNames.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists)
        ?? throw new FileNotFoundException($"{Path.Combine(folder, WeightsName)}: missing, and no {string.Join(", ", WeightsNames[1..6])} either.");
}
