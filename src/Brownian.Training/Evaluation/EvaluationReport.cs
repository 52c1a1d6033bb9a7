using System.Text.Json;
using System.Text.Json.Serialization;

namespace Brownian.Training;

/// <summary>What an evaluation found, as <c>report.json</c> has it.</summary>
public sealed record EvaluationReport
{
    /// <summary>What this is: "brownian-evaluation".</summary>
    public string Format { get; init; } = "brownian-evaluation";

    /// <summary>Of the format: 1.</summary>
    public int Version { get; init; } = 1;

    /// <summary>The program.</summary>
    public string CreatedBy { get; init; } = ProgramVersion.Text;

    /// <summary>What is judged.</summary>
    public required EvaluatedSet Generated { get; init; }

    /// <summary>What it is compared with.</summary>
    public required EvaluatedSet Real { get; init; }

    /// <summary>The name of the feature network.</summary>
    public required string Features { get; init; }

    /// <summary>Its <see cref="Brownian.Evaluation.FeatureNetwork.Identity"/>: numbers of another identity cannot be compared with these.</summary>
    public required string FeaturesIdentity { get; init; }

    /// <summary>The numbers that each image becomes.</summary>
    public required int Dimensions { get; init; }

    /// <summary>One for each set of seeds, and for each point of a sweep.</summary>
    public required IReadOnlyList<EvaluationResult> Results { get; init; }

    /// <summary>The mean of each number over the seeds, with its standard deviation; empty for one set of seeds and for sweeps.</summary>
    public IReadOnlyList<MeasuredSpread> Spread { get; init; } = [];

    /// <summary>Whether the images are copies; null where that was not asked.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public NearestResult? Nearest { get; init; }

    /// <summary>What may make the numbers less than they seem, a line each.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>The file's content.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, EvaluationJson.Default.EvaluationReport);
}

/// <summary>A set of images that was compared.</summary>
public sealed record EvaluatedSet
{
    /// <summary>A model or a path, as it was given.</summary>
    public required string Name { get; init; }

    /// <summary>One line.</summary>
    public required string Description { get; init; }

    /// <summary>Images compared.</summary>
    public required int Count { get; init; }

    /// <summary>SHA-256 of a model's weights; null for images.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Model { get; init; }

    /// <summary>The optimiser steps that a model was trained for; null for images.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? TrainedSteps { get; init; }
}

/// <summary>The numbers of one comparison.</summary>
public sealed record EvaluationResult
{
    /// <summary>How the images were drawn, in a few words; null for images that were there.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Sampling { get; init; }

    /// <summary>The settings of a point of a sweep, by key; null for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? Settings { get; init; }

    /// <summary>The first seed; null for images that were there.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ulong? Seed { get; init; }

    /// <summary>How often an image passed through the model's network; null for images that were there.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? NetworkCalls { get; init; }

    /// <summary>Seconds to draw an image on this machine; null for images that were there.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? SecondsPerImage { get; init; }

    /// <summary>The numbers.</summary>
    public required IReadOnlyList<Measured> Measures { get; init; }

    /// <summary>The numbers of each class; null where classes were not asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ClassResult>? Classes { get; init; }

    /// <summary>The number of that name; null where there is none.</summary>
    /// <param name="name">As in <see cref="Measured.Name"/>.</param>
    public Measured? this[string name] => Measures.FirstOrDefault(measure => measure.Name == name);
}

/// <summary>The numbers of the images of one class.</summary>
/// <param name="Name">Of the class.</param>
/// <param name="Generated">Images of it that were judged.</param>
/// <param name="Real">Images of it that they were compared with.</param>
/// <param name="Measures">The numbers.</param>
public sealed record ClassResult(string Name, int Generated, int Real, IReadOnlyList<Measured> Measures);

/// <summary>A number, with what is known of its uncertainty.</summary>
/// <param name="Name">Such as "frechet".</param>
/// <param name="Value">The number.</param>
/// <param name="Low">The lower end of the 95 % interval; null where there is none.</param>
/// <param name="High">The upper end.</param>
public sealed record Measured(
    string Name, double Value,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Low = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? High = null);

/// <summary>A number over several sets of seeds.</summary>
/// <param name="Name">Such as "frechet".</param>
/// <param name="Mean">Over the sets.</param>
/// <param name="Deviation">The standard deviation of a set's number, with the divisor N − 1.</param>
public sealed record MeasuredSpread(string Name, double Mean, double Deviation);

/// <summary>How near the judged images come to the training images.</summary>
public sealed record NearestResult
{
    /// <summary>What the distances are measured in: pixels, or the feature network.</summary>
    public required string Space { get; init; }

    /// <summary>One sentence.</summary>
    public required string Verdict { get; init; }

    /// <summary>The share of images that lie nearer to a training image than held-out ones do, with its interval.</summary>
    public required Measured Copies { get; init; }

    /// <summary>What the judged images were held against: images of the same kind that were not trained on, or other training images.</summary>
    public required string HeldOut { get; init; }

    /// <summary>The median distance of a judged image to the nearest training image.</summary>
    public required double Median { get; init; }

    /// <summary>The same of held-out images.</summary>
    public required double HeldOutMedian { get; init; }
}

[JsonSourceGenerationOptions(
    WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(EvaluationReport))]
sealed partial class EvaluationJson : JsonSerializerContext;
