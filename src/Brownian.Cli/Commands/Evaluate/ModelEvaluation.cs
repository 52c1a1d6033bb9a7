using System.Globalization;
using Brownian.Evaluation;
using Brownian.Imaging;
using Brownian.Training;

namespace Brownian.Cli;

/// <summary>Judges the images that a model draws.</summary>
sealed class ModelEvaluation(
    Terminal terminal, EvaluationOptions wanted, EvaluationTargets targets, FeatureExtraction extraction, ComparedImages real,
    DiffusionModel model, string name, SampleOptions sampling, CancellationToken cancel)
    : Judging(terminal, wanted, targets, extraction, real, cancel)
{
    const int SheetImages = 64, SweepImages = 9;

    readonly ImageSampler _sampler = new(model);

    /// <summary>Names the real images.</summary>
    public required TrainConfig Config { get; init; }

    /// <summary>What a point of a sweep is, in a few words.</summary>
    /// <exception cref="ArgumentException">The sampler cannot be set so.</exception>
    public static string Describe(ImageSampler sampler, SampleOptions sampling, SweepPoint point)
    {
        try
        {
            return sampler.Describe(At(sampling, point));
        }
        catch (ArgumentException e)
        {
            throw new ArgumentException($"--sweep: {point.Label}: {e.Message}", e);
        }
    }

    public void Judge()
    {
        ClassPairs? classes = Classes();
        if (Wanted.Nearest && Config.Dataset.Split != DataSplit.Train)
            throw new ArgumentException("--nearest: copies are looked for among the images to train on; leave --split out.");
        Tell("sampler", _sampler.Describe(sampling));
        TellReal();
        TellFeatures();
        SampleCollection first = Begin(sampling, Wanted.Seed);
        int count = Wanted.Count ?? ImageCounts.Within(SecondsPerImage(first), DrawingSeconds / Wanted.Repeat);
        TellPlan(count, SecondsPerImage(first), Wanted.Repeat == 1 ? "" : $", {Wanted.Repeat} times");
        FeatureSet? realSet = null;
        int realCount = 0;
        var results = new List<EvaluationResult>();
        var table = new EvaluationTable(Terminal, Wanted, Warn, Cancel);
        for (int repeat = 0; repeat < Wanted.Repeat; repeat++)
        {
            SampleCollection drawn = repeat == 0 ? first : Begin(sampling, Wanted.Seed + (ulong)repeat * (ulong)count, draws: false);
            string which = Wanted.Repeat == 1 ? "" : $"set {repeat + 1} of {Wanted.Repeat}: ";
            DrawTo(drawn, count, which);
            if (realSet is null)
            {
                realSet = RealFeatures(drawn.Looking.TotalSeconds / count);
                realCount = realSet.Count;
                realSet = OfClasses(realSet);
            }
            results.Add(table.Compare(realSet, Labelled(drawn, classes), classes) with
            {
                Sampling = _sampler.Describe(sampling),
                Seed = drawn.FirstSeed,
                NetworkCalls = drawn.NetworkCalls,
                SecondsPerImage = SecondsPerImage(drawn),
            });
        }
        EvaluationTable.Tell(Terminal.Out, results, classes);
        EvaluationReport report = Report(DescribeModel(count), realSet!, results) with { Spread = EvaluationTable.Spread(results), ClassNames = classes?.Names ?? [] };
        (string Name, Action<string> Write) sheet = EvaluationTargets.Picture(
            "samples.png", () => ImageGrid.Draw([.. first.Images.Take(SheetImages).Select(image => image.AsColors())], 8));
        if (!Wanted.Nearest)
        {
            Write(name, report, sheet);
            Tell("next", Invocation.Of("evaluate", "--model", name, "--sweep", "steps=10,20,50", "sampler=ddim,dpmpp_2m,unipc"));
            return;
        }
        var nearest = new NearestSearch(Terminal, Wanted, Extraction, Real, realCount, EvaluationData.HeldOut(Config), Cancel);
        report = report with { Nearest = nearest.Find(first.Features, image => first.Images[image]) };
        Write(name, report with { Warnings = [.. Warnings] }, [sheet, .. nearest.Pictures]);
        Tell("next", Invocation.Of("sample", "--model", name));
    }

    public void Sweep(SamplingSweep sweep)
    {
        IReadOnlyList<SweepPoint> points = sweep.Points;
        SweepPoint dearest = points.MaxBy(point => _sampler.NetworkCalls(At(sampling, point)))!;
        Tell("sweep", $"{points.Count} combinations of {string.Join(" and ", sweep.Axes.Select(axis => axis.Key))}, the same seeds in each");
        TellReal();
        TellFeatures();
        SampleCollection measured = Begin(At(sampling, dearest), Wanted.Seed);
        // Each point costs as many network calls as it makes.
        double perCall = SecondsPerImage(measured) / _sampler.NetworkCalls(At(sampling, dearest));
        double perImage = points.Sum(point => _sampler.NetworkCalls(At(sampling, point)) * perCall);
        int count = Wanted.Count ?? ImageCounts.Within(perImage, DrawingSeconds);
        TellPlan(count, perImage, $" for each of {points.Count} combinations");
        FeatureSet? realSet = null;
        var results = new List<(SweepPoint Point, EvaluationResult Result)>();
        var images = new List<IReadOnlyList<Image>>();
        var table = new EvaluationTable(Terminal, Wanted, Warn, Cancel);
        foreach (SweepPoint point in points)
        {
            SampleCollection drawn = point == dearest ? measured : Begin(At(sampling, point), Wanted.Seed, draws: false);
            DrawTo(drawn, count, $"{results.Count + 1} of {points.Count}, {point.Label}: ");
            realSet ??= OfClasses(RealFeatures(drawn.Looking.TotalSeconds / count));
            EvaluationResult result = table.Compare(realSet, drawn.Features, classes: null) with
            {
                Sampling = _sampler.Describe(At(sampling, point)),
                Settings = point.Settings.ToDictionary(setting => setting.Key, setting => SweepPoint.Text(setting.Value)),
                Seed = Wanted.Seed,
                NetworkCalls = drawn.NetworkCalls,
                SecondsPerImage = SecondsPerImage(drawn),
            };
            results.Add((point, result));
            images.Add([.. drawn.Images.Take(SweepImages)]);
        }
        IReadOnlyList<IReadOnlyList<string>> rows = EvaluationTable.SweepRows(sweep, results);
        TextTable.Write(Terminal.Out, rows, column => column < sweep.Axes.Count);
        (SweepPoint best, EvaluationResult least) = results.MinBy(point => point.Result[EvaluationTable.Main]!.Value);
        // The seeds are the same, so that two points differ by less than two sets of images would.
        int near = results.Count(point => point.Point != best && point.Result[EvaluationTable.Main]!.Value <= least[EvaluationTable.Main]!.High);
        Tell("best", $"{best.Label}, of {Phrases.Count(count)} images each" + (near == 0 ? "" : $"; {(near == 1 ? "another is" : $"{near} others are")} within its interval: more images tell them apart"));
        string title = $"{name}: distance in {Extraction.Network.Name} of {Phrases.Count(count)} images";
        Write(name, Report(DescribeModel(count), realSet!, [.. results.Select(point => point.Result)]),
            EvaluationTargets.Table("table.csv", rows),
            EvaluationTargets.Picture("chart.png", () => EvaluationPictures.Sweep(title, results, EvaluationTable.Main, "Fréchet distance").ToImage()),
            EvaluationTargets.Picture("sheet.png", () => EvaluationPictures.Sheet(sweep, images)));
        Tell("next", Invocation.Of(["evaluate", "--model", name, .. best.Settings.SelectMany(OptionOfSetting), "--repeat", "3"]));
    }

    static SampleOptions At(SampleOptions sampling, SweepPoint point) => sampling with { Sampling = point.Over(sampling.Sampling) };

    static string[] OptionOfSetting((string Key, object Value) setting) =>
        new SampleParams().Keys.First(key => key.Name == setting.Key).Option is { } option ? [option, SweepPoint.Text(setting.Value)] : [];

    // Drawn before anything is promised: how long one takes is known of the first batch.
    SampleCollection Begin(SampleOptions options, ulong seed, bool draws = true)
    {
        int kept = Wanted.Nearest ? int.MaxValue : SheetImages;
        var drawn = new SampleCollection(model, Extraction, options, seed) { KeptImages = kept };
        if (draws) DrawTo(drawn, Math.Min(options.BatchSize, Wanted.Count ?? options.BatchSize), "measuring: ");
        return drawn;
    }

    void DrawTo(SampleCollection drawn, int count, string which) => Terminal.Track(line =>
    {
        drawn.DrawTo(count, new DrawingDisplay(line, which), Cancel);
        return 0;
    });

    static double SecondsPerImage(SampleCollection drawn) => drawn.Drawing.TotalSeconds / drawn.Count;

    void TellReal()
    {
        Tell("real", Real.Images.Description);
        foreach (string note in Real.Images.Notes) Tell("", note);
        if (Config.Dataset.Split == DataSplit.Train && !Config.Dataset.IsBuiltIn)
            Tell("", "the images to train on, as papers do it; --split test for others, where the set has them");
    }

    void TellPlan(int count, double secondsPerImage, string times)
    {
        double seconds = secondsPerImage * count * Wanted.Repeat;
        string why = Wanted.Count is null ? "; others with --count N" : "";
        Tell("plan", $"{Phrases.Count(count)} images{times}: about {Phrases.Duration(TimeSpan.FromSeconds(seconds))}{why}");
    }

    ClassPairs? Classes()
    {
        if (model.Classes == 0)
            return Wanted.PerClass ? throw new ArgumentException($"--per-class: {name} was trained without classes; leave the option out.") : null;
        if (Real.Images.Classes.Count == 0)
        {
            return Wanted.PerClass
                ? throw new ArgumentException($"--per-class: the real images have no classes ({Real.Images.Description}); leave the option out, or give others with --data.")
                : null;
        }
        IReadOnlyList<string> names = model.Description.Classes.Count > 0
            ? [.. model.Description.Classes.Take(model.Classes)]
            : [.. Enumerable.Range(0, model.Classes).Select(label => label.ToString(CultureInfo.InvariantCulture))];
        return Wanted.PerClass ? ClassPairs.Of("--per-class", names, name, Real.Images.Classes, Real.Name) : ClassPairs.Try(names, Real.Images.Classes);
    }

    static FeatureSet Labelled(SampleCollection drawn, ClassPairs? classes)
    {
        FeatureSet features = drawn.Features;
        return features with { Labels = classes?.Relabel(features.Labels) ?? [] };
    }

    // Who draws some classes alone is compared with real images of these.
    FeatureSet OfClasses(FeatureSet realSet)
    {
        if (sampling.Classes is not { } drawn || realSet.Labels.Length == 0 || Classes() is not { } classes) return realSet;
        HashSet<int> labels = [.. classes.Relabel([.. drawn])];
        int[] rows = [.. Enumerable.Range(0, realSet.Count).Where(row => labels.Contains(realSet.Labels[row]))];
        if (rows.Length == 0) throw new ArgumentException($"--class: none of the real images is of these classes ({Real.Images.Description}).");
        Tell("", $"compared with the {Phrases.Count(rows.Length)} real images of the same classes");
        return realSet.Only(rows);
    }

    EvaluatedSet DescribeModel(int count) => new()
    {
        Name = name,
        Description = $"{model.Description.Model.Type}, {Phrases.Count(model.Network.Parameters.Count)} parameters",
        Count = count,
        Model = model.Hash,
        TrainedSteps = model.Description.Step,
    };
}
