using Brownian.Evaluation;
using static Brownian.Tests.Evaluation.Features;

namespace Brownian.Tests.Evaluation;

public sealed class BootstrapTests
{
    [Fact]
    public void The_error_of_a_mean_is_that_of_the_textbook()
    {
        double[] values = Normal(400, 1, 3, 5, 100);
        double mean = values.Average(), expected = Math.Sqrt(values.Average(v => (v - mean) * (v - mean)) / 400);
        Interval found = Bootstrap.OfMean(values, 4000, 1, 1);
        Assert.Equal(found, Bootstrap.OfMean(values, 4000, 1, 2));
        Assert.InRange(found.StandardError / expected, 0.95, 1.05);
        Assert.InRange((found.High - found.Low) / expected, 0.94 * 3.92, 1.06 * 3.92);
        Assert.Equal(mean, (found.Low + found.High) / 2, 0.2 * expected);
    }

    /// <summary>Of 300 samples, the share whose interval holds the true mean, by percentiles and by Student's.</summary>
    [Theory]
    [InlineData(200)]
    [InlineData(20)]
    public void Nineteen_of_twenty_intervals_hold_the_truth(int resamples)
    {
        int held = Enumerable.Range(0, 300).Count(i =>
            Bootstrap.OfMean(Normal(60, 1, (ulong)i, 2, 7), resamples, i, 1) is var found && found.Low <= 7 && 7 <= found.High);
        Assert.InRange(held, 270, 297);
    }

    /// <summary>The largest of a sample is too low in every resample: the interval is moved back to where the number is.</summary>
    [Fact]
    public void A_biased_number_stays_inside_its_interval()
    {
        double[] values = Normal(50, 1, 4);
        double Spread(int[] rows) => rows.Select(row => values[row]).Distinct().Count();
        Interval found = Bootstrap.Of(50, 50, Spread, 500, 2);
        Assert.InRange(50, found.Low, found.High);
        Assert.InRange(found.High - found.Low, 4, 16);                 // about 0.63·50 different ones, ± 2·2.4
    }

    [Fact]
    public void Confident_images_and_the_entropy_of_classes()
    {
        double[] logits = [10, 0, 0, 0, 10, 0, 1, 0, 0, 0, 10, 0];
        ClassifierScore found = InceptionScore.Of(new Points(logits, 3, "logits"), threshold: 0.99);
        Assert.Equal(0.75, found.ConfidentShare);
        double sure = 1 / (1 + 2 * Math.Exp(-10)), half = Math.E / (Math.E + 2);
        Assert.Equal((sure + 2 * (1 - sure) / 2 + half) / 4, found.ClassShares[0], 1e-12);
        Assert.Equal(-found.ClassShares.Sum(p => p * Math.Log(p)), found.Entropy, 1e-12);
        Assert.Contains("2 images; the inception score over 5 splits needs at least 5",
            Assert.Throws<ArgumentException>(() => InceptionScore.Of(new Points([1, 2, 3, 4], 2, "logits"), 5)).Message);
    }
}
