using System.Text.Json;
using System.Text.Json.Serialization;
using Brownian.Evaluation;

namespace Brownian;

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

    /// <summary>Its <see cref="FeatureNetwork.Identity"/>: numbers of another identity cannot be compared with these.</summary>
    public required string FeaturesIdentity { get; init; }

    /// <summary>The numbers that each image becomes.</summary>
    public required int Dimensions { get; init; }

    /// <summary>One for each set of seeds, and for each point of a sweep.</summary>
    public required IReadOnlyList<EvaluationResult> Results { get; init; }

    /// <summary>The mean of each number over the seeds, with its standard deviation; empty for one set of seeds and for sweeps.</summary>
    public IReadOnlyList<MeasuredSpread> Spread { get; init; } = [];

    /// <summary>Whether the images are copies, in pixels and in features; empty where that was not asked.</summary>
    public IReadOnlyList<NearestReport> Nearest { get; init; } = [];

    /// <summary>The names of the classes that labels number; empty where there are none.</summary>
    public IReadOnlyList<string> ClassNames { get; init; } = [];

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
    public string? Model { get; init; }

    /// <summary>The optimiser steps that a model was trained for; null for images.</summary>
    public long? TrainedSteps { get; init; }
}

/// <summary>The numbers of one comparison.</summary>
public sealed record EvaluationResult
{
    /// <summary>How the images were drawn, in a few words; null for images that were there.</summary>
    public string? Sampling { get; init; }

    /// <summary>The settings of a point of a sweep, by key; null for none.</summary>
    public IReadOnlyDictionary<string, string>? Settings { get; init; }

    /// <summary>The first seed; null for images that were there.</summary>
    public ulong? Seed { get; init; }

    /// <summary>How often an image passed through the model's network; null for images that were there.</summary>
    public int? NetworkCalls { get; init; }

    /// <summary>Seconds to draw an image on this machine; null for images that were there.</summary>
    public double? SecondsPerImage { get; init; }

    /// <summary>What was found.</summary>
    public required ComparisonReport Comparison { get; init; }

    /// <summary>The numbers of <see cref="Comparison"/> in a row.</summary>
    [JsonIgnore]
    public IReadOnlyList<Measured> Measures => Measured.Of(Comparison);

    /// <summary>The number of that name; null where there is none.</summary>
    /// <param name="name">As in <see cref="Measured.Name"/>.</param>
    public Measured? this[string name] => Measures.FirstOrDefault(measure => measure.Name == name);
}

/// <summary>A number, with what is known of its uncertainty.</summary>
/// <param name="Name">Such as "frechet".</param>
/// <param name="Value">The number.</param>
/// <param name="Low">The lower end of the 95 % interval; null where there is none.</param>
/// <param name="High">The upper end.</param>
public sealed record Measured(string Name, double Value, double? Low = null, double? High = null)
{
    // Of a normal distribution.
    const double Reach = 1.96;

    internal static IReadOnlyList<Measured> Of(ComparisonReport report)
    {
        (FrechetReport frechet, NeighbourhoodReport near) = (report.Frechet, report.Neighbourhoods);
        List<Measured> found = [With("frechet", frechet.Value, frechet.Interval)];
        // The line's own error knows nothing of other images, which is what an interval is of.
        if (frechet.Extrapolated is { } far) found.Add(new Measured("frechet_infinity", far.Value));
        found.Add(With("kernel", report.Kernel.Value, report.Kernel.StandardError));
        found.Add(Share("precision", near.Precision, near.PrecisionInterval));
        found.Add(Share("recall", near.Recall, near.RecallInterval));
        found.Add(With("density", near.Density, near.DensityInterval));
        found.Add(Share("coverage", near.Coverage, near.CoverageInterval));
        if (report.Classifier is not { } classifier) return found;
        found.Add(With("inception_score", classifier.Score.Score, classifier.ScoreInterval));
        found.Add(Share("confident", classifier.Score.ConfidentShare, classifier.ConfidentInterval));
        found.Add(new Measured("class_entropy", classifier.Score.Entropy));
        return found;
    }

    static Measured With(string name, double value, Interval? interval) => new(name, value, interval?.Low, interval?.High);

    // Student's interval knows no ends.
    static Measured Share(string name, double value, Interval? interval) =>
        interval is null ? new Measured(name, value) : new Measured(name, value, Math.Max(0, interval.Low), Math.Min(1, interval.High));

    static Measured With(string name, double value, double error) => new(name, value, value - Reach * error, value + Reach * error);
}

/// <summary>A number over several sets of seeds.</summary>
/// <param name="Name">Such as "frechet".</param>
/// <param name="Mean">Over the sets.</param>
/// <param name="Deviation">The standard deviation of a set's number, with the divisor N − 1.</param>
public sealed record MeasuredSpread(string Name, double Mean, double Deviation);

[JsonSourceGenerationOptions(
    WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(EvaluationReport))]
sealed partial class EvaluationJson : JsonSerializerContext;
