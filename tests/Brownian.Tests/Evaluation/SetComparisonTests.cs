using System.Text.Json;
using Brownian.Evaluation;
using static Brownian.Tests.Evaluation.Features;

namespace Brownian.Tests.Evaluation;

public sealed class SetComparisonTests
{
    static readonly ComparisonOptions Few = new() { Resamples = 100, FrechetResamples = 100 };

    [Fact]
    public void A_report_holds_every_measure()
    {
        FeatureSet reference = Labelled(NormalSet(300, 6, 1)), generated = Labelled(NormalSet(240, 6, 2, 0.2)) with { Logits = Logits(240) };
        ComparisonReport report = SetComparison.Of(reference, generated, Few, TestContext.Current.CancellationToken);
        Assert.InRange(report.Frechet.Value, report.Frechet.Interval!.Low, report.Frechet.Interval.High);
        Assert.Equal(report.Frechet.Value - report.Frechet.Extrapolated!.Value, report.Frechet.Extrapolated.Bias, 1e-12);
        Assert.InRange(report.Neighbourhoods.Precision, report.Neighbourhoods.PrecisionInterval!.Low, report.Neighbourhoods.PrecisionInterval.High);
        Assert.InRange(report.Classifier!.Score.Score, report.Classifier.ScoreInterval!.Low, report.Classifier.ScoreInterval.High);
        Assert.Contains(report.Warnings, w => w.StartsWith("recall and coverage depend on the counts, here 300 and 240", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Stopping_among_resamples_is_a_cancellation(int threads)
    {
        using var stop = new CancellationTokenSource();
        int calls = 0;
        Assert.Throws<OperationCanceledException>(() => Threads.For(100, threads, _ =>
        {
            if (Interlocked.Increment(ref calls) == 5) stop.Cancel();
            stop.Token.ThrowIfCancellationRequested();
        }));
    }

    [Fact]
    public void Threads_change_no_bit()
    {
        FeatureSet reference = Labelled(NormalSet(200, 9, 1)), generated = Labelled(NormalSet(200, 9, 2, 0.2));
        string Json(int threads) => JsonSerializer.Serialize(SetComparison.Of(reference, generated, Few with { Threads = threads }, TestContext.Current.CancellationToken));
        Assert.Equal(Json(1), Json(2));
    }

    [Fact]
    public void Reference_statistics_stand_for_the_whole_reference()
    {
        FeatureSet reference = NormalSet(200, 5, 1), generated = NormalSet(200, 5, 2, 0.2);
        GaussianStatistics kept = GaussianStatistics.Of(reference, "reference");
        Assert.Equal("test", kept.Identity);
        ComparisonReport with = SetComparison.Of(reference, generated, Few with { ReferenceStatistics = kept }, TestContext.Current.CancellationToken);
        Assert.Equal(JsonSerializer.Serialize(SetComparison.Of(reference, generated, Few, TestContext.Current.CancellationToken)), JsonSerializer.Serialize(with));
    }

    [Fact]
    public void Few_images_are_compared_with_warnings()
    {
        ComparisonReport report = SetComparison.Of(
            NormalSet(30, 40, 1), NormalSet(20, 40, 2), new() { Resamples = 10 }, TestContext.Current.CancellationToken);
        Assert.Null(report.Frechet.Interval);
        Assert.Null(report.Frechet.Extrapolated);
        Assert.Contains("real images: 30 have a singular covariance in 40 dimensions, so the Fréchet distance is far too high; give at least 41, better 400.", report.Warnings);
        Assert.Contains(report.Warnings, w => w.StartsWith("generated images: 20 have a singular covariance", StringComparison.Ordinal));
        Assert.Contains("generated images: 20 are too few to say how much too high the Fréchet distance is; give at least 160.", report.Warnings);
        Assert.Contains("generated images: 20 are too few for an interval of the Fréchet distance; give more than 80.", report.Warnings);
    }

    [Fact]
    public void More_images_than_are_compared_in_pairs_are_drawn_from()
    {
        ComparisonReport report = SetComparison.Of(NormalSet(90, 3, 1), NormalSet(80, 3, 2), Few with { MostPaired = 50 }, TestContext.Current.CancellationToken);
        Assert.Equal((50, 50), (report.Kernel.ReferenceCount, report.Neighbourhoods.GeneratedCount));
        Assert.Contains("kernel distance and neighbourhoods: 50 of the 90 real and 50 of the 80 generated images are compared.", report.Warnings);
    }

    [Fact]
    public void Classes_of_too_few_images_are_left_out_and_named()
    {
        var warnings = new List<string>();
        FeatureSet reference = NormalSet(12, 3, 1) with { Labels = [0, 0, 0, 0, 0, 0, 0, 0, 5, -1, -1, -1] };
        FeatureSet generated = NormalSet(7, 3, 2) with { Labels = [0, 0, 0, 0, 5, 5, 5] };
        ClassDistance found = Assert.Single(ClassDistances.Of(reference, generated, label => $"<{label}>", 3, warnings, stop: TestContext.Current.CancellationToken));
        Assert.Equal((0, 8, 4), (found.Label, found.Kernel.ReferenceCount, found.Kernel.GeneratedCount));
        Points zeros = new Points(reference, "r").Take([.. Enumerable.Range(0, 8)]), made = new Points(generated, "g").Take([0, 1, 2, 3]);
        Assert.Equal(FrechetDistance.Between(GaussianStatistics.Of(zeros), GaussianStatistics.Of(made)), found.Frechet, 1e-9);
        Assert.Equal("class <5>: left out, with 1 real and 3 generated images; it takes 4 of each.", Assert.Single(warnings));
    }

    [Fact]
    public void Bad_input_is_one_line_that_says_which_set_and_image()
    {
        FeatureSet good = NormalSet(9, 4, 1);
        FeatureSet bad = NormalSet(9, 4, 1);
        bad.Values[3 * 4 + 2] = float.NaN;
        Assert.StartsWith("generated images: image 3 has NaN as feature 2 (both counted from 0); ", Refused(good, bad));
        bad.Values[3 * 4 + 2] = float.PositiveInfinity;
        Assert.StartsWith("real images: image 3 has an infinite number as feature 2", Refused(bad, good));
        Assert.Equal("Features test and inception-2015 cannot be compared; compute both with one network.", Refused(good, good with { Identity = "inception-2015" }));
        Assert.Contains("real images has 4 features for each image and generated images has 3", Refused(good, NormalSet(9, 3, 1)));
        Assert.Equal("generated images: 3 images; a comparison with 3 neighbours needs at least 4: give more.", Refused(good, NormalSet(3, 4, 1)));
        Assert.Contains("statistics are of the features , where test are compared", Refused(good, good, new() { ReferenceStatistics = GaussianStatistics.Of(new Points(good, "r")) }));
        Assert.Contains("no rows of 4", Refused(good, good with { Values = [1, 2, 3] }));
        Assert.Contains("generated images: 2 labels for 9 images", Assert.Throws<ArgumentException>(() =>
            ClassDistances.Of(Labelled(good), good with { Labels = [1, 2] }, label => "", 3, [], stop: TestContext.Current.CancellationToken)).Message);
    }

    static string Refused(FeatureSet reference, FeatureSet generated, ComparisonOptions? options = null)
    {
        string message = Assert.Throws<ArgumentException>(() => SetComparison.Of(reference, generated, options ?? new() { Resamples = 0 })).Message;
        Assert.DoesNotContain('\n', message);
        return message;
    }

    static FeatureSet Labelled(FeatureSet set) => set with { Labels = [.. Enumerable.Range(0, set.Count).Select(i => i % 3)] };

    static float[] Logits(int count) => Array.ConvertAll(Normal(count, 3, 9, 4), value => (float)value);
}
