using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Brownian.Training;

/// <summary>
/// <c>manifest.json</c>, the last file written into a checkpoint: it says how far training was, and what every other file must hash to.
/// </summary>
public sealed record CheckpointManifest
{
    internal const string FileName = "manifest.json";
    internal const int CurrentVersion = 1;

    /// <summary>Of this format: 1.</summary>
    public required int Version { get; init; }

    /// <summary>Optimiser steps taken. It alone decides every random draw of the steps that follow.</summary>
    public required long Step { get; init; }

    /// <summary>Images trained on.</summary>
    public required long ImagesSeen { get; init; }

    /// <summary>Steps of Adam, for its bias correction.</summary>
    public required long OptimizerStep { get; init; }

    /// <summary>Updates of the averaged weights.</summary>
    public required long EmaUpdates { get; init; }

    /// <summary>The running mean of the loss; the checkpoint with the least is the best.</summary>
    public required double SmoothedLoss { get; init; }

    /// <summary>Time trained, interruptions not counted.</summary>
    public required double SecondsTrained { get; init; }

    /// <summary><see cref="TrainConfig.Hash"/> of the configuration that led here.</summary>
    public required string ConfigHash { get; init; }

    /// <summary>The names of the classes, where the network is told them; null for an unconditional network.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Classes { get; init; }

    /// <summary>SHA-256 of this manifest with an empty seal.</summary>
    public string Seal { get; init; } = "";

    /// <summary>Every other file of the checkpoint by name.</summary>
    public IReadOnlyDictionary<string, FileSeal> Files { get; init; } = new Dictionary<string, FileSeal>();

    internal static CheckpointManifest Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path)) throw new InvalidDataException($"{path}: missing; the checkpoint was not completed.");
        CheckpointManifest manifest = StrictJson.Read(path, CheckpointJson.Default.CheckpointManifest);
        if (manifest.Version != CurrentVersion)
            throw new InvalidDataException($"{path}: version is {manifest.Version}; this program reads {CurrentVersion}.");
        if (manifest.Seal != manifest.ComputeSeal())
            throw new InvalidDataException($"{path}: does not match its own seal; the file is damaged.");
        if (manifest.Step < 1 || manifest.ImagesSeen < 0 || manifest.OptimizerStep < 0 || manifest.EmaUpdates < 0)
            throw new InvalidDataException($"{path}: a count is negative, or step is below 1.");
        return manifest;
    }

    internal void Write(string folder) =>
        Training.Files.WriteAtomically(Path.Combine(folder, FileName), (this with { Seal = ComputeSeal() }).ToJson());

    string ComputeSeal() => Convert.ToHexStringLower(SHA256.HashData((this with { Seal = "" }).ToJson()));

    byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, CheckpointJson.Default.CheckpointManifest);

    /// <summary>Throws unless every file is there with its size and hash.</summary>
    internal void Verify(string folder)
    {
        foreach ((string name, FileSeal seal) in Files)
        {
            if (Path.GetFileName(name) != name)
                throw new InvalidDataException($"{Path.Combine(folder, FileName)}: '{name}' is no file name.");
            string path = Path.Combine(folder, name);
            if (!File.Exists(path)) throw new InvalidDataException($"{path}: missing.");
            long bytes = new FileInfo(path).Length;
            if (bytes != seal.Bytes) throw new InvalidDataException($"{path}: {bytes} bytes, where the manifest says {seal.Bytes}.");
            if (Training.Files.Sha256(path) != seal.Sha256)
                throw new InvalidDataException($"{path}: its SHA-256 is not the manifest's; the file is damaged.");
        }
    }
}

/// <summary>What a file of a checkpoint must be.</summary>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">Its hash, 64 hexadecimal digits.</param>
public sealed record FileSeal(long Bytes, string Sha256);

[JsonSourceGenerationOptions(
    WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(CheckpointManifest))]
sealed partial class CheckpointJson : JsonSerializerContext;
