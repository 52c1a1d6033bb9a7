using System.Text.Json.Nodes;
using Brownian.Diffusion;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Training;

/// <summary>
/// A folder as diffusers' <c>save_pretrained</c> writes it: an unconditional pipeline (<c>model_index.json</c>, <c>unet/</c>,
/// <c>scheduler/</c>), the same without folders in it as in 2022, or a UNet2DModel alone.
/// </summary>
static class DiffusersFolder
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

    /// <summary>Whether a folder looks like one, whole or not.</summary>
    public static bool Is(string path) =>
        File.Exists(Path.Combine(path, IndexName)) || File.Exists(Path.Combine(path, UNet2DConfigFile.Name));

    /// <summary>Reads the network and how to sample from it.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="device">Where it will compute.</param>
    /// <exception cref="InvalidDataException">A file is damaged, or a class, key or value is not known here; the message names it.</exception>
    /// <exception cref="IOException">A file is missing or cannot be read.</exception>
    public static DiffusionModel Open(string path, Device device)
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
        return ModelFolder.Load(new ModelDescription { Model = model, Diffusion = diffusion, Sampling = sampling }, weights, device);
    }

    /// <summary>Writes a model as a pipeline that diffusers loads; the folder appears whole or not at all.</summary>
    /// <exception cref="InvalidDataException">diffusers has no such network, process or prediction.</exception>
    /// <exception cref="IOException">The folder is not empty, or it cannot be written.</exception>
    public static void Save(string path, DiffusionModel model, SafetensorsType type)
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

    static void WriteIndex(string path, SchedulerClass scheduler) => DiffusersJson.Write(path, new JsonObject
    {
        ["_class_name"] = Pipelines.First(pipeline => (pipeline.Scheduler ?? SchedulerClass.Ddpm) == scheduler).Name,
        ["_diffusers_version"] = Version,
        [SchedulerFolder] = new JsonArray("diffusers", scheduler.Name),
        [NetworkFolder] = new JsonArray("diffusers", UNet2DConfigFile.ClassName),
    });

    static SchedulerClass? PipelineOf(string path)
    {
        string? name = DiffusersJson.ClassOf(DiffusersJson.Read(path));
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
