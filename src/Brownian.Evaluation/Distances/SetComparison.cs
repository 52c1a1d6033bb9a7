using System.Globalization;

namespace Brownian.Evaluation;

/// <summary>What a comparison of two sets is told.</summary>
public sealed record ComparisonOptions
{
    /// <summary>The neighbours that balls of <see cref="Neighbourhoods"/> reach to.</summary>
    public int Neighbours { get; init; } = 3;

    /// <summary>The most images of each set that are compared in pairs, by kernels and in neighbourhoods; drawn at random from more.</summary>
    public int MostPaired { get; init; } = 10_000;

    /// <summary>Resamples for intervals; 0 for none.</summary>
    public int Resamples { get; init; } = 1000;

    /// <summary>Resamples for the Fréchet distance's, which cost more: by default 200 up to 256 dimensions, 50 up to 1024, 20 beyond.</summary>
    public int? FrechetResamples { get; init; }

    /// <summary>The probability from which on an image counts as confident.</summary>
    public double Confident { get; init; } = 0.95;

    /// <summary>Of the whole reference, where they are at hand: the reference's features are then read for pairs alone.</summary>
    public GaussianStatistics? ReferenceStatistics { get; init; }

    /// <summary>Of every draw.</summary>
    public long Seed { get; init; }

    /// <summary>0 for one per processor; no number depends on it.</summary>
    public int Threads { get; init; }

    internal int FrechetResamplesIn(int dimensions) => FrechetResamples ?? (dimensions <= 256 ? 200 : dimensions <= 1024 ? 50 : 20);
}

/// <summary>How far a generated set is from a reference, by every measure that the sets allow.</summary>
public static class SetComparison
{
    // A jackknife of fewer says little of how a number scatters.
    const int Telling = 50;

    /// <summary>Compares two sets.</summary>
    /// <param name="reference">Real images.</param>
    /// <param name="generated">Generated ones, of the same features.</param>
    /// <param name="options">How.</param>
    /// <param name="stop">Ends the work between two measures.</param>
    /// <exception cref="ArgumentException">The features are of two networks or not finite, or there are too few images for any comparison.</exception>
    public static ComparisonReport Of(FeatureSet reference, FeatureSet generated, ComparisonOptions? options = null, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(generated);
        options ??= new ComparisonOptions();
        if (reference.Identity != generated.Identity)
            throw new ArgumentException($"Features {reference.Identity} and {generated.Identity} cannot be compared; compute both with one network.");
        if (options.ReferenceStatistics is { } given && given.Identity != reference.Identity)
            throw new ArgumentException($"The reference's statistics are of the features {given.Identity}, where {reference.Identity} are compared; compute them again.");
        Points x = new(reference, "real images"), y = new(generated, "generated images");
        x.SameSpaceAs(y);
        int least = Math.Max(KernelDistance.Least, options.Neighbours + 1);
        string all = $"a comparison with {options.Neighbours} neighbours";
        x.AtLeast(least, all);
        y.AtLeast(least, all);

        var warnings = new List<string>();
        if (Math.Min(x.Count, y.Count) < Telling)
            warnings.Add(string.Create(CultureInfo.InvariantCulture, $"{x.Count} real and {y.Count} generated images: with fewer than {Telling} of each every number is a first impression, and its interval too narrow."));
        FrechetReport frechet = Frechet(x, y, options, warnings, stop);
        Points someX = x.Draw(options.MostPaired, options.Seed), someY = y.Draw(options.MostPaired, options.Seed);
        if (someX.Count < x.Count || someY.Count < y.Count)
        {
            warnings.Add(string.Create(CultureInfo.InvariantCulture,
                $"kernel distance and neighbourhoods: {someX.Count} of the {options.ReferenceStatistics?.Count ?? x.Count} real and {someY.Count} of the {y.Count} generated images are compared."));
        }
        stop.ThrowIfCancellationRequested();
        KernelEstimate kernel = KernelDistance.Between(someX, someY, options.Threads);
        stop.ThrowIfCancellationRequested();
        if (someX.Count != someY.Count)
        {
            warnings.Add(string.Create(CultureInfo.InvariantCulture,
                $"recall and coverage depend on the counts, here {someX.Count} and {someY.Count}: compare them only with those of equal counts."));
        }
        NeighbourhoodReport neighbourhoods = NeighbourhoodReport.Of(Neighbourhoods.Of(someX, someY, options.Neighbours, options.Threads), options);
        stop.ThrowIfCancellationRequested();
        ClassifierReport? classifier = Classifier(generated, options);
        return new ComparisonReport
        {
            Features = reference.Identity,
            Dimensions = reference.Dimensions,
            ReferenceCount = options.ReferenceStatistics?.Count ?? reference.Count,
            GeneratedCount = generated.Count,
            Frechet = frechet,
            Kernel = kernel,
            Neighbourhoods = neighbourhoods,
            Classifier = classifier,
            Warnings = warnings,
        };
    }

    static FrechetReport Frechet(Points x, Points y, ComparisonOptions options, List<string> warnings, CancellationToken stop)
    {
        int d = x.Dimensions;
        GaussianStatistics statistics = options.ReferenceStatistics ?? GaussianStatistics.Of(x, options.Threads);
        WarnIfSingular(x.Name, statistics.Count, d, warnings);
        WarnIfSingular(y.Name, y.Count, d, warnings);
        var distance = new FrechetDistance(statistics, options.Threads);
        double value = distance.To(y, options.Threads);
        stop.ThrowIfCancellationRequested();

        FrechetExtrapolation? extrapolated = null;
        int least = FrechetDistance.LeastToExtrapolate(d);
        if (y.Count >= least) extrapolated = distance.Extrapolate(y, options.Seed, options.Threads);
        else warnings.Add(string.Create(CultureInfo.InvariantCulture, $"{y.Name}: {y.Count} are too few to say how much too high the Fréchet distance is; give at least {least}."));
        stop.ThrowIfCancellationRequested();

        Interval? interval = null;
        int resamples = options.Resamples == 0 ? 0 : options.FrechetResamplesIn(d);
        if (resamples > 0 && y.Count > 2 * d)
        {
            interval = Bootstrap.Of(value, y.Count, rows =>
            {
                stop.ThrowIfCancellationRequested();
                return distance.To(y.Take(rows), 1);
            }, resamples, options.Seed, options.Threads);
        }
        else if (resamples > 0)
        {
            warnings.Add(string.Create(CultureInfo.InvariantCulture, $"{y.Name}: {y.Count} are too few for an interval of the Fréchet distance; give more than {2 * d}."));
        }
        return new FrechetReport(value, interval, extrapolated);
    }

    static void WarnIfSingular(string name, long count, int dimensions, List<string> warnings)
    {
        if (count > dimensions || count == 0) return;
        warnings.Add(string.Create(CultureInfo.InvariantCulture,
            $"{name}: {count} have a singular covariance in {Counted.Of(dimensions, "dimension")}, so the Fréchet distance is far too high; give at least {dimensions + 1}, better {10 * dimensions}."));
    }

    static ClassifierReport? Classifier(FeatureSet generated, ComparisonOptions options)
    {
        if (generated.Logits.Length == 0) return null;
        int classes = generated.Logits.Length / generated.Count;
        var logits = new Points(Array.ConvertAll(generated.Logits, logit => (double)logit), classes, "generated images (logits)");
        if (logits.Count != generated.Count)
            throw new ArgumentException($"generated images: {Counted.Of(generated.Logits.Length, "logit")} for {Counted.Of(generated.Count, "image")} are not as many for each; give one for each class.");
        ClassifierScore score = InceptionScore.Of(logits, splits: 1, options.Confident);
        var all = new ClassProbabilities(logits);
        Interval? Resampled(double value, Func<int[], double> of) =>
            options.Resamples < 2 ? null : Bootstrap.Of(value, logits.Count, of, options.Resamples, options.Seed, options.Threads);
        return new ClassifierReport(
            score, Resampled(score.Score, all.Score), Resampled(score.ConfidentShare, rows => all.ConfidentShare(rows, options.Confident)));
    }
}

/// <summary>A Fréchet distance and what is known of its errors.</summary>
/// <param name="Value">Of the images that there are.</param>
/// <param name="Interval">How far it would scatter with other generated images; the reference stays. Null with too few of them.</param>
/// <param name="Extrapolated">The distance of infinitely many generated images, and the bias at the count there is. Null with too few of them.</param>
public sealed record FrechetReport(double Value, Interval? Interval, FrechetExtrapolation? Extrapolated);

/// <summary>What a classifier says, with intervals over other generated images; these are of the whole set, whatever the splits.</summary>
/// <param name="Score">See <see cref="InceptionScore"/>.</param>
/// <param name="ScoreInterval">Of the score.</param>
/// <param name="ConfidentInterval">Of the share of confident images.</param>
public sealed record ClassifierReport(ClassifierScore Score, Interval? ScoreInterval, Interval? ConfidentInterval);

/// <summary>
/// What <see cref="Neighbourhoods"/> finds. The intervals are over other images inside the same balls: the balls of other images, too, would
/// make them somewhat wider.
/// </summary>
/// <param name="Neighbours">The k of the balls.</param>
/// <param name="ReferenceCount">The images of the reference that were compared.</param>
/// <param name="GeneratedCount">The generated ones.</param>
/// <param name="Precision">See <see cref="NeighbourhoodScores.Precision"/>.</param>
/// <param name="PrecisionInterval">Over generated images.</param>
/// <param name="Recall">See <see cref="NeighbourhoodScores.Recall"/>.</param>
/// <param name="RecallInterval">Over images of the reference.</param>
/// <param name="Density">See <see cref="NeighbourhoodScores.Density"/>.</param>
/// <param name="DensityInterval">Over generated images.</param>
/// <param name="Coverage">See <see cref="NeighbourhoodScores.Coverage"/>.</param>
/// <param name="CoverageInterval">Over images of the reference.</param>
public sealed record NeighbourhoodReport(
    int Neighbours, int ReferenceCount, int GeneratedCount, double Precision, Interval? PrecisionInterval, double Recall, Interval? RecallInterval,
    double Density, Interval? DensityInterval, double Coverage, Interval? CoverageInterval)
{
    internal static NeighbourhoodReport Of(NeighbourhoodScores scores, ComparisonOptions options)
    {
        Interval? Resampled(double[] values) => options.Resamples < 2 ? null : Bootstrap.OfShare(values, options.Resamples, options.Seed, options.Threads);
        Interval? Mean(double[] values) => options.Resamples < 2 ? null : Bootstrap.OfMean(values, options.Resamples, options.Seed, options.Threads);
        return new NeighbourhoodReport(
            scores.K, scores.ReferenceCount, scores.GeneratedCount, scores.Precision, Resampled(scores.Precise), scores.Recall, Resampled(scores.Recalled),
            scores.Density, Mean(scores.Dense), scores.Coverage, Resampled(scores.Covered));
    }
}

/// <summary>What <see cref="SetComparison"/> finds.</summary>
public sealed record ComparisonReport
{
    /// <summary>The identity of the features: see <see cref="FeatureNetwork.Identity"/>.</summary>
    public required string Features { get; init; }

    /// <summary>The features of an image.</summary>
    public required int Dimensions { get; init; }

    /// <summary>The images of the reference; 0 where it is a known distribution.</summary>
    public required long ReferenceCount { get; init; }

    /// <summary>The generated images.</summary>
    public required int GeneratedCount { get; init; }

    /// <summary>The Fréchet distance.</summary>
    public required FrechetReport Frechet { get; init; }

    /// <summary>The kernel distance of all images.</summary>
    public required KernelEstimate Kernel { get; init; }

    /// <summary>Precision, recall, density and coverage.</summary>
    public required NeighbourhoodReport Neighbourhoods { get; init; }

    /// <summary>What a classifier says of the generated images; null for a network without classes.</summary>
    public ClassifierReport? Classifier { get; init; }

    /// <summary>Of each class, where <see cref="ClassDistances"/> were asked for.</summary>
    public IReadOnlyList<ClassDistance>? Classes { get; init; }

    /// <summary>What to be careful with, one line each.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }
}
