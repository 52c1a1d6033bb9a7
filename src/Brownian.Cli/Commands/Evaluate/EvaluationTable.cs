using System.Globalization;
using Brownian.Evaluation;

namespace Brownian.Cli;

/// <summary>Compares sets of features, and shows what that comes to.</summary>
/// <param name="terminal">Where progress is told.</param>
/// <param name="wanted">How to compare.</param>
/// <param name="warn">Told what to be careful with.</param>
/// <param name="cancel">Ends it early.</param>
sealed class EvaluationTable(Terminal terminal, EvaluationOptions wanted, Action<string> warn, CancellationToken cancel)
{
    /// <summary>The name of the number that decides.</summary>
    public const string Main = "frechet";

    static readonly (string Name, string Title, string Meaning)[] Known =
    [
        (Main, "Fréchet distance", "to the real images; lower is better, 0 means identical; comparable only at equal counts"),
        ("frechet_infinity", "… extrapolated", "the estimate for infinitely many images (FID∞)"),
        ("kernel", "kernel distance", "lower is better, 0 means identical; comparable at any count"),
        ("precision", "precision", "share of images that look real: quality"),
        ("recall", "recall", "share of real images that are reached: variety"),
        ("density", "density", "how densely real images surround them; real ones have 1"),
        ("coverage", "coverage", "share of real images with a generated one near; variety"),
        ("inception_score", "inception score", "high if the classifier is confident and sees every class; at most the number of classes"),
        ("confident", "confident", "share of images the classifier is at least 95 % sure of"),
        ("class_entropy", "class entropy", "how evenly the classes occur; ln(classes) if perfectly even"),
    ];

    (FeatureSet Of, GaussianStatistics Statistics)? _statistics;

    /// <summary>Compares a set with the real one.</summary>
    /// <param name="realSet">What is compared with.</param>
    /// <param name="judged">What is judged.</param>
    /// <param name="classes">Its labels' classes; null to compare as a whole alone.</param>
    /// <exception cref="ArgumentException">There are too few images.</exception>
    public EvaluationResult Compare(FeatureSet realSet, FeatureSet judged, ClassPairs? classes)
    {
        // All real images are in the Fréchet distance; as many as are judged are compared in pairs, as recall and coverage depend on both counts.
        if (_statistics is not { } known || known.Of != realSet) _statistics = known = (realSet, GaussianStatistics.Of(realSet, "real images"));
        FeatureSet paired = realSet.Count > judged.Count ? realSet.First(judged.Count) : realSet;
        var options = new ComparisonOptions { ReferenceStatistics = known.Statistics };
        if (wanted.Bootstrap is { } resamples) options = options with { Resamples = resamples, FrechetResamples = resamples };
        List<string> warnings = [];
        ComparisonReport found = terminal.Track(line =>
        {
            line.Update(0, $"comparing {Phrases.Count(judged.Count, "image")} with {Phrases.Count(realSet.Count)}");
            ComparisonReport whole = SetComparison.Of(paired, judged, options, cancel);
            return classes?.AreEnough(judged.Count) != true ? whole : whole with { Classes = ClassDistances.Of(realSet, judged, label => classes.Names[label], options.Neighbours, warnings, stop: cancel) };
        });
        foreach (string warning in found.Warnings.Concat(warnings)) warn(warning);
        return new EvaluationResult { Comparison = found };
    }

    /// <summary>Shows the numbers, of several sets with their mean and how much they vary.</summary>
    public static void Tell(TextWriter to, IReadOnlyList<EvaluationResult> results, ClassPairs? classes = null)
    {
        EvaluationResult first = results[0];
        IReadOnlyList<MeasuredSpread> spread = Spread(results);
        List<string[]> rows = [results.Count == 1 ? ["", "value", "95 % interval", ""] : ["", $"mean of {results.Count}", "± of one", ""]];
        foreach (Measured measured in first.Measures)
        {
            (_, string title, string meaning) = Known.First(known => known.Name == measured.Name);
            MeasuredSpread? over = spread.FirstOrDefault(one => one.Name == measured.Name);
            rows.Add(over is null
                ? [title, Numbers.Text(measured.Value), Numbers.Interval(measured), meaning]
                : [title, Numbers.Text(over.Mean), Numbers.Text(over.Deviation), meaning]);
        }
        to.WriteLine();
        TextTable.Write(to, rows, column => column is 0 or 3);
        to.WriteLine();
        if (first.Comparison.Frechet.Extrapolated is { } far)
        {
            string count = Phrases.Count(first.Comparison.GeneratedCount);
            to.WriteLine($"bias    with {count} images the Fréchet distance is about {Numbers.Text(Math.Max(0, far.Bias))} too high: compare it only with distances of {count} images");
        }
        if (classes is not null && classes.AreEnough(first.Comparison.GeneratedCount) && first.Comparison.Classes is { Count: > 0 } found)
        {
            if (results.Count > 1) to.WriteLine("the first set by class:");
            TellClasses(to, found, classes);
        }
    }

    /// <summary>The mean of every number over several sets; none of a single one.</summary>
    public static IReadOnlyList<MeasuredSpread> Spread(IReadOnlyList<EvaluationResult> results)
    {
        if (results.Count == 1) return [];
        return
        [
            .. results.SelectMany(result => result.Measures).GroupBy(measured => measured.Name).Where(same => same.Count() == results.Count).Select(same =>
            {
                double mean = same.Average(one => one.Value);
                double deviation = Math.Sqrt(same.Sum(one => (one.Value - mean) * (one.Value - mean)) / (results.Count - 1));
                return new MeasuredSpread(same.Key, mean, deviation);
            }),
        ];
    }

    /// <summary>A sweep as a table: its settings, what each costs and what each comes to.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> SweepRows(SamplingSweep sweep, IReadOnlyList<(SweepPoint Point, EvaluationResult Result)> results)
    {
        Measured[] measures = [.. results[0].Result.Measures];
        List<string[]> rows = [[.. sweep.Axes.Select(axis => axis.Key), "calls", "seconds", .. measures.Select(measured => measured.Name), "frechet_low", "frechet_high"]];
        foreach ((SweepPoint point, EvaluationResult result) in results)
        {
            Measured main = result[Main]!;
            rows.Add(
            [
                .. point.Settings.Select(setting => SweepPoint.Text(setting.Value)),
                result.NetworkCalls!.Value.ToString(CultureInfo.InvariantCulture),
                EvaluationTargets.Number(Math.Round(result.SecondsPerImage!.Value, 4)),
                .. measures.Select(measured => result[measured.Name] is { } found ? Shown(found.Value) : ""),
                main.Low is { } low ? Shown(low) : "",
                main.High is { } high ? Shown(high) : "",
            ]);
        }
        return rows;
    }

    /// <summary>The same for people: fewer columns, with their usual names.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> SweepSummary(SamplingSweep sweep, IReadOnlyList<(SweepPoint Point, EvaluationResult Result)> results)
    {
        string[] shown = [.. ((string[])[Main, "kernel", "precision", "recall", "confident"]).Where(name => results[0].Result[name] is not null)];
        List<string[]> rows =
        [
            [.. sweep.Axes.Select(axis => axis.Key), "calls an image", "seconds an image", .. shown.Select(name => Known.First(known => known.Name == name).Title)],
        ];
        rows.AddRange(results.Select(point => (string[])
        [
            .. point.Point.Settings.Select(setting => SweepPoint.Text(setting.Value)),
            Phrases.Count(point.Result.NetworkCalls!.Value), Numbers.Text(point.Result.SecondsPerImage!.Value),
            .. shown.Select(name => Numbers.Text(point.Result[name]!.Value)),
        ]));
        return rows;
    }

    static string Shown(double value) => value.ToString("G5", CultureInfo.InvariantCulture);

    static void TellClasses(TextWriter to, IReadOnlyList<ClassDistance> found, ClassPairs classes)
    {
        List<string[]> rows = [["class", "images", "real", "Fréchet", "kernel", "precision", "recall", "density", "coverage"]];
        rows.AddRange(found.Select(one => (string[])
        [
            classes.Names[one.Label], Phrases.Count(one.Kernel.GeneratedCount), Phrases.Count(one.Kernel.ReferenceCount),
            Numbers.Text(one.Frechet), Numbers.Text(one.Kernel.Value), Numbers.Text(one.Precision), Numbers.Text(one.Recall),
            Numbers.Text(one.Density), Numbers.Text(one.Coverage),
        ]));
        TextTable.Write(to, rows, column => column == 0);
        to.WriteLine();
    }
}
