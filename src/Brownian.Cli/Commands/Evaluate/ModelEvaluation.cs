using System.Globalization;
using Brownian.Evaluation;
using Brownian.Imaging;

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

    /// <summary>The model with an average of another width.</summary>
    public required Func<double, DiffusionModel> OfWidth { get; init; }

    /// <summary>Whether the model learned from them.</summary>
    public required bool IsOfTraining { get; init; }

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
        if (Wanted.Nearest && !IsOfTraining)
            throw new ArgumentException("--nearest: copies are looked for among the training images; give those with --data, and leave --split out.");
        RequireImagesOfClasses();
        Tell("judged", $"{name}, {model.Description.Model.Type} after {Phrases.Count(model.Description.Step, "training step")}");
        Tell("sampler", _sampler.Describe(sampling));
        TellReal();
        TellFeatures();
        SampleCollection first = Begin(model, sampling, Wanted.Seed);
        int count = Wanted.Count ?? Math.Max(first.Count, ImageCounts.Within(SecondsPerImage(first), DrawingSeconds / Wanted.Repeat));
        TellPlan(count, SecondsPerImage(first), Wanted.Repeat == 1 ? "" : $", {Wanted.Repeat} times");
        FeatureSet? realSet = null;
        int realCount = 0;
        var results = new List<EvaluationResult>();
        var table = new EvaluationTable(Terminal, Wanted, Warn, Cancel);
        for (int repeat = 0; repeat < Wanted.Repeat; repeat++)
        {
            SampleCollection drawn = repeat == 0 ? first : Begin(model, sampling, Wanted.Seed + (ulong)repeat * (ulong)count, draws: false);
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
            "samples.png", () => ImageGrid.Draw([.. first.Images.Take(SheetImages)], 8));
        if (!Wanted.Nearest)
        {
            Write(name, report, sheet);
            Tell("next", Invocation.Of("evaluate", "--model", name, "--sweep", "steps=10,20,50", "sampler=heun,dpmpp_2m,unipc"));
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
        SampleCollection measured = Begin(ModelAt(dearest), At(sampling, dearest), Wanted.Seed);
        // Each point costs as many network calls as it makes.
        double perCall = SecondsPerImage(measured) / _sampler.NetworkCalls(At(sampling, dearest));
        double perImage = points.Sum(point => _sampler.NetworkCalls(At(sampling, point)) * perCall);
        int count = Wanted.Count ?? Math.Max(measured.Count, ImageCounts.Within(perImage, DrawingSeconds));
        TellPlan(count, perImage, $" for each of {points.Count} combinations");
        FeatureSet? realSet = null;
        var results = new List<(SweepPoint Point, EvaluationResult Result)>();
        var images = new List<IReadOnlyList<Image>>();
        var table = new EvaluationTable(Terminal, Wanted, Warn, Cancel);
        foreach (SweepPoint point in points)
        {
            SampleCollection drawn = point == dearest ? measured : Begin(ModelAt(point), At(sampling, point), Wanted.Seed, draws: false);
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
        TextTable.Write(Terminal.Out, EvaluationTable.SweepSummary(sweep, results), column => column < sweep.Axes.Count);
        (SweepPoint best, EvaluationResult least) = results.MinBy(point => point.Result[EvaluationTable.Main]!.Value);
        // The seeds are the same, so that two points differ by less than two sets of images would.
        int near = results.Count(point => point.Point != best && point.Result[EvaluationTable.Main]!.Value <= least[EvaluationTable.Main]!.High);
        string doubt = least[EvaluationTable.Main]!.High is null ? "; too few images for an interval: the differences may be chance"
            : near == 0 ? ""
            : $"; {(near == 1 ? "another lies" : $"{near} others lie")} within its interval: draw more images to tell them apart";
        Tell("best", $"{best.Label}, of {Phrases.Count(count, "image")} each{doubt}");
        string title = $"{name}: distance in {Extraction.Network.Name} of {Phrases.Count(count, "image")}";
        Write(name, Report(DescribeModel(count), realSet!, [.. results.Select(point => point.Result)]),
            EvaluationTargets.Table("table.csv", rows),
            EvaluationTargets.Picture("chart.png", () => EvaluationPictures.Sweep(title, results, EvaluationTable.Main, "Fréchet distance").ToImage()),
            EvaluationTargets.Picture("sheet.png", () => EvaluationPictures.Sheet(sweep, images)));
        // Some keys of a configuration have no option.
        if (best.Settings.All(setting => OptionOfSetting(setting) is not []))
            Tell("next", Invocation.Of(["evaluate", "--model", name, .. best.Settings.SelectMany(OptionOfSetting), "--repeat", "3"]));
    }

    DiffusionModel ModelAt(SweepPoint point) => point.EmaWidth is { } width ? OfWidth(width) : model;

    static SampleOptions At(SampleOptions sampling, SweepPoint point) => sampling with { Sampling = point.Over(sampling.Sampling) };

    static string[] OptionOfSetting((string Key, object Value) setting) => setting.Key == SweepPoint.EmaStd
        ? ["--ema-std", SweepPoint.Text(setting.Value)]
        : new SampleParams().Keys.First(key => key.Name == setting.Key).Option is { } option ? [option, SweepPoint.Text(setting.Value)] : [];

    // Drawn before anything is promised: how long one takes is known of the first batch.
    SampleCollection Begin(DiffusionModel drawing, SampleOptions options, ulong seed, bool draws = true)
    {
        int kept = Wanted.Nearest ? int.MaxValue : SheetImages;
        var drawn = new SampleCollection(drawing, Extraction, options, seed) { KeptImages = kept };
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
            Tell("", "the training images, as is customary; --split test for held-out ones, if the set has them");
    }

    void TellPlan(int count, double secondsPerImage, string times)
    {
        double seconds = secondsPerImage * count * Wanted.Repeat;
        string why = Wanted.Count is null ? "; others with --count N" : "";
        Tell("plan", $"{Phrases.Count(count, "image")}{times}: about {Phrases.Duration(TimeSpan.FromSeconds(seconds))}{why}");
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

    HashSet<int>? DrawnLabels() => sampling.Classes is { } drawn && Classes() is { } classes ? [.. classes.Relabel([.. drawn])] : null;

    // Before anything is drawn.
    void RequireImagesOfClasses()
    {
        if (DrawnLabels() is not { } labels) return;
        int count = Enumerable.Range(0, Real.Images.Count).Count(image => labels.Contains(Real.Images.Label(image)));
        if (count < Least) throw new ArgumentException($"--class: {count} of the real images are of these classes, and a comparison needs at least {Least} ({Real.Images.Description}).");
    }

    // Who draws some classes alone is compared with real images of these.
    FeatureSet OfClasses(FeatureSet realSet)
    {
        if (realSet.Labels.Length == 0 || DrawnLabels() is not { } labels) return realSet;
        int[] rows = [.. Enumerable.Range(0, realSet.Count).Where(row => labels.Contains(realSet.Labels[row]))];
        Tell("", $"compared with the {Phrases.Count(rows.Length)} real images of the same classes");
        return realSet.Only(rows);
    }

    EvaluatedSet DescribeModel(int count) => new()
    {
        Name = name,
        Description = $"{model.Description.Model.Type}, {Phrases.Count(model.Network.Parameters.Count, "parameter")}",
        Count = count,
        Model = model.Hash,
        TrainedSteps = model.Description.Step,
    };
}
