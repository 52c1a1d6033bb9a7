using System.Text.Json;
using System.Text.Json.Serialization;

namespace Brownian;

/// <summary>How many bits images take under a model, as <c>report.json</c> has it.</summary>
public sealed record LikelihoodReport
{
    /// <summary>What this is: "brownian-likelihood".</summary>
    public string Format { get; init; } = "brownian-likelihood";

    /// <summary>Of the format: 1.</summary>
    public int Version { get; init; } = 1;

    /// <summary>The program.</summary>
    public string CreatedBy { get; init; } = ProgramVersion.Text;

    /// <summary>The model, as it was given.</summary>
    public required string Model { get; init; }

    /// <summary>SHA-256 of its weights.</summary>
    public required string ModelHash { get; init; }

    /// <summary>"vlb" for the variational bound, "ode" for the probability-flow ODE.</summary>
    public required string Method { get; init; }

    /// <summary>One for each set of images.</summary>
    public required IReadOnlyList<SetLikelihood> Sets { get; init; }

    /// <summary>The file's content.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, LikelihoodJson.Default.LikelihoodReport);
}

/// <summary>The bits per dimension of one set of images.</summary>
/// <param name="Name">"train" or "held_out".</param>
/// <param name="Description">The set, in a line.</param>
/// <param name="Images">How many of them were asked about.</param>
/// <param name="NetworkCalls">For each image.</param>
/// <param name="BitsPerDim">The mean.</param>
/// <param name="StandardError">Of the mean; null of one image.</param>
/// <param name="Parts">The mean of each part of the sum.</param>
/// <param name="Warnings">What makes the numbers less than they seem.</param>
public sealed record SetLikelihood(
    string Name, string Description, int Images, int NetworkCalls, double BitsPerDim, double? StandardError,
    IReadOnlyDictionary<string, double> Parts, IReadOnlyList<string> Warnings)
{
    /// <summary>What was found, for the report.</summary>
    /// <param name="name">"train" or "held_out".</param>
    /// <param name="images">The set.</param>
    /// <param name="found">Of it.</param>
    public static SetLikelihood Of(string name, IImageDataset images, LikelihoodResult found)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(found);
        double error = found.Total.StandardError;
        return new SetLikelihood(
            name, images.Description, found.ImageIndices.Count, found.NetworkCalls, found.Total.Mean, double.IsNaN(error) ? null : error,
            found.Parts.ToDictionary(part => part.Name, part => part.Bits.Mean), found.Warnings);
    }
}

[JsonSourceGenerationOptions(
    WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(LikelihoodReport))]
sealed partial class LikelihoodJson : JsonSerializerContext;
