using System.Diagnostics;
using Brownian.Evaluation;

namespace Brownian.Cli;

/// <summary>What judging a model and judging a set of images have in common.</summary>
abstract class Judging(
    Terminal terminal, EvaluationOptions wanted, EvaluationTargets targets, FeatureExtraction extraction, ComparedImages real, CancellationToken cancel)
{
    /// <summary>The time that drawing images may take where nobody says how many.</summary>
    protected const double DrawingSeconds = 180;

    /// <summary>The same for looking at real images, which is done once.</summary>
    protected const double LookingSeconds = 300;

    // Neighbourhoods of three, and the image itself.
    protected const int Least = 4;

    readonly List<string> _warnings = [];

    protected Terminal Terminal => terminal;
    protected CancellationToken Cancel => cancel;
    protected EvaluationOptions Wanted => wanted;
    protected EvaluationTargets Targets => targets;
    protected FeatureExtraction Extraction => extraction;
    protected ComparedImages Real => real;
    protected IReadOnlyList<string> Warnings => _warnings;

    protected void Tell(string name, string text) => terminal.Out.WriteLine($"{name,-7} {text}");

    protected void Warn(string message)
    {
        if (_warnings.Contains(message)) return;
        _warnings.Add(message);
        terminal.Warn(message);
    }

    protected void TellFeatures(ComparedImages? judged = null)
    {
        // Before anything is drawn.
        (int least, string what) = wanted.Nearest ? (NearestImages.Least, "a verdict on copies") : (Least, "a comparison");
        if (wanted.Count < least) throw new ArgumentException($"--count {wanted.Count}: {what} needs at least {least} images; give more.");
        int there = Math.Min(real.Images.Count, wanted.RealCount ?? int.MaxValue);
        if (there < least) throw new ArgumentException($"{real.Name}: {Phrases.Count(there, "real image")}; {what} needs at least {least}: give more.");
        if (judged?.Images.Count < least) throw new ArgumentException($"{judged.Name}: {Phrases.Count(judged.Images.Count, "image")}; {what} needs at least {least}: give more.");
        FeatureNetwork network = extraction.Network;
        FeatureImages kind = real.Kind;
        string made = network.PreparationOf(kind.Height, kind.Width, kind.Channels) is { } preparation ? $", of images {preparation}" : "";
        string why = wanted.Features is null && wanted.Weights is null ? "; another with --features NAME" : "";
        Tell("compare", $"in features {network.Name}, {Phrases.Count(network.Dimensions)} numbers an image{made}{why}");
    }

    /// <summary>The features of the real images: of all, or of as many as time allows.</summary>
    /// <param name="secondsPerImage">What looking at one takes, as far as is known.</param>
    protected FeatureSet RealFeatures(double secondsPerImage)
    {
        int all = real.Images.Count, count = wanted.RealCount ?? all;
        if (wanted.RealCount > all) Warn($"--real-count {wanted.RealCount}: there are {Phrases.Count(all)} real images; all are taken.");
        int kept = wanted.Cache ? real.KeptFeatures(extraction) : 0;
        if (wanted.RealCount is null && kept < all && secondsPerImage * all > LookingSeconds)
        {
            // The same number as last time, whatever the machine is busy with: distances depend on it.
            int timely = Math.Min(all, ImageCounts.Within(secondsPerImage, LookingSeconds));
            count = kept >= timely / 2 ? kept : timely;
            string time = count <= kept ? "" : $" (about {Phrases.Duration(TimeSpan.FromSeconds(secondsPerImage * (count - kept)))})";
            Tell("", $"using {Phrases.Count(count)} of the {Phrases.Count(all)} real images{time}; change it with --real-count");
        }
        return terminal.Track(line => real.Features(
            extraction, count, wanted.Cache, note => line.Note($"cache   {note}"), new LookingDisplay(line, real.Name), cancel));
    }

    protected EvaluatedSet DescribeReal(FeatureSet set) => new() { Name = real.Name, Description = real.Images.Description, Count = set.Count };

    protected EvaluationReport Report(EvaluatedSet judged, FeatureSet realSet, IReadOnlyList<EvaluationResult> results) => new()
    {
        Generated = judged,
        Real = DescribeReal(realSet),
        Features = extraction.Network.Name,
        FeaturesIdentity = extraction.Network.Identity,
        Dimensions = extraction.Network.Dimensions,
        Results = results,
        Warnings = [.. _warnings],
    };

    /// <summary>Writes the report and says where it is.</summary>
    protected void Write(string name, EvaluationReport report, params (string Name, Action<string> Write)[] others)
    {
        foreach (string path in targets.Write(name, report.ToJson(), others)) Tell(Path.GetExtension(path) is ".png" or ".svg" ? "picture" : "report", path);
    }
}

/// <summary>Judges a set of images that is there.</summary>
sealed class SetEvaluation(
    Terminal terminal, EvaluationOptions wanted, EvaluationTargets targets, FeatureExtraction extraction, ComparedImages real, CancellationToken cancel)
    : Judging(terminal, wanted, targets, extraction, real, cancel)
{
    public void Judge(ComparedImages judged)
    {
        Tell("judged", judged.Images.Description);
        Tell("real", Real.Images.Description);
        TellFeatures(judged);
        int count = Math.Min(Wanted.Count ?? judged.Images.Count, judged.Images.Count);
        if (Wanted.Count > judged.Images.Count) Warn($"--count {Wanted.Count}: {judged.Name} has {Phrases.Count(judged.Images.Count, "image")}; all are taken.");
        // Images that are judged are seldom judged again as they are: their features are not kept.
        long start = Stopwatch.GetTimestamp();
        FeatureSet features = Terminal.Track(line => judged.Features(Extraction, count, cache: false, progress: new LookingDisplay(line, judged.Name), cancel: Cancel));
        FeatureSet realSet = RealFeatures(Stopwatch.GetElapsedTime(start).TotalSeconds / count);
        var classes = Wanted.PerClass ? ClassPairs.Of("--per-class", judged.Images.Classes, judged.Name, Real.Images.Classes, Real.Name) : null;
        EvaluationResult result = new EvaluationTable(Terminal, Wanted, Warn, Cancel).Compare(
            realSet, features with { Labels = classes?.Relabel(features.Labels) ?? [] }, classes);
        EvaluationTable.Tell(Terminal.Out, [result], classes);
        EvaluationReport report = Report(new EvaluatedSet { Name = judged.Name, Description = judged.Images.Description, Count = count }, realSet, [result]) with { ClassNames = classes?.Names ?? [] };
        if (!Wanted.Nearest)
        {
            Write(judged.Name, report);
            Tell("next", Invocation.Of([.. Wanted.Typed, "--nearest"]));
            return;
        }
        int[] order = FeatureExtraction.Order(judged.Images.Count, count);
        var nearest = new NearestSearch(Terminal, Wanted, Extraction, Real, realSet.Count, heldOut: null, Cancel);
        report = report with { Nearest = nearest.Find(features, image => judged.Read(order[image])) };
        Write(judged.Name, report with { Warnings = [.. Warnings] }, nearest.Pictures);
        if (Wanted.Features is null) Tell("next", Invocation.Of([.. Wanted.Typed, "--features", "pixels"]));
    }
}
