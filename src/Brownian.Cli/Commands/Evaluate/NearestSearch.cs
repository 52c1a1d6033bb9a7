using Brownian.Evaluation;
using Brownian.Imaging;

namespace Brownian.Cli;

/// <summary>Looks for the training image that each judged image is most like, in pixels and in features.</summary>
/// <param name="terminal">Where progress and verdicts are told.</param>
/// <param name="wanted">Whether features are kept.</param>
/// <param name="extraction">What looks at images.</param>
/// <param name="training">The training images.</param>
/// <param name="count">How many of them, in <see cref="FeatureExtraction.Order"/>.</param>
/// <param name="heldOut">Names images that were not trained on; null where there are none.</param>
/// <param name="cancel">Ends it early.</param>
sealed class NearestSearch(
    Terminal terminal, EvaluationOptions wanted, FeatureExtraction extraction, ComparedImages training, int count, TrainConfig? heldOut,
    CancellationToken cancel)
{
    const int Pairs = 32, MostHeldOut = 2000;

    readonly List<(string, Action<string>)> _pictures = [];

    /// <summary>The sheets of pairs and the chart of distances.</summary>
    public (string, Action<string>)[] Pictures => [.. _pictures];

    /// <summary>Looks in every space, and tells the verdicts.</summary>
    /// <param name="judged">The features of the judged images.</param>
    /// <param name="imageOf">The judged image of a row.</param>
    /// <exception cref="ArgumentException">There are too few images.</exception>
    public IReadOnlyList<NearestReport> Find(FeatureSet judged, Func<int, Image> imageOf)
    {
        using ComparedImages? opened = heldOut is null ? null : terminal.TrackReading(progress => ComparedImages.Of(heldOut, progress, cancel));
        ComparedImages? others = opened?.Images.Count >= NearestImages.Least ? opened : null;
        if (opened is not null && others is null)
            terminal.Out.WriteLine($"note    {opened.Images.Count} held-out images are too few; training images among themselves stand in for them");
        List<NearestReport> reports = [];
        List<Drawing> charts = [];
        using var pixels = new PixelFeatures(training.Kind);
        bool isPixels = extraction.Network is PixelFeatures;
        FeatureExtraction inPixels = isPixels ? extraction : new FeatureExtraction(pixels, extraction.Device) { BatchSize = extraction.BatchSize };
        if (!isPixels) Look(extraction, judged, "nearest.png");
        Look(inPixels, isPixels ? judged : inPixels.Of([.. Enumerable.Range(0, judged.Count).Select(imageOf)], cancel: cancel), isPixels ? "nearest.png" : "nearest-pixels.png");
        _pictures.Add(EvaluationTargets.Picture("nearest-chart.png", () => ChartPanels.ToDrawing("distance to the nearest training image, relative to the spacing there", charts).ToImage()));
        return reports;

        void Look(FeatureExtraction space, FeatureSet images, string file)
        {
            string name = space.Network.Name;
            NearestReport report = terminal.Track(line =>
            {
                line.Update(0, $"looking for the nearest training images in {name}");
                var known = new Points(Features(space, training, count, line), "training images");
                Points? unseen = others is null ? null : new Points(Features(space, others, MostHeldOut, line), "held-out images");
                var options = new NearestOptions { MostHeldOut = MostHeldOut };
                return NearestImages.Compare(known, new Points(images with { Labels = [] }, "judged images"), unseen, options) with { Space = name };
            });
            reports.Add(report);
            terminal.Out.WriteLine($"copies  in {name}: {report.Text}");
            int[] order = FeatureExtraction.Order(training.Images.Count, count);
            (int Row, Neighbour Nearest)[] closest = [.. report.Neighbours.Index().Select(pair => (pair.Index, pair.Item)).OrderBy(pair => pair.Item.Relative).Take(Pairs)];
            _pictures.Add(EvaluationTargets.Picture(file, () => EvaluationPictures.Pairs(
                [.. closest.Select(pair => (imageOf(pair.Row).AsColors(), training.Read(order[pair.Nearest.Image]), Numbers.Text(pair.Nearest.Relative)))])));
            charts.Add(EvaluationPictures.Distances(
                $"in {name}", ("judged images", [.. report.Neighbours.Select(one => one.Relative)]),
                (others is null ? "other training images" : "held-out images", [.. report.BaselineNeighbours.Select(one => one.Relative)])));
        }
    }

    // Pixels are at hand anyway, and large.
    FeatureSet Features(FeatureExtraction space, ComparedImages of, int most, IProgressLine line)
    {
        bool isKept = wanted.Cache && space.Network is not PixelFeatures;
        // Where they come from was told when the same features were first needed.
        return of.Features(space, most, isKept, progress: new LookingDisplay(line, of.Name), cancel: cancel);
    }
}
