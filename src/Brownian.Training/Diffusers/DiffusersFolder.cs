using System.Text.Json.Nodes;
using Brownian.Diffusion;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Training;

/// <summary>
/// A folder as diffusers' <c>save_pretrained</c> writes it: an unconditional pipeline (<c>model_index.json</c>, <c>unet/</c>,
/// <c>scheduler/</c>), the same without folders in it as in 2022, or a UNet2DModel alone.
/// </summary>
sealed class DiffusersFolder : IExportFormat
{
    /// <summary>The version of diffusers whose keys are written.</summary>
    public const string Version = "0.30.0";

    const string IndexName = "model_index.json", NetworkFolder = "unet", SchedulerFolder = "scheduler";
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
        File.Exists(Path.Combine(path, IndexName)) || File.Exists(Path.Combine(path, UNet2DConfigFile.Name));

    /// <summary>Whether diffusers has a network of this kind.</summary>
    public static bool Knows(DiffusionModel model) => model.Description.Model is UNet2DOptions;

    // Its pipelines of DDPM and DDIM pass no labels on.
    public string Use(DiffusionModel model) => model.Network.Classes > 0
        ? "for diffusers: UNet2DModel.from_pretrained(folder, subfolder=\"unet\"), to be given class_labels"
        : "for diffusers: DiffusionPipeline.from_pretrained(folder)";

    public DiffusionModel Open(string path, Device device, Action<string> warn)
    {
        string index = Path.Combine(path, IndexName);
        SchedulerClass? pipeline = File.Exists(index) ? PipelineOf(index) : null;
        string network = PartOf(path, NetworkFolder, UNet2DConfigFile.Name);
        UNet2DOptions model = UNet2DConfigFile.Read(Existing(Path.Combine(network, UNet2DConfigFile.Name)));
        string scheduler = Path.Combine(PartOf(path, SchedulerFolder, SchedulerConfigFile.Name), SchedulerConfigFile.Name);
        bool isPipeline = File.Exists(index) || File.Exists(scheduler);
        (DiffusionParams diffusion, SampleParams sampling) =
            isPipeline ? SchedulerConfigFile.Read(Existing(scheduler), model, pipeline) : SchedulerConfigFile.None;
        using ITensorFile weights = WeightsFile.Open(WeightsIn(network));
        return DiffusionModel.Load(new ModelDescription { Model = model, Diffusion = diffusion, Sampling = sampling }, weights, device);
    }

    public void Save(string path, DiffusionModel model, SafetensorsType type)
    {
        if (model.Description.Model is not UNet2DOptions network)
        {
            throw new InvalidDataException(
                $"a {model.Description.Model.Type} is no model of diffusers; export it as safetensors under the names of its tutorial.");
        }
        Files.WriteFolder(path, _ => false, folder =>
        {
            string unet = Path.Combine(folder, NetworkFolder), scheduler = Path.Combine(folder, SchedulerFolder);
            Directory.CreateDirectory(unet);
            Directory.CreateDirectory(scheduler);
            UNet2DConfigFile.Write(Path.Combine(unet, UNet2DConfigFile.Name), network);
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

    static SchedulerClass? PipelineOf(string path)
    {
        string? name = ClassOf(JsonFile.ReadObject(path));
        foreach ((string known, SchedulerClass? scheduler) in Pipelines)
        {
            if (known == name) return scheduler;
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
