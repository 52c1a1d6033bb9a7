using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Brownian.Nn;

namespace Brownian;

/// <summary><c>model.json</c>: everything beside the weights that sampling needs to know.</summary>
public sealed record ModelDescription
{
    internal const string FileName = "model.json";
    const int CurrentVersion = 1;
    const string Format = "brownian-model";

    /// <summary>The network.</summary>
    public required NetworkOptions Model { get; init; }

    /// <summary>The forward process it was trained with, and how it is reversed.</summary>
    public required DiffusionParams Diffusion { get; init; }

    /// <summary>How images are drawn unless told otherwise.</summary>
    public SampleParams Sampling { get; init; } = new();

    /// <summary>What the network predicts: a name of <see cref="Parameterization"/>.</summary>
    public string Predicts => Diffusion.Predicts.Name;

    /// <summary>What it learned from, in one line; empty where that is not known.</summary>
    public string Dataset { get; init; } = "";

    /// <summary>The names of the classes its images had.</summary>
    public Values<string> Classes { get; init; } = [];

    /// <summary>The optimiser steps it was trained for; 0 where that is not known.</summary>
    public long Step { get; init; }

    /// <summary>What a configuration says of its model.</summary>
    internal static ModelDescription Of(TrainConfig config) => new()
    {
        Model = config.Model,
        Diffusion = config.Diffusion,
        Sampling = config.Sampling with { ClassNames = [] },
        Classes = ClassesOf(config),
    };

    // Without names a training that dropped labels still says that the last of them stands for any image.
    static Values<string> ClassesOf(TrainConfig config) => config.Sampling.ClassNames.Count > 0 || config.Train.LabelDropout == 0 || config.Model.Classes == 0
        ? config.Sampling.ClassNames
        : [.. Enumerable.Range(0, config.Model.Classes - 1).Select(label => label.ToString(CultureInfo.InvariantCulture))];

    /// <summary>A configuration of such a model, with the usual training.</summary>
    internal TrainConfig ToConfig() => new()
    {
        Model = Model,
        Diffusion = Diffusion,
        Sampling = Sampling with { ClassNames = Model.Classes > 0 ? Classes : [] },
    };

    /// <param name="seal">What the files beside it must be; null to say nothing of them.</param>
    internal byte[] ToJson(ModelSeal? seal = null)
    {
        TrainConfig config = ToConfig() with { Sampling = Sampling };     // the classes have a field of their own
        JsonObject sampling = ConfigSection.Sampling.ToJson(config);
        var file = new ModelFile(
            Format, CurrentVersion, ConfigSection.Model.ToJson(config), ConfigSection.Diffusion.ToJson(config), Predicts,
            [-1, 1], [.. Classes], Dataset, Step, ProgramVersion.Text, sampling.Count == 0 ? null : sampling, seal?.Files);
        return ToBytes(file with { Seal = SealOf(file) });
    }

    static byte[] ToBytes(ModelFile file) => JsonSerializer.SerializeToUtf8Bytes(file, ModelJson.Default.ModelFile);

    static string SealOf(ModelFile file) => Convert.ToHexStringLower(SHA256.HashData(ToBytes(file with { Seal = null })));

    /// <returns>The description, and what the files beside it must be; null where an earlier version did not say.</returns>
    /// <exception cref="InvalidDataException">The file is damaged or says what cannot be.</exception>
    internal static (ModelDescription Description, ModelSeal? Seal) Read(string path)
    {
        ModelFile file = JsonFile.Read(path, ModelJson.Default.ModelFile);
        if (file.Format != Format) throw new InvalidDataException($"{path}: format is '{file.Format}', not '{Format}'.");
        if (file.Version != CurrentVersion)
            throw new InvalidDataException($"{path}: version is {file.Version}; this program reads {CurrentVersion}.");
        if (file.ValueRange is not [-1, 1])
            throw new InvalidDataException($"{path}: value_range is [{string.Join(", ", file.ValueRange)}]; it must be [-1, 1].");
        // JSON is YAML: the sections are read and checked like those of a configuration.
        var sections =
            new JsonObject { ["model_params"] = file.ModelParams.DeepClone(), ["diffusion_params"] = file.DiffusionParams.DeepClone() };
        if (file.SampleParams is not null) sections["sample_params"] = file.SampleParams.DeepClone();
        TrainConfig config = TrainConfig.ParseJson(sections.ToJsonString(), path);
        ModelDescription description = Of(config) with
        {
            Diffusion = Predicting(path, config, file.Predicts),
            Dataset = file.Dataset,
            Classes = Values.Of<string>(file.Classes),
            Step = file.Step,
        };
        if (file.Seal is not null && file.Seal != SealOf(file))
        {
            throw new InvalidDataException(
                $"{path}: does not match its own seal; it is damaged, or was edited: if you meant to edit it, remove its line \"seal\", "
                + "otherwise copy or make the folder again.");
        }
        return (description, file.Files is null ? null : new ModelSeal(file.Files));
    }

    // Files of the first release say it at the top only.
    static DiffusionParams Predicting(string path, TrainConfig config, string predicts)
    {
        DiffusionParams diffusion = config.Diffusion;
        if (diffusion.Predicts.Name == predicts) return diffusion;
        try
        {
            string known = Names.Of(Names.Named<PredictionType>(predicts, "prediction type"));
            if (diffusion.PredictionType is not null)
                throw new ArgumentException($"is '{known}', but diffusion_params.prediction_type is '{diffusion.Predicts.Name}'; make them one.");
            return config.With($"diffusion_params.prediction_type={known}").Diffusion;
        }
        catch (Exception e) when (e is ArgumentException or InvalidDataException)
        {
            throw new InvalidDataException($"{path}: predicts: {e.Message}", e);
        }
    }
}

/// <summary>The fields of <c>model.json</c>.</summary>
sealed record ModelFile(
    string Format, int Version, JsonObject ModelParams, JsonObject DiffusionParams, string Predicts, double[] ValueRange,
    string[] Classes, string Dataset, long Step, string CreatedBy,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] JsonObject? SampleParams = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyDictionary<string, FileSeal>? Files = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Seal = null);

/// <summary>What a file of a checkpoint or a model folder must be.</summary>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">Its hash, 64 hexadecimal digits.</param>
public sealed record FileSeal(long Bytes, string Sha256)
{
    /// <summary>Of a file as it is.</summary>
    internal static FileSeal Of(string path) => new(new FileInfo(path).Length, IO.Files.Sha256(path));
}

/// <summary>What the other files of a model folder must be, by name.</summary>
sealed record ModelSeal(IReadOnlyDictionary<string, FileSeal> Files)
{
    public static ModelSeal Of(string folder, params string[] names) =>
        new(names.ToDictionary(name => name, name => FileSeal.Of(Path.Combine(folder, name))));

    /// <returns>The file's SHA-256.</returns>
    /// <exception cref="InvalidDataException">The file is another than the one that was written.</exception>
    public string? Verify(string folder, string name)
    {
        if (!Files.TryGetValue(name, out FileSeal? seal)) return null;
        string path = Path.Combine(folder, name);
        FileSeal there = FileSeal.Of(path);
        if (there == seal) return there.Sha256;
        if (WeightsFile.WhatElse(path) is { } other) throw new InvalidDataException($"{path}: {other}.");
        string what = there.Bytes == seal.Bytes
            ? $"its SHA-256 is not the one in {ModelDescription.FileName}; the file is damaged"
            : $"{Counted.Of(there.Bytes, "byte")}, where {ModelDescription.FileName} says {seal.Bytes}; the file is cut off or another one";
        throw new InvalidDataException(
            $"{path}: {what}: copy the folder again, or make it again (import, export). If you replaced the file, "
            + $"remove \"files\" and \"seal\" from {ModelDescription.FileName}.");
    }
}

[JsonSourceGenerationOptions(
    WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ModelFile))]
sealed partial class ModelJson : JsonSerializerContext;

/// <summary>How files say what made them.</summary>
static class ProgramVersion
{
    /// <summary>"Brownian 0.1.0"</summary>
    public static string Text { get; } = "Brownian " + typeof(ProgramVersion).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
}
