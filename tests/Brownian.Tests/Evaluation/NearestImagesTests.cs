using Brownian.Evaluation;
using static Brownian.Tests.Evaluation.Features;

namespace Brownian.Tests.Evaluation;

public sealed class NearestImagesTests
{
    const int D = 8;

    [Fact]
    public void Finds_the_nearest_and_of_equal_ones_the_first()
    {
        double[] values = Normal(150, D, 1, 1, 40);
        values.AsSpan(20 * D, D).CopyTo(values.AsSpan(90 * D));
        Points training = new(values, D, "training"), images = new([.. values[(90 * D)..(91 * D)], .. Normal(70, D, 2, 1, 40)], D, "images");
        Neighbour[] found = NearestImages.Of(images, training, 1);
        Assert.Equal(found, NearestImages.Of(images, training, 3));
        Assert.Equal(new Neighbour(20, 0), found[0]);
        for (int i = 0; i < images.Count; i++)
        {
            double[] distances = [.. Enumerable.Range(0, 150).Select(j => SquaredDistance(Row(images, i), Row(training, j)))];
            Assert.Equal(Array.IndexOf(distances, distances.Min()), found[i].Image);
            Assert.Equal(Math.Sqrt(distances.Min()), found[i].Distance, 1e-12);
        }
    }

    [Fact]
    public void Within_a_set_each_image_is_left_out_for_itself_alone()
    {
        double[] values = Normal(120, D, 1);
        values.AsSpan(20 * D, D).CopyTo(values.AsSpan(90 * D));
        Points training = new(values, D, "training");
        Neighbour[] found = NearestImages.Within(training, [90, 7, 20]);
        Assert.Equal(new Neighbour(20, 0), found[0]);
        Assert.Equal(new Neighbour(90, 0), found[2]);
        double[] distances = [.. Enumerable.Range(0, 120).Select(j => j == 7 ? double.MaxValue : SquaredDistance(Row(training, 7), Row(training, j)))];
        Assert.Equal(Array.IndexOf(distances, distances.Min()), found[1].Image);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void New_images_of_the_same_kind_are_no_copies(bool heldOut)
    {
        NearestReport found = Compare(NormalPoints(300, D, 7), heldOut);
        Assert.Equal(CopyVerdict.NoCopies, found.Verdict);
        Assert.InRange(0.5, found.NearerLow - 0.03, found.NearerHigh + 0.03);
        Assert.Equal(0, found.Identical);
        Assert.StartsWith($"no sign of copying: generated images are no closer to the training images than {(heldOut ? "held-out" : "other training")} images are; ", found.Text);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Training_images_with_some_noise_are_copies(bool heldOut)
    {
        double[] noise = Normal(300, D, 8, 0.3);
        double[] copies = [.. Normal(300, D, 1).Zip(noise, (a, b) => a + b)];
        NearestReport found = Compare(new Points(copies, D, "generated"), heldOut);
        Assert.Equal(CopyVerdict.Copies, found.Verdict);
        Assert.True(found.NearerLow > 0.6);
        Assert.StartsWith("copies: generated images are closer to the training images than", found.Text);
    }

    [Fact]
    public void A_few_exact_copies_are_found_among_new_images()
    {
        double[] mixed = [.. Normal(15, D, 1), .. Normal(285, D, 7)];
        NearestReport found = Compare(new Points(mixed, D, "generated"), true);
        Assert.Equal(CopyVerdict.SomeCopies, found.Verdict);
        Assert.Equal(15, found.Identical);
        Assert.EndsWith("; 15 of 300 equal a training image exactly, as do 0 of 400 held-out images.", found.Text);
        Assert.Equal(Enumerable.Range(0, 15), found.Neighbours.Take(15).Select(n => n.Image));
    }

    [Fact]
    public void A_single_exact_copy_is_one_where_no_other_image_is()
    {
        NearestReport found = Compare(new Points([.. Normal(1, D, 1), .. Normal(299, D, 7)], D, "generated"), true);
        Assert.Equal((CopyVerdict.SomeCopies, 1, 0), (found.Verdict, found.Identical, found.BaselineIdentical));
    }

    [Fact]
    public void Exact_copies_are_none_where_held_out_images_are_as_often_the_same()
    {
        double[] twice = Normal(60, D, 1);
        NearestReport found = NearestImages.Compare(
            new Points([.. twice, .. Normal(240, D, 2)], D, "training"), new Points([.. twice[..(30 * D)], .. Normal(270, D, 7)], D, "generated"),
            new Points([.. twice[(30 * D)..], .. Normal(270, D, 8)], D, "held out"));
        Assert.Equal((CopyVerdict.NoCopies, 30, 30), (found.Verdict, found.Identical, found.BaselineIdentical));
    }

    [Fact]
    public void Images_of_another_kind_are_farther_away()
    {
        NearestReport found = Compare(NormalPoints(300, D, 7, 1.5), true);
        Assert.Equal(CopyVerdict.Farther, found.Verdict);
        Assert.Equal(9, found.Quantiles.Count);
        Assert.All(found.Quantiles.Skip(1), quantile => Assert.True(quantile.Generated > quantile.Baseline));
    }

    /// <summary>Chance alone: of 60 sets without copies none is called one, and z is spread as a standard normal.</summary>
    [Fact]
    public void The_tests_z_is_calibrated()
    {
        double[] z = [.. Enumerable.Range(0, 60).Select(i => NearestImages.Compare(
            NormalPoints(150, 3, (ulong)(100 + i)), NormalPoints(80, 3, (ulong)(200 + i)), NormalPoints(90, 3, (ulong)(300 + i)), new() { Threads = 1 }).Z)];
        Assert.InRange(z.Average(), -0.5, 0.5);
        Assert.InRange(Math.Sqrt(z.Average(v => v * v)), 0.7, 1.35);
    }

    /// <summary>
    /// Two kinds of things, one of which is ten times as alike by nature: making mostly that kind is no copying, though distances are shorter.
    /// </summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Making_more_of_what_is_alike_by_nature_is_no_copying(bool heldOut)
    {
        static Points Mixed(int alike, int others, ulong seed) =>
            new([.. Normal(alike, D, seed, 0.1), .. Normal(others, D, seed + 50, 1, 30)], D, "set");
        NearestReport found = NearestImages.Compare(Mixed(500, 500, 1), Mixed(270, 30, 2), heldOut ? Mixed(200, 200, 3) : null);
        Assert.Equal(CopyVerdict.NoCopies, found.Verdict);
        Assert.True(found.Quantiles[4].Generated < 0.5 * found.Quantiles[4].Baseline);
    }

    /// <summary>The relative distance of a point x between neighbours a and b of a line: |x − a|/(|x − a| + the spacing around a).</summary>
    [Fact]
    public void Distances_are_relative_to_the_spacing_where_they_end()
    {
        Points training = new([.. Enumerable.Range(0, 30).Select(i => i * 4.0)], 1, "training");
        Points quarter = new([.. Enumerable.Range(0, 20).Select(i => i * 4 + 1.0)], 1, "generated");
        NearestReport found = NearestImages.Compare(training, quarter, null);
        Assert.All(found.Quantiles, quantile => Assert.Equal((1, 4, 0.2), (quantile.Generated, quantile.Baseline, quantile.RelativeGenerated)));
        // Of a training image itself, its neighbour's nearest other image is 4 away too, but at the ends, where it is 8 - but for the image that asks.
        Assert.All(found.Quantiles, quantile => Assert.InRange(quantile.RelativeBaseline, 4.0 / 12, 0.5));
        Assert.Equal(0.5, found.Quantiles[4].RelativeBaseline);
    }

    [Fact]
    public void Ranks_are_those_of_all_pairs()
    {
        static Neighbour At(double distance) => new(0, distance) { Relative = distance };
        NearestReport found = NearestImages.Judge([At(1), At(2), At(2), At(5)], [At(2), At(3), At(4)], 10, true, new());
        // Of 12 pairs: 1 is nearer than all 3; each 2 than two, and equal to one; 5 than none.
        Assert.Equal((3 + 2.5 + 2.5 + 0) / 12, found.Nearer, 1e-12);
    }

    [Fact]
    public void Too_few_images_are_refused()
    {
        Points training = NormalPoints(60, D, 1);
        Assert.Contains("19 images; a verdict on copies needs at least 20", Assert.Throws<ArgumentException>(() => NearestImages.Compare(training, NormalPoints(19, D, 2), null)).Message);
        Assert.Contains("5 images", Assert.Throws<ArgumentException>(() => NearestImages.Compare(training, training, NormalPoints(5, D, 2))).Message);
        Assert.Contains("compute both with one network", Assert.Throws<ArgumentException>(() => NearestImages.Compare(training, NormalPoints(30, 4, 2), null)).Message);
    }

    static NearestReport Compare(Points generated, bool heldOut) =>
        NearestImages.Compare(NormalPoints(900, D, 1), generated, heldOut ? NormalPoints(400, D, 3) : null, new() { MostHeldOut = 500 });
}
